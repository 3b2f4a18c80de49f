#include "assay/sim/planned.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "assay/base/check.h"

namespace assay::sim {
namespace {

constexpr std::int64_t kUnitsPerStudy = 40'000'000;

// The units first, then what so many units find.
template <class Size>
Planned planned(stats::SizingOptions options, const Size& size) {
  const auto asked = size(options);
  ASSAY_CHECK(asked.has_value());
  stats::SizingOptions given = options;
  given.power.reset();
  given.n_per_variant = asked->n_control;
  const auto found = size(given);
  ASSAY_CHECK(found.has_value());
  return {std::move(options), *found};
}

}  // namespace

Planned planned_proportion(double baseline, stats::SizingOptions options) {
  return planned(std::move(options), [&](const stats::SizingOptions& each) {
    return stats::size_proportion(baseline, each);
  });
}

Planned planned_mean(const stats::MeanBaseline& baseline, stats::SizingOptions options) {
  return planned(std::move(options), [&](const stats::SizingOptions& each) {
    return stats::size_mean(baseline, each);
  });
}

StudyHead head_of(const std::string& name, const Planned& plan, const std::string& remark) {
  const stats::Sizing& sizing = plan.sizing;
  return {.id = "power." + name,
          .world = fmt::format("{} and {} units, as planned for {:g} % power{}{}", sizing.n_control,
                               sizing.n_treatment, 100 * plan.options.power.value_or(0.8),
                               remark.empty() ? "" : "; ", remark),
          .effect = true,
          .runs = static_cast<int>(
              std::clamp<std::int64_t>(kUnitsPerStudy / sizing.n_total, 1000, 10'000)),
          .units = static_cast<int>(sizing.n_total),
          .alpha = plan.options.alpha};
}

Simulate<TwoSample> simulate_plan(Population people, const Planned& plan, int looks) {
  const std::array<std::int64_t, 2> sizes{plan.sizing.n_control, plan.sizing.n_treatment};
  return [=, alpha = plan.options.alpha, people = std::move(people)](const Random& base,
                                                                     const Show<TwoSample>& show) {
    Random random = base;
    TwoSample data{.arms = {stats::Summary(people.columns), stats::Summary(people.columns)},
                   .alpha = alpha,
                   .difference = people.difference(),
                   .lift = people.lift(),
                   .units = static_cast<int>(sizes[0] + sizes[1])};
    std::vector<double> row(static_cast<std::size_t>(people.columns.count()));
    for (; data.look < looks; ++data.look) {
      for (const Arm arm : {Arm::kControl, Arm::kTreatment}) {
        const auto index = static_cast<std::size_t>(arm);
        const std::int64_t until = sizes[index] * (data.look + 1) / looks;
        while (data.arms[index].n() < until) {
          people.behave(random, arm, row);
          data.arms[index].add(row);
        }
      }
      show(data);
    }
  };
}

}  // namespace assay::sim
