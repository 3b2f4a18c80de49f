#include "assay/sim/two_sample.h"

#include <array>
#include <cmath>
#include <cstdint>

#include <fmt/format.h>

#include "assay/assign/bulk.h"
#include "assay/base/hash.h"

namespace assay::sim {
namespace {

constexpr double kMemory = 0.99;  // Of the weather, from one unit to the next.

// Digests of the ids unit_0, unit_1, …: hashing text once, not once per run.
std::vector<std::uint64_t> digests(int count) {
  std::vector<std::uint64_t> made;
  made.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) made.push_back(unit_digest(fmt::format("unit_{}", i)));
  return made;
}

}  // namespace

Population population_of(const World& world) {
  return {.behave = [world](Random& random, Arm arm,
                            std::span<double> row) { row[0] = world.outcome(random, arm); },
          .control = world.mean(Arm::kControl),
          .treatment = world.mean(Arm::kTreatment)};
}

Population population_with_covariates(const Before& before) {
  const double count = before.covariates;
  const double load = before.correlation / std::sqrt(count);  // Of each covariate.
  const double rest = std::sqrt(1 - before.correlation * before.correlation);
  Population people{
      .columns = {.covariates = before.covariates}, .control = 1, .treatment = 1 + before.effect};
  people.behave = [=](Random& random, Arm arm, std::span<double> row) {
    row[0] = 1 + rest * random.normal();
    for (std::size_t i = 1; i < row.size(); ++i) {
      row[i] = random.normal();
      row[0] += load * row[i];
    }
    if (arm == Arm::kTreatment) row[0] += before.effect + before.slope * row[1];
  };
  return people;
}

// views = 1 + Poisson(1 + 6u), clicks = (0.2 + u)·views·(1 + lift) + noise for a uniform taste u:
// the true ratio is E[(0.2 + u)(2 + 6u)] / E[2 + 6u] = 0.8.
Population population_of_ratio(double lift, bool with_covariate) {
  constexpr double kRatio = (0.2 * 5 + 2 * 0.5 + 6.0 / 3) / 5;
  Population people{.columns = {.denominator = true, .covariates = with_covariate ? 2 : 0},
                    .control = kRatio,
                    .treatment = kRatio * (1 + lift)};
  people.behave = [=](Random& random, Arm arm, std::span<double> row) {
    const double taste = random.uniform();
    const auto views = [&] { return 1 + static_cast<double>(random.poisson(1 + 6 * taste)); };
    row[1] = views();
    row[0] = (arm == Arm::kTreatment ? 1 + lift : 1) * (0.2 + taste) * row[1] + random.normal();
    if (!with_covariate) return;
    row[3] = views();
    row[2] = (0.2 + taste) * row[3] + random.normal();
  };
  return people;
}

Simulate<TwoSample> filling_of(Filling filling) {
  const auto share = static_cast<std::uint32_t>(std::lround(1000 * filling.treatment_share));
  assign::SplitColumn split(digests(filling.units), std::array{share, 1000 - share});
  return [filling = std::move(filling), split = std::move(split)](const Random& base,
                                                                  const Show<TwoSample>& show) {
    Random random = base;
    std::vector<std::uint8_t> variants(split.size());
    split.draw(random.next(), variants);
    const Population& people = filling.people;
    TwoSample data{.arms = {stats::Summary(people.columns), stats::Summary(people.columns)},
                   .alpha = filling.alpha,
                   .difference = people.difference(),
                   .lift = people.lift(),
                   .units = filling.units};
    std::vector<double> row(static_cast<std::size_t>(people.columns.count()));
    double weather = random.normal();
    for (std::int64_t i = 0; i < filling.units; ++i) {
      const bool treated = variants[static_cast<std::size_t>(i)] == 0;
      people.behave(random, treated ? Arm::kTreatment : Arm::kControl, row);
      if (filling.weather > 0) {
        row[0] += filling.weather * weather;
        weather = kMemory * weather + std::sqrt(1 - kMemory * kMemory) * random.normal();
      }
      data.arms[treated].add(row);
      if (filling.keep_values) data.values[treated].push_back(row[0]);
      if ((i + 1) * filling.looks < static_cast<std::int64_t>(filling.units) * (data.look + 1)) {
        continue;
      }
      show(data);
      ++data.look;
    }
  };
}

}  // namespace assay::sim
