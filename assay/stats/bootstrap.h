// The Poisson bootstrap of a mean or a ratio: each unit counts Poisson(1) times in each replicate,
// and the spread of the replicates is the interval (Chamandy, Muralidharan, Najmi & Naidu 2012). No
// normality, no variance formula; needed where few units carry a heavy tail.
//
// A unit's weights come from hash(unit, replicate, seed): shards merge, order does not matter, and
// two metrics of the same units are resampled together. A weight takes 16 bits of the hash; its
// mean is exactly 1 and its variance 1 to 3e-5. Valid at one look, not under peeking.
//
//   BootstrapSums control({.replicates = 1000, .seed = 7}), treatment({.replicates = 1000, …});
//   control.add(units);                     // from any shard; then merge
//   ASSAY_TRY(const Bootstrap answer, bootstrap(control, treatment, 0.05));
//
// Assumes 1,000 replicates or more for intervals: the standard error has a Monte-Carlo error of
// 1/√(2 · replicates). bootstrap_bench.cc measures the speed.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "assay/stats/estimate.h"

namespace assay::stats {

struct BootstrapUnit {
  std::uint64_t key = 0;  // unit_digest(id).
  double numerator = 0;
  double denominator = 1;  // 1 for a mean per unit.
};

struct BootstrapOptions {
  int replicates = 1000;  // 40 … 100,000.
  std::uint64_t seed = 0;
};

class BootstrapSums {
 public:
  explicit BootstrapSums(const BootstrapOptions& options);

  // Units with a NaN or infinity are not added but counted in rejected().
  void add(std::span<const BootstrapUnit> units);
  // The same options required (ASSAY_CHECK).
  void merge(const BootstrapSums& other);

  std::int64_t n() const { return n_; }
  std::int64_t rejected() const { return rejected_; }
  int replicates() const { return options_.replicates; }
  double value() const { return numerator_ / denominator_; }  // Without resampling.
  double denominator() const { return denominator_; }
  // The ratio in one replicate; none where its denominator is not positive.
  std::optional<double> replicate(int index) const;

 private:
  BootstrapOptions options_;
  std::int64_t n_ = 0;
  std::int64_t rejected_ = 0;
  double numerator_ = 0;
  double denominator_ = 0;
  std::vector<double> numerators_;  // One per replicate, padded to whole groups.
  std::vector<double> denominators_;
};

struct Bootstrap {
  Estimate difference;  // Percentile interval.
  Stat<Estimate> relative = undefined(Undefined::kZeroControl, "");
};

// Treatment minus control. kOutOfRange where alpha needs more replicates (at least 2/alpha - 1).
Stat<Bootstrap> bootstrap(const BootstrapSums& control, const BootstrapSums& treatment,
                          double alpha = 0.05);

}  // namespace assay::stats
