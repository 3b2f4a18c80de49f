// Combinations from a table: CUPED with a covariate that some lack, of means and of quantiles, over
// units and over whole clusters, at one look and peeked at 28 times; and weighted sums of metrics.
//
// A row is exp(noise/2), where the noise of a unit's (or cluster's) rows shares a level. Covariates
// follow the noise, and are missing more often where the level is low: the lack tells something.
#include <array>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "assay/sim/claims.h"
#include "assay/sim/studies.h"

namespace assay::sim {
namespace {

struct CellDesign {
  std::string id;
  int units = 1000;     // Or clusters.
  double quantile = 0;  // 0: the mean over rows.
  bool clustered = false;
  int least_rows = 1;
  int most_rows = 1;
  double between = 0.5;  // Share of the noise's variance that lies between units.
  double missing = 0.3;  // Share of covariates.
  double lift = 0;
  int looks = 1;
  int runs = 5000;
  Promise one_look = Promise::kExactly;
};

// What a unit, or all rows of a cluster, add up to.
struct Unit {
  double rows = 0;
  double sum = 0;
  double before = 0;  // Sum of the covariates that are there.
  double described = 0;
  double missing = 0;
};

class CellArm {
 public:
  void add(const CellDesign& design, double lift, Random& random) {
    Unit unit;
    const double level = random.normal();
    const auto spread = static_cast<std::uint64_t>(design.most_rows - design.least_rows + 1);
    const int rows = design.least_rows + static_cast<int>(random.below(spread));
    for (int i = 0; i < rows; ++i) {
      const double noise =
          std::sqrt(design.between) * level + std::sqrt(1 - design.between) * random.normal();
      const double value = (1 + lift) * std::exp(noise / 2);
      values_.add(units_.size(), value);
      unit.rows += 1;
      unit.sum += value;
      if (i > 0 && !design.clustered) continue;  // A unit is described once.
      const double before = noise + 0.5 * random.normal();
      if (random.chance(design.missing * (level < 0 ? 1.5 : 0.5))) {
        unit.missing += 1;
      } else {
        unit.before += before;
        unit.described += 1;
      }
    }
    units_.push_back(unit);
  }

  const std::vector<Unit>& units() const { return units_; }

  // As a table is folded: deviations of covariates from the mean of all that are there, and of the
  // marks of the missing from their share.
  stats::Stat<stats::Summary> summary(const CellDesign& design, const Unit& all,
                                      bool adjusted) const {
    const auto covariates_of = [&](const Unit& unit) {
      return std::array{unit.before - all.before / all.described * unit.described,
                        unit.missing - all.missing / (all.missing + all.described) *
                                           (unit.missing + unit.described)};
    };
    if (design.quantile > 0) {
      stats::ClusteredSample sample = values_;
      for (std::size_t i = 0; adjusted && i < units_.size(); ++i) {
        sample.add_covariates(i, covariates_of(units_[i]));
      }
      return stats::quantile_summary(sample, design.quantile);
    }
    stats::Summary summary({.denominator = design.clustered, .covariates = adjusted ? 2 : 0});
    for (const Unit& unit : units_) {
      std::vector<double> row{unit.sum};
      if (design.clustered) row.push_back(unit.rows);
      const auto covariates = covariates_of(unit);
      if (adjusted) row.insert(row.end(), covariates.begin(), covariates.end());
      summary.add(row);
    }
    return summary;
  }

 private:
  std::vector<Unit> units_;
  stats::ClusteredSample values_;
};

using Cell = std::array<CellArm, 2>;

stats::Stat<stats::Contrast> contrast_of(const CellDesign& design, const Cell& cell,
                                         bool adjusted) {
  Unit all;
  for (const CellArm& arm : cell) {
    for (const Unit& unit : arm.units()) {
      all.before += unit.before;
      all.described += unit.described;
      all.missing += unit.missing;
    }
  }
  ASSAY_TRY(const stats::Summary control, cell[0].summary(design, all, adjusted));
  ASSAY_TRY(const stats::Summary treatment, cell[1].summary(design, all, adjusted));
  if (design.clustered) return stats::few_units_contrast(control, treatment);
  ASSAY_TRY(stats::Contrast contrast, stats::cuped_contrast(control, treatment));
  if (design.quantile > 0) contrast.df = 0;
  return contrast;
}

double truth_of(const CellDesign& design) {
  const double base = design.quantile > 0 ? std::exp(stats::normal_quantile(design.quantile) / 2)
                                          : std::exp(1.0 / 8);
  return design.lift * base;
}

Method<Cell> cell_method(std::string name, const CellDesign& design, bool adjusted,
                         bool sequential) {
  const Promise promise = sequential          ? Promise::kAtMost
                          : design.looks == 1 ? design.one_look
                                              : Promise::kNone;
  return {{.name = std::move(name), .promise = promise}, [=](const Cell& cell) -> Claim {
            const auto contrast = contrast_of(design, cell, adjusted);
            if (!contrast) return {};
            const double truth = truth_of(design);
            if (!sequential) return claim_of(fixed(*contrast), truth, 0.05);
            const double planned = design.units;
            return without_p(
                claim_of(stats::sequential(*contrast, {.target_n = planned}), truth, 0.05));
          }};
}

Study cell_study(const CellDesign& design) {
  const auto simulate = [design](const Random& base, const Show<Cell>& show) {
    Random random = base;
    Cell cell;
    int look = 0;
    for (int i = 0; i < design.units; ++i) {
      const std::size_t arm = static_cast<std::size_t>(i % 2);
      cell[arm].add(design, arm == 1 ? design.lift : 0, random);
      if ((i + 1) * design.looks < design.units * (look + 1)) continue;
      ++look;
      show(cell);
    }
  };
  std::vector<Method<Cell>> methods;
  if (design.looks > 1) {
    methods = {cell_method("confidence_sequence+cuped", design, true, true),
               cell_method("fixed+cuped, peeked at", design, true, false)};
  } else {
    methods = {cell_method("cuped", design, true, false),
               cell_method("unadjusted", design, false, false)};
  }
  const std::string metric =
      design.quantile > 0 ? fmt::format("quantile {:g}", design.quantile) : std::string("mean");
  return make_study<Cell>(
      {.id = design.id,
       .world = fmt::format(
           "{}, {} {}{}, {:g} % of covariates missing{}{}", metric, design.units,
           design.clustered ? "clusters" : "units",
           design.most_rows > 1
               ? fmt::format(" of {} to {} rows", design.least_rows, design.most_rows)
               : "",
           100 * design.missing, design.looks > 1 ? fmt::format(", {} looks", design.looks) : "",
           design.lift > 0 ? fmt::format(", lift {:g} %", 100 * design.lift) : ""),
       .effect = design.lift > 0,
       .runs = design.runs,
       .units = design.units * (design.least_rows + design.most_rows) / 2,
       .looks = design.looks},
      simulate, std::move(methods));
}

// Three metrics that correlate by 0.5, and effects on two of them.
Study weighted_study(double effect) {
  static constexpr std::array kWeights{0.5, 0.3, 0.2};
  Population people{.columns = {.covariates = 2},
                    .treatment = (kWeights[0] - kWeights[2]) * effect};
  people.behave = [effect](Random& random, Arm arm, std::span<double> row) {
    const double shared = random.normal();
    for (double& value : row) value = std::numbers::sqrt2 / 2 * (shared + random.normal());
    if (arm == Arm::kControl) return;
    row[0] += effect;
    row[2] -= effect;
  };
  const auto method = [](bool correlated) {
    return [correlated](const TwoSample& data) -> Claim {
      std::array<double, 3> effects{};
      std::array<double, 9> covariance{};
      for (int i = 0; i < 3; ++i) {
        effects[static_cast<std::size_t>(i)] = data.treatment().mean(i) - data.control().mean(i);
        for (int j = 0; j < 3; ++j) {
          for (const stats::Summary& arm : data.arms) {
            const double n = static_cast<double>(arm.n());
            const bool kept = correlated || i == j;
            covariance[static_cast<std::size_t>(3 * i + j)] +=
                kept ? arm.comoment(i, j) / (n * (n - 1)) : 0;
          }
        }
      }
      return claim_of(stats::weighted_sum(effects, kWeights, covariance, data.alpha),
                      data.difference, data.alpha);
    };
  };
  return make_study<TwoSample>(
      {.id = effect > 0 ? "oec.n1000.effect" : "oec.n1000",
       .world = fmt::format("three metrics with correlation 0.5, 1000 units{}",
                            effect > 0 ? fmt::format(", effects {0:g}, 0 and -{0:g}", effect) : ""),
       .effect = effect > 0,
       .runs = 5000,
       .units = 1000},
      filling_of({.people = std::move(people), .units = 1000}),
      {{{.name = "weighted_sum"}, method(true)},
       {{.name = "weighted_sum, as if uncorrelated", .promise = Promise::kNone}, method(false)}});
}

}  // namespace

std::vector<Study> combination_studies() {
  constexpr Promise kNo = Promise::kNone;
  // Quantiles round the ranks of their intervals outward: of few rows, 2 to 4 % too wide.
  constexpr Promise kMost = Promise::kAtMost;
  std::vector<Study> made;
  for (const CellDesign& design : std::vector<CellDesign>{
           {.id = "cuped.missing"},
           {.id = "cuped.missing.effect", .lift = 0.1},
           {.id = "quantile.cuped.q0.5.n400",
           .units = 400,
           .quantile = 0.5,
           .most_rows = 3,
           .one_look = kMost},
           {.id = "quantile.cuped.q0.9.n1000", .quantile = 0.9, .most_rows = 3, .one_look = kMost},
           {.id = "quantile.cuped.q0.9.n1000.effect",
           .quantile = 0.9,
           .most_rows = 3,
           .lift = 0.1,
           .one_look = kMost},
           {.id = "quantile.cuped.q0.9.n10000", .units = 10'000, .quantile = 0.9, .most_rows = 3},
           {.id = "clusters.cuped.g40", .units = 40, .one_look = kNo},
           {.id = "clusters.cuped.g200", .units = 200},
           {.id = "clusters.cuped.g200.effect", .units = 200, .lift = 0.05},
           {.id = "clusters.cuped.quantile.g200", .units = 200, .quantile = 0.5, .one_look = kMost},
           {.id = "peeking.quantile.cuped", .quantile = 0.9, .missing = 0, .looks = 28},
           {.id = "peeking.quantile.cuped.effect",
           .quantile = 0.9,
           .missing = 0,
           .lift = 0.3,
           .looks = 28},
           {.id = "peeking.clusters.cuped", .looks = 28},
           {.id = "peeking.clusters.quantile", .quantile = 0.75, .looks = 28},
           {.id = "peeking.clusters.quantile.effect", .quantile = 0.75, .lift = 0.1, .looks = 28},
       }) {
    CellDesign full = design;
    full.clustered = design.id.find("clusters") != std::string::npos;
    if (full.clustered) full.least_rows = 2, full.most_rows = 10, full.between = 0.1;
    if (full.looks > 1) full.runs = 1000, full.units = 1400;
    made.push_back(cell_study(full));
  }
  made.push_back(weighted_study(0));
  made.push_back(weighted_study(0.2));
  return made;
}

}  // namespace assay::sim
