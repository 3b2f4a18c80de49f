// Group-sequential bounds on Brownian paths, where they are exact: the chance of stopping at each
// look against what the spending function allows there, and the effect estimated after a stop.
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "assay/sim/claims.h"
#include "assay/sim/studies.h"

namespace assay::sim {
namespace {

// A path of Z at the planned information, up to the first crossing.
struct Path {
  std::optional<std::size_t> stopped;  // Index of the look.
  std::size_t last = 0;                // The look at the stop, or the final one.
  double z = 0;                        // There.
};

Simulate<Path> simulate_paths(const stats::GroupSequential& design, double drift) {
  return [design, drift](const Random& base, const Show<Path>& show) {
    Random random = base;
    Path path;
    double score = 0, information = 0;
    for (std::size_t k = 0; k < design.looks.size(); ++k) {
      const double step = design.looks[k].information - information;
      information += step;
      score += drift * step + std::sqrt(step) * random.normal();
      path.last = k;
      path.z = score / std::sqrt(information);
      const double reached = design.sides == stats::Sides::kTwo ? std::abs(path.z) : path.z;
      if (reached >= design.looks[k].z) {
        path.stopped = k;
        break;
      }
    }
    show(path);
  };
}

struct Bounds {
  std::string name;
  stats::GroupSequentialOptions options;
  std::vector<double> information{0.2, 0.4, 0.6, 0.8, 1.0};
};

Study exit_study(const Bounds& bounds) {
  const auto design = stats::group_sequential(bounds.information, bounds.options).value();
  std::vector<Method<Path>> methods;
  double spent = 0;
  for (std::size_t k = 0; k < design.looks.size(); ++k) {
    methods.push_back({{.name = fmt::format("stops at look {}", k + 1),
                        .rate = design.looks[k].alpha_spent - spent},
                       [k](const Path& path) -> Claim { return {.rejects = path.stopped == k}; }});
    spent = design.looks[k].alpha_spent;
  }
  methods.push_back({{.name = "stops at any look", .rate = spent}, [](const Path& path) -> Claim {
                       return {.rejects = path.stopped.has_value()};
                     }});
  return make_study<Path>({.id = "planned_looks." + bounds.name,
                           .world = fmt::format("Brownian paths, {} looks", design.looks.size()),
                           .runs = 1'000'000,
                           .units = static_cast<int>(design.looks.size()),
                           .alpha = bounds.options.alpha},
                          simulate_paths(design, 0), std::move(methods));
}

// Under an effect of `drift` standard errors at full information.
Study power_study(const Bounds& bounds, double drift) {
  const auto design = stats::group_sequential(bounds.information, bounds.options).value();
  double power = 0;
  for (const double exit : stats::exit_probabilities(design, drift)) power += exit;
  return make_study<Path>(
      {.id = "planned_looks." + bounds.name + ".effect",
       .world = fmt::format("Brownian paths, {} looks, drift {:g}", design.looks.size(), drift),
       .effect = true,
       .runs = 1'000'000,
       .units = static_cast<int>(design.looks.size())},
      simulate_paths(design, drift),
      {{{.name = "stops at any look", .power = power},
        [](const Path& path) -> Claim { return {.rejects = path.stopped.has_value()}; }}});
}

// The median-unbiased estimate lies below the truth in half of the runs; the plain one does not.
Study estimate_study(const Bounds& bounds, double drift) {
  const auto design = stats::group_sequential(bounds.information, bounds.options).value();
  struct Answers {
    stats::Stat<stats::Estimate> unbiased = stats::undefined(stats::Undefined::kNoData, "");
    double plain = 0;
  };
  const auto simulate = [design, drift](const Random& random, const Show<Answers>& show) {
    simulate_paths(design, drift)(random, [&](const Path& path) {
      const double error = 1 / std::sqrt(design.looks[path.last].information);
      stats::GroupSequential seen = design;
      seen.looks.resize(path.last + 1);
      show({.unbiased = stats::stagewise_estimate(seen, path.z, error), .plain = path.z * error});
    });
  };
  return make_study<Answers>(
      {.id = "planned_looks." + bounds.name + ".estimate",
       .world = fmt::format("Brownian paths, {} looks, drift {:g}: the effect after the stop",
                            design.looks.size(), drift),
       .effect = true,
       .runs = 300,
       .units = 2000},
      simulate,
      {{{.name = "stagewise interval"},
        [=](const Answers& answers) -> Claim {
          if (!answers.unbiased) return {};
          return {.misses = !answers.unbiased->interval.contains(drift)};
        }},
       {{.name = "stagewise estimate is below the truth", .rate = 0.5},
        [=](const Answers& answers) -> Claim {
          if (!answers.unbiased) return {};
          return {.misses = answers.unbiased->value < drift};
        }},
       {{.name = "plain estimate is below the truth", .promise = Promise::kNone, .rate = 0.5},
        [=](const Answers& answers) -> Claim { return {.misses = answers.plain < drift}; }}});
}

}  // namespace

std::vector<Study> planned_look_studies() {
  using stats::Spending;
  const Bounds obrien_fleming{"obrien_fleming", {.spending = Spending::kObrienFleming}};
  const Bounds pocock{"pocock", {.spending = Spending::kPocock}};
  std::vector<Study> made;
  for (const Bounds& bounds : std::vector<Bounds>{
           obrien_fleming,
           pocock,
           {"power2", {.spending = Spending::kPower, .parameter = 2}},
           {"hwang_shih_decani", {.spending = Spending::kHwangShihDecani, .parameter = -4}},
           {"one_sided", {.sides = stats::Sides::kOne}},
           {"unequal", {}, {0.1, 0.35, 0.4, 0.9, 1.0}},
       }) {
    made.push_back(exit_study(bounds));
  }
  made.push_back(power_study(obrien_fleming, 3));
  made.push_back(power_study(pocock, 3));
  made.push_back(estimate_study(obrien_fleming, 2.5));
  made.push_back(estimate_study(pocock, 2.5));
  return made;
}

}  // namespace assay::sim
