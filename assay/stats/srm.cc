// Fixed: Pearson's chi-square. Sequential: under the plan the counts are multinomial with shares r;
// against it stands a Dirichlet(c·r) mixture, centred on the plan. The likelihood ratio
//   ln E = ln Γ(c) - Σ ln Γ(c r_k) + Σ ln Γ(c r_k + n_k) - ln Γ(c + N) - Σ n_k ln r_k
// is a martingale under the plan, so E ≥ 1/α at any time has probability α at most (Ville).
// M. Lindon, A. Malek: Anytime-Valid Inference for Multinomial Count Data, NeurIPS 2022.
#include "assay/stats/srm.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include <fmt/format.h>

#include "assay/stats/distributions.h"

namespace assay::stats {
namespace {

constexpr double kSmallExpected = 5;  // Below this an expected count asks for the exact test.

struct Cells {
  std::vector<double> counts;
  std::vector<double> shares;  // Positive, add up to one.
  double total = 0;
  bool impossible = false;  // Units where the plan has none.
};

Stat<Cells> checked(std::span<const std::int64_t> counts, std::span<const double> shares) {
  if (counts.size() != shares.size() || counts.size() < 2) {
    return undefined(Undefined::kOutOfRange,
                     "at least two variants, with one share each, are needed");
  }
  Cells cells;
  double sum = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (!std::isfinite(shares[i]) || shares[i] < 0)
      return undefined(Undefined::kOutOfRange,
                       fmt::format("share {} is not a number from 0 up", i + 1));
    if (counts[i] < 0)
      return undefined(Undefined::kOutOfRange, fmt::format("count {} is negative", i + 1));
    cells.total += static_cast<double>(counts[i]);
    if (shares[i] == 0) {
      cells.impossible |= counts[i] > 0;
      continue;
    }
    cells.counts.push_back(static_cast<double>(counts[i]));
    cells.shares.push_back(shares[i]);
    sum += shares[i];
  }
  if (cells.total == 0) return undefined(Undefined::kNoData, "no unit has been assigned yet");
  if (cells.shares.empty()) return undefined(Undefined::kOutOfRange, "all shares are zero");
  for (double& share : cells.shares) share /= sum;
  return cells;
}

// Two-sided exact binomial: the outcomes that are at most as probable as the observed one.
double binomial_p(const Cells& cells) {
  const auto n = static_cast<std::int64_t>(cells.total);
  const auto seen = static_cast<std::int64_t>(cells.counts[0]);
  const double limit = binomial_pmf(seen, n, cells.shares[0]) * (1 + 1e-7);
  // Probabilities fall away from the mode on both sides, so each tail is one cut, found by
  // bisection.
  const auto mode =
      static_cast<std::int64_t>(std::floor(static_cast<double>(n + 1) * cells.shares[0]));
  std::int64_t low = -1,
               low_end = std::min(mode, n);  // pmf(low) ≤ limit < pmf(low_end), where they exist.
  while (low_end - low > 1) {
    const std::int64_t middle = low + (low_end - low) / 2;
    (binomial_pmf(middle, n, cells.shares[0]) <= limit ? low : low_end) = middle;
  }
  std::int64_t high = n + 1, high_end = std::min(mode, n);
  while (high - high_end > 1) {
    const std::int64_t middle = high_end + (high - high_end) / 2;
    (binomial_pmf(middle, n, cells.shares[0]) <= limit ? high : high_end) = middle;
  }
  const double below = low >= 0 ? binomial_cdf(low, n, cells.shares[0]) : 0.0;
  const double above = high <= n ? binomial_sf(high - 1, n, cells.shares[0]) : 0.0;
  const bool all = binomial_pmf(std::min(mode, n), n, cells.shares[0]) <= limit;
  return all ? 1.0 : std::min(1.0, below + above);
}

}  // namespace

Stat<SrmTest> srm_fixed(std::span<const std::int64_t> counts, std::span<const double> shares) {
  ASSAY_TRY(const Cells cells, checked(counts, shares));
  if (cells.impossible) return SrmTest{.statistic = cells.total, .p_value = 0};
  double chi2 = 0, smallest = cells.total;
  for (std::size_t i = 0; i < cells.counts.size(); ++i) {
    const double expected = cells.total * cells.shares[i];
    chi2 += (cells.counts[i] - expected) * (cells.counts[i] - expected) / expected;
    smallest = std::min(smallest, expected);
  }
  if (cells.counts.size() == 1) return SrmTest{.statistic = 0, .p_value = 1};
  if (cells.counts.size() == 2 && smallest < kSmallExpected)
    return SrmTest{chi2, binomial_p(cells)};
  return SrmTest{chi2, chi2_sf(chi2, static_cast<double>(cells.counts.size() - 1))};
}

Stat<SrmTest> srm_sequential(std::span<const std::int64_t> counts, std::span<const double> shares,
                             double concentration) {
  if (!(concentration > 0) || !std::isfinite(concentration)) {
    return undefined(Undefined::kOutOfRange, "the concentration must be positive");
  }
  ASSAY_TRY(const Cells cells, checked(counts, shares));
  if (cells.impossible) return SrmTest{.statistic = cells.total, .p_value = 0};
  // Each variant against all that follow it: the mixture is a product of Beta mixtures, whose
  // kernels keep their digits at large counts.
  double log_e = 0;
  double units = cells.total;
  double share = 1;
  for (std::size_t i = 0; i + 1 < cells.counts.size(); ++i) {
    const double prior = concentration * cells.shares[i];
    const double later = std::accumulate(cells.shares.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                                         cells.shares.end(), 0.0);
    const double part = cells.shares[i] / share;
    units -= cells.counts[i];
    log_e += log_beta_kernel(prior, concentration * later, part, later / share) -
             log_beta_kernel(prior + cells.counts[i], concentration * later + units, part,
                             later / share);
    share = later;
  }
  return SrmTest{log_e, std::min(1.0, std::exp(-log_e))};
}

}  // namespace assay::stats
