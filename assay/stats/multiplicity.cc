// Each correction is a factor on the sorted p-values and a running extreme that keeps their order:
// step-down procedures (Holm) take the running maximum upward, step-up ones (Hochberg, BH, BY) the
// running minimum downward.
#include "assay/stats/multiplicity.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "assay/base/check.h"

namespace assay::stats {
namespace {

struct Ranked {
  double p = 1;
  std::size_t index = 0;
};

std::vector<Ranked> sorted(std::span<const std::optional<double>> p_values) {
  std::vector<Ranked> ranked;
  for (std::size_t i = 0; i < p_values.size(); ++i) {
    if (p_values[i]) ranked.push_back({*p_values[i], i});
  }
  std::ranges::stable_sort(ranked, {}, &Ranked::p);
  return ranked;
}

double harmonic(std::size_t k) {
  double sum = 0;
  for (std::size_t i = 1; i <= k; ++i) sum += 1.0 / static_cast<double>(i);
  return sum;
}

// What the p-value of rank `rank` (from 1, of k) is multiplied with.
double factor(Correction correction, std::size_t rank, std::size_t k) {
  const double size = static_cast<double>(k), position = static_cast<double>(rank);
  switch (correction) {
    case Correction::kNone:
      return 1.0;
    case Correction::kBonferroni:
      return size;
    case Correction::kHolm:
    case Correction::kHochberg:
      return size - position + 1;
    case Correction::kBenjaminiHochberg:
      return size / position;
    case Correction::kBenjaminiYekutieli:
      return size / position * harmonic(k);
  }
  ASSAY_CHECK(false);
}

bool steps_up(Correction correction) {
  return correction == Correction::kHochberg || correction == Correction::kBenjaminiHochberg ||
         correction == Correction::kBenjaminiYekutieli;
}

}  // namespace

std::vector<std::optional<double>> adjust(std::span<const std::optional<double>> p_values,
                                          Correction correction) {
  std::vector<std::optional<double>> adjusted(p_values.size());
  const std::vector<Ranked> ranked = sorted(p_values);
  const std::size_t k = ranked.size();
  const bool up = steps_up(correction);
  double extreme = up ? 1.0 : 0.0;
  for (std::size_t step = 0; step < k; ++step) {
    const std::size_t position = up ? k - 1 - step : step;
    const double scaled = std::min(1.0, ranked[position].p * factor(correction, position + 1, k));
    extreme = up ? std::min(extreme, scaled) : std::max(extreme, scaled);
    adjusted[ranked[position].index] = extreme;
  }
  return adjusted;
}

std::vector<bool> e_bh(std::span<const std::optional<double>> log_e_values, double alpha) {
  ASSAY_CHECK(alpha > 0 && alpha < 1);
  std::vector<std::optional<double>> falling(log_e_values.begin(), log_e_values.end());
  for (auto& each : falling) {
    if (each) each = -*each;
  }
  const std::vector<Ranked> ranked = sorted(falling);
  const double size = static_cast<double>(ranked.size());
  std::size_t rejected = 0;
  for (std::size_t k = 1; k <= ranked.size(); ++k) {
    if (-ranked[k - 1].p >= std::log(size / (alpha * static_cast<double>(k)))) rejected = k;
  }
  std::vector<bool> stands(log_e_values.size(), false);
  for (std::size_t k = 0; k < rejected; ++k) stands[ranked[k].index] = true;
  return stands;
}

}  // namespace assay::stats
