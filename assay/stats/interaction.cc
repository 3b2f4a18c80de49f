#include "assay/stats/interaction.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "assay/stats/contingency.h"
#include "assay/stats/distributions.h"

namespace assay::stats {
namespace {

constexpr std::array kSigns = {1.0, -1.0, -1.0, 1.0};  // neither, first, second, both.

// x·ln(x/m), 0 at x = 0.
double deviance(double x, double expected) { return x > 0 ? x * std::log(x / expected) : 0; }

// The counts of successes under "no interaction of odds", with the margins given: one number fixes
// all four cells, so the fit is a root in the first. The odds ratios of both rows are equal there.
struct Counts {
  std::array<double, 4> successes{};
  std::array<double, 4> n{};
};

// ln of the ratio of odds ratios after moving `move` successes along the signs; rises with `move`.
double log_ratio(const Counts& x, double move) {
  double sum = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const double s = x.successes[i] + kSigns[i] * move;
    sum += kSigns[i] * (std::log(s) - std::log(x.n[i] - s));
  }
  return sum;
}

// Moving `move` along the signs keeps all margins (both experiments' totals of successes and of
// failures), which are the sufficient statistics of the model without interaction; its maximum
// likelihood fit is the move that makes the ratio of odds ratios one.
double fitted_move(const Counts& x) {
  double low = -1e300;
  double high = 1e300;
  for (std::size_t i = 0; i < 4; ++i) {
    const double down = x.successes[i];
    const double up = x.n[i] - x.successes[i];
    low = std::max(low, kSigns[i] > 0 ? -down : -up);
    high = std::min(high, kSigns[i] > 0 ? up : down);
  }
  for (int step = 0; step < 200; ++step) {
    const double middle = 0.5 * (low + high);
    if (middle <= low || middle >= high) break;
    (log_ratio(x, middle) < 0 ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

}  // namespace

Stat<Interaction> interaction(const Cells2x2<Summary>& cells, double alpha) {
  ASSAY_TRY_VOID(require_share("alpha", alpha));
  const std::array all{&cells.neither, &cells.first, &cells.second, &cells.both};
  double value = 0;
  double variance = 0;
  double satterthwaite = 0;
  std::vector<std::int64_t> counts;
  for (std::size_t i = 0; i < 4; ++i) {
    counts.push_back(all[i]->n());
    ASSAY_TRY(const double s2, all[i]->variance());
    const double n = static_cast<double>(all[i]->n());
    value += kSigns[i] * all[i]->mean(0);
    variance += s2 / n;
    satterthwaite += s2 / n * (s2 / n) / (n - 1);
  }
  ASSAY_TRY_VOID(require_finite("the interaction", value));
  ASSAY_TRY_VOID(require_finite("the variance of the interaction", variance));
  Interaction out;
  ASSAY_TRY(const TableTest table, chi_square_test(counts, 2));
  out.independence_chi2 = table.statistic;
  out.independence_p = table.p_value;
  if (!(variance > 0)) return undefined(Undefined::kNoVariance, "all four cells are constant");
  const double df = satterthwaite > 0 ? variance * variance / satterthwaite : 1e9;
  const double error = std::sqrt(variance);
  const double half = t_isf(alpha / 2, df) * error;
  out.difference = {.value = value,
                    .interval = {value - half, value + half},
                    .std_error = error,
                    .statistic = value / error,
                    .df = df,
                    .p_value = std::min(1.0, 2 * t_sf(std::abs(value / error), df)),
                    .method = "interaction"};
  return out;
}

Stat<LogitInteraction> logit_interaction(const Cells2x2<Proportion>& cells) {
  const std::array all{cells.neither, cells.first, cells.second, cells.both};
  Counts x;
  double successes = 0;
  double failures = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    if (all[i].successes < 0 || all[i].successes > all[i].n) {
      return undefined(Undefined::kOutOfRange,
                       fmt::format("{} successes of {}", all[i].successes, all[i].n));
    }
    if (all[i].n == 0) return undefined(Undefined::kNoData, "a cell has no unit");
    x.successes[i] = static_cast<double>(all[i].successes);
    x.n[i] = static_cast<double>(all[i].n);
    successes += x.successes[i];
    failures += x.n[i] - x.successes[i];
  }
  if (successes == 0 || failures == 0) {
    return undefined(Undefined::kNoVariance,
                     successes == 0 ? "nobody converted" : "everybody converted");
  }
  const double move = fitted_move(x);
  double half = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const double fitted = x.successes[i] + kSigns[i] * move;
    half += deviance(x.successes[i], fitted) + deviance(x.n[i] - x.successes[i], x.n[i] - fitted);
  }
  const double statistic = std::max(0.0, 2 * half);
  ASSAY_TRY_VOID(require_finite("the likelihood ratio", statistic));
  return LogitInteraction{statistic, chi2_sf(statistic, 1)};
}

}  // namespace assay::stats
