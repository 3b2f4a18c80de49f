// Multiple comparisons: p-values of one family, adjusted so that comparing each with alpha keeps
// the family's error rate. Missing p-values stay missing and do not count. Order and bounds are
// kept; ties stay ties.
//
//   const auto adjusted = adjust(p_values, Correction::kHolm);
#pragma once

#include <optional>
#include <span>
#include <vector>

namespace assay::stats {

enum class Correction {
  kNone,
  kBonferroni,          // Family-wise error, any dependence.
  kHolm,                // The same, never less powerful (Holm 1979).
  kHochberg,            // Family-wise under positive dependence (Hochberg 1988).
  kBenjaminiHochberg,   // False discovery rate, independent or positively dependent (1995).
  kBenjaminiYekutieli,  // False discovery rate, any dependence (2001).
};

std::vector<std::optional<double>> adjust(std::span<const std::optional<double>> p_values,
                                          Correction correction);

// e-BH (Wang & Ramdas, JRSS B 2022): which of many e-values stand when the false discovery rate is
// to stay below alpha, under any dependence and at any stopping times. Rejects the k largest with
// E_(k) >= K / (alpha k), for the largest such k. Takes ln E, which does not overflow.
std::vector<bool> e_bh(std::span<const std::optional<double>> log_e_values, double alpha);

}  // namespace assay::stats
