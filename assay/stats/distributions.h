// The distributions behind every test and interval: tails without cancellation, and quantiles that
// invert them.
//
// A tail is computed as such (sf), never as 1 - cdf, so that p-values far below 1e-16 keep their
// digits. These are leaves: arguments outside the domain are our bug (ASSAY_CHECK); methods that
// take a person's numbers check them first and answer with a Reason. Nothing throws. Pure.
//
//   const double critical = normal_isf(0.05 / 2);      // 1.9599…
//   const double p = 2 * t_sf(std::abs(t), df);
#pragma once

#include <cstdint>

namespace assay::stats {

double normal_pdf(double x);
double normal_cdf(double x);
double normal_sf(double x);             // P(X > x).
double normal_log_sf(double x);         // ln P(X > x), also where sf underflows.
double normal_quantile(double p);       // 0 < p < 1.
double normal_isf(double upper_share);  // x with P(X > x) = upper_share, in (0, 1).

// Student's t; df > 0, may be fractional; above 1e8 the normal distribution.
double t_cdf(double x, double df);
double t_sf(double x, double df);
double t_quantile(double p, double df);
double t_isf(double upper_share, double df);

// Chi-square; x >= 0, df > 0.
double chi2_cdf(double x, double df);
double chi2_sf(double x, double df);
double chi2_quantile(double p, double df);
double chi2_isf(double upper_share, double df);

// F; x >= 0, both degrees of freedom > 0.
double f_cdf(double x, double df1, double df2);
double f_sf(double x, double df1, double df2);
double f_quantile(double p, double df1, double df2);

// Beta; 0 <= x <= 1, a > 0, b > 0.
double beta_cdf(double x, double a, double b);
double beta_sf(double x, double a, double b);
double beta_quantile(double p, double a, double b);
double beta_log_pdf(double x, double a, double b);  // 0 < x < 1.

// Gamma with a shape and a rate, both > 0; x >= 0.
double gamma_cdf(double x, double shape, double rate);
double gamma_sf(double x, double shape, double rate);
double gamma_quantile(double p, double shape, double rate);

// Binomial; 0 <= p <= 1. The quantile is the smallest k with cdf(k) >= share.
double binomial_pmf(std::int64_t k, std::int64_t n, double p);
double binomial_cdf(std::int64_t k, std::int64_t n, double p);
double binomial_sf(std::int64_t k, std::int64_t n, double p);  // P(X > k).
std::int64_t binomial_quantile(double share, std::int64_t n, double p);

// Non-central t: P(X <= x) with non-centrality delta. For the power of a t test.
double noncentral_t_cdf(double x, double df, double delta);

double log_gamma(double x);           // x > 0.
double log_beta(double a, double b);  // Both > 0; without cancellation for large arguments.
// ln(x^a · rest^b / B(a, b)), x + rest = 1: the density of logit(x). Keeps its digits where a and b
// are so large that the parts would swallow them.
double log_beta_kernel(double a, double b, double x, double rest);
// ln(x^shape · e^-x / Γ(shape)): the density of ln(x), likewise. log_x may be exact where x is not.
double log_gamma_kernel(double shape, double x, double log_x);
double log_choose(double n, double k);

}  // namespace assay::stats
