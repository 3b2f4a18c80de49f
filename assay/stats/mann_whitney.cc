#include "assay/stats/mann_whitney.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "assay/stats/distributions.h"

namespace assay::stats {
namespace {

struct Value {
  double value = 0;
  bool treated = false;
};

Stat<std::vector<Value>> pooled(std::span<const double> control,
                                std::span<const double> treatment) {
  if (control.empty() || treatment.empty()) return undefined(Undefined::kNoData, "an arm is empty");
  std::vector<Value> all;
  for (const double each : control) all.push_back({each, false});
  for (const double each : treatment) all.push_back({each, true});
  for (const Value& each : all) ASSAY_TRY_VOID(require_finite("a value", each.value));
  std::sort(all.begin(), all.end(),
            [](const Value& a, const Value& b) { return a.value < b.value; });
  return all;
}

}  // namespace

Stat<MannWhitney> mann_whitney(std::span<const double> control, std::span<const double> treatment,
                               Alternative alternative) {
  ASSAY_TRY(const std::vector<Value> all, pooled(control, treatment));
  const double nc = static_cast<double>(control.size());
  const double nt = static_cast<double>(treatment.size());
  const double n = nc + nt;
  double rank_sum = 0;
  double ties = 0;  // Σ τ³ - τ over groups of equal values.
  for (std::size_t begin = 0; begin < all.size();) {
    std::size_t end = begin;
    double treated = 0;
    for (; end < all.size() && all[end].value == all[begin].value; ++end) {
      treated += all[end].treated ? 1 : 0;
    }
    const double size = static_cast<double>(end - begin);
    rank_sum += treated * (static_cast<double>(begin) + (size + 1) / 2);
    ties += size * (size * size - 1);
    begin = end;
  }
  MannWhitney test;
  test.u = rank_sum - nt * (nt + 1) / 2;
  test.estimate = test.u / nt / nc;
  const double variance = nt * nc / 12 * ((n + 1) - ties / (n * std::max(1.0, n - 1)));
  const double distance = test.u - nt * nc / 2;
  if (variance <= 0) return test;  // All values are equal: p = 1.
  if (alternative == Alternative::kTwoSided) {
    const double corrected = std::max(0.0, std::abs(distance) - 0.5);
    test.z = std::copysign(corrected / std::sqrt(variance), distance);
    test.p_value = std::min(1.0, 2 * normal_sf(std::abs(test.z)));
    return test;
  }
  const double sign = alternative == Alternative::kGreater ? 1 : -1;
  test.z = (distance - sign * 0.5) / std::sqrt(variance);
  test.p_value = normal_sf(sign * test.z);
  return test;
}

// Counts the subsets of size n_t by the sum of their doubled mid-ranks, which are whole numbers.
Stat<double> mann_whitney_exact_p(std::span<const double> control,
                                  std::span<const double> treatment) {
  ASSAY_TRY(const std::vector<Value> all, pooled(control, treatment));
  constexpr std::size_t kMost = 50;  // C(50, 25) is still exact in a double.
  if (all.size() > kMost) {
    return undefined(Undefined::kOutOfRange, "the exact test takes at most 50 values in all");
  }
  const std::size_t chosen = treatment.size();
  const std::size_t width = all.size() * (all.size() + 1) + 1;
  std::vector<double> ways((chosen + 1) * width, 0.0);  // By size, then by sum.
  ways[0] = 1;
  std::size_t observed = 0;
  for (std::size_t begin = 0, end = 0; begin < all.size(); begin = end) {
    while (end < all.size() && all[end].value == all[begin].value) ++end;
    const std::size_t rank = begin + end + 1;  // Twice the mid-rank.
    for (std::size_t i = begin; i < end; ++i) {
      if (all[i].treated) observed += rank;
      for (std::size_t size = std::min(chosen, i + 1); size >= 1; --size) {
        for (std::size_t sum = rank; sum < width; ++sum) {
          ways[size * width + sum] += ways[(size - 1) * width + sum - rank];
        }
      }
    }
  }
  const auto mean = static_cast<double>(chosen * (all.size() + 1));
  const double distance = std::abs(static_cast<double>(observed) - mean);
  double total = 0;
  double extreme = 0;
  for (std::size_t sum = 0; sum < width; ++sum) {
    const double count = ways[chosen * width + sum];
    total += count;
    if (std::abs(static_cast<double>(sum) - mean) >= distance) extreme += count;
  }
  return extreme / total;
}

}  // namespace assay::stats
