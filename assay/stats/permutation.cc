// A group enters a statistic only through five sums (rows, value, and their products), so that an
// assignment costs what it moves: enumeration adds and removes one group at a time, a draw picks
// the smaller side of each block. Values are centred in their block and scaled to 1 first; the
// sums of squares then lose no digits.
#include "assay/stats/permutation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <vector>

#include <fmt/format.h>

#include "assay/base/random.h"

namespace assay::stats {
namespace {

constexpr double kTie = 1e-12;

struct Sums {
  double groups = 0, rows = 0, value = 0, squares = 0, cross = 0, row_squares = 0;

  void add(const Sums& other, double sign = 1) {
    groups += sign * other.groups;
    rows += sign * other.rows;
    value += sign * other.value;
    squares += sign * other.squares;
    cross += sign * other.cross;
    row_squares += sign * other.row_squares;
  }
  double mean() const { return value / rows; }
  // Of the mean: G/(G-1) times the squared cluster residuals, over rows²; 0 for one group.
  double variance() const {
    if (groups < 2) return 0;
    const double m = mean();
    const double residuals = squares - 2 * m * cross + m * m * row_squares;
    if (residuals <= 1e-14 * squares) return 0;
    return groups / (groups - 1) * residuals / (rows * rows);
  }
};

Sums sums_of(double rows, double value) {
  return {1, rows, value, value * value, rows * value, rows * rows};
}

struct Block {
  std::vector<Sums> groups;  // Treated ones first.
  std::size_t n_treated = 0;
  Sums all;
  Sums treated;  // In the assignment at hand.

  std::size_t n_chosen() const { return std::min(n_treated, groups.size() - n_treated); }
  // The smaller side was chosen; the treated are it or the rest.
  void assign(const Sums& chosen) {
    treated = chosen;
    if (n_chosen() == n_treated) return;
    treated = all;
    treated.add(chosen, -1);
  }
};

struct Design {
  std::vector<Block> blocks;
  double rows = 0;
  double scale = 1;  // One unit of the statistic's values, in the metric's unit.
  bool between_blocks = false;
  PermutationStatistic statistic = PermutationStatistic::kStudentized;

  double difference() const {
    double sum = 0;
    for (const Block& block : blocks) sum += weighted(block);
    return sum;
  }
  double value() const {
    const double d = difference();
    if (statistic == PermutationStatistic::kDifference) return d;
    if (std::abs(d) <= kTie) return 0;
    const double v = between_blocks ? variance_between(d) : variance_within();
    return v > 0 ? d / std::sqrt(v) : std::copysign(std::numeric_limits<double>::infinity(), d);
  }

 private:
  static Sums control(const Block& block) {
    Sums rest = block.all;
    rest.add(block.treated, -1);
    return rest;
  }
  double weighted(const Block& block) const {
    return block.all.rows / rows * (block.treated.mean() - control(block).mean());
  }
  double variance_within() const {
    double sum = 0;
    for (const Block& block : blocks) {
      const double weight = block.all.rows / rows;
      sum += weight * weight * (block.treated.variance() + control(block).variance());
    }
    return sum;
  }
  double variance_between(double total) const {
    const double count = static_cast<double>(blocks.size());
    double sum = 0;
    for (const Block& block : blocks) {
      const double rest = weighted(block) - total / count;
      sum += rest * rest;
    }
    return count / (count - 1) * sum;
  }
};

// Counts assignments that are at least as far out as the observed one.
class Tally {
 public:
  Tally(const Design& design, Alternative alternative)
      : design_(design), alternative_(alternative), observed_(out(design.value())) {}

  void count() {
    ++total_;
    const double slack = std::isfinite(observed_) ? kTie * std::max(1.0, std::abs(observed_)) : 0;
    if (out(design_.value()) >= observed_ - slack) ++as_far_;
  }
  std::int64_t total() const { return total_; }
  std::int64_t as_far() const { return as_far_; }

 private:
  double out(double value) const {
    if (alternative_ == Alternative::kTwoSided) return std::abs(value);
    return alternative_ == Alternative::kGreater ? value : -value;
  }

  const Design& design_;
  Alternative alternative_;
  double observed_;
  std::int64_t total_ = 0;
  std::int64_t as_far_ = 0;
};

// Every choice of the smaller side of each block, block by block.
void enumerate(Design& design, Tally& tally, std::size_t at, std::size_t next, std::size_t left,
               const Sums& chosen) {
  Block& block = design.blocks[at];
  if (left == 0) {
    block.assign(chosen);
    if (at + 1 == design.blocks.size()) return tally.count();
    return enumerate(design, tally, at + 1, 0, design.blocks[at + 1].n_chosen(), {});
  }
  for (std::size_t i = next; i + left <= block.groups.size(); ++i) {
    Sums with = chosen;
    with.add(block.groups[i]);
    enumerate(design, tally, at, i + 1, left - 1, with);
  }
}

// The first steps of a Fisher–Yates shuffle choose the smaller side.
void draw(Design& design, Random& random) {
  for (Block& block : design.blocks) {
    Sums chosen;
    for (std::size_t i = 0; i < block.n_chosen(); ++i) {
      const std::size_t j = i + random.below(block.groups.size() - i);
      std::swap(block.groups[i], block.groups[j]);
      chosen.add(block.groups[i]);
    }
    block.assign(chosen);
  }
}

// The number of assignments, or more than `limit`.
double assignments_of(const Design& design, double limit) {
  double count = 1;
  for (const Block& block : design.blocks) {
    const double n = static_cast<double>(block.groups.size());
    double ways = 1;
    for (std::size_t i = 1; i <= block.n_chosen() && count * ways <= limit; ++i) {
      const double k = static_cast<double>(i);
      ways = std::round(ways * (n - k + 1) / k);
    }
    count *= ways;
    if (count > limit) break;
  }
  return count;
}

Stat<void> check(std::span<const RandomizedGroup> groups, const PermutationOptions& options) {
  std::size_t treated = 0;
  for (const RandomizedGroup& each : groups) {
    ASSAY_TRY_VOID(require_finite("the sum of a group", each.sum));
    if (each.rows < 1) {
      return undefined(Undefined::kOutOfRange, fmt::format("a group has {} rows", each.rows));
    }
    if (each.treated) ++treated;
  }
  if (treated == 0 || treated == groups.size()) {
    return undefined(Undefined::kNoData,
                     fmt::format("the {} has no unit", treated == 0 ? "treatment" : "control"));
  }
  if (options.draws < 1) {
    return undefined(Undefined::kOutOfRange, fmt::format("draws is {}", options.draws));
  }
  return {};
}

Block block_of(const std::vector<const RandomizedGroup*>& groups, double& scale) {
  double rows = 0;
  double mean = 0;
  for (const auto* each : groups) {
    const double m = static_cast<double>(each->rows);
    rows += m;
    mean += (each->sum / m - mean) * (m / rows);
  }
  Block block;
  for (const bool treated : {true, false}) {
    for (const auto* each : groups) {
      if (each->treated != treated) continue;
      const double m = static_cast<double>(each->rows);
      const double centred = each->sum - m * mean;
      scale = std::max({scale, std::abs(centred)});
      block.groups.push_back({.rows = m, .value = centred});
      if (treated) ++block.n_treated;
    }
  }
  return block;
}

Stat<Design> design_of(std::span<const RandomizedGroup> groups) {
  std::map<std::int64_t, std::vector<const RandomizedGroup*>> by_block;
  for (const RandomizedGroup& each : groups) by_block[each.block].push_back(&each);
  Design design;
  design.scale = 0;
  bool single = false;
  for (const auto& [number, members] : by_block) {
    Block block = block_of(members, design.scale);
    const std::size_t n_control = block.groups.size() - block.n_treated;
    if (block.n_treated == 0 || n_control == 0) {
      return undefined(Undefined::kOutOfRange,
                       fmt::format("block {} has one variant only", number));
    }
    single = single || block.n_treated == 1 || n_control == 1;
    design.blocks.push_back(std::move(block));
  }
  ASSAY_TRY_VOID(require_finite("the spread of the values", design.scale));
  design.between_blocks = single && design.blocks.size() > 1;
  if (design.scale == 0) design.scale = 1;
  for (Block& block : design.blocks) {
    for (std::size_t i = 0; i < block.groups.size(); ++i) {
      block.groups[i] = sums_of(block.groups[i].rows, block.groups[i].value / design.scale);
      block.all.add(block.groups[i]);
      if (i < block.n_treated) block.treated.add(block.groups[i]);
    }
    design.rows += block.all.rows;
  }
  return design;
}

}  // namespace

Stat<Permutation> permutation_test(std::span<const RandomizedGroup> groups,
                                   const PermutationOptions& options) {
  ASSAY_TRY_VOID(check(groups, options));
  ASSAY_TRY(Design design, design_of(groups));
  design.statistic = options.statistic;
  const bool in_metric_units = options.statistic == PermutationStatistic::kDifference;
  Permutation test{.difference = design.difference() * design.scale};
  const double observed = design.value();
  if (std::isfinite(observed)) test.statistic = observed * (in_metric_units ? design.scale : 1);
  Tally tally(design, options.alternative);
  const double limit = static_cast<double>(options.exact_limit);
  test.exact = assignments_of(design, limit) <= limit;
  if (test.exact) {
    enumerate(design, tally, 0, 0, design.blocks[0].n_chosen(), {});
    test.p_value = static_cast<double>(tally.as_far()) / static_cast<double>(tally.total());
  } else {
    Random random(options.seed);
    for (std::int64_t i = 0; i < options.draws; ++i) {
      draw(design, random);
      tally.count();
    }
    test.p_value = static_cast<double>(1 + tally.as_far()) / static_cast<double>(1 + options.draws);
  }
  test.assignments = tally.total();
  return test;
}

}  // namespace assay::stats
