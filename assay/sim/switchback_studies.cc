// Switchbacks: variants take turns in cities, with levels of their own, hours of the day, and noise
// that remembers. The treatment works in over three of the twelve steps of a period, and wears off
// as slowly: a burn-in of three steps leaves that out. A city in a period is the unit; steps as
// units lie.
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "assay/sim/claims.h"
#include "assay/sim/studies.h"

namespace assay::sim {
namespace {

constexpr int kSteps = 12;       // Of a period.
constexpr int kCarriesOver = 3;  // Steps until a switch has worked.
constexpr double kMemory = 0.8;  // Of the noise, from step to step.

struct World {
  int cities = 1;
  int periods = 200;
  double effect = 0;  // Of a treatment that always is, against one that never is.
};

using Arms = std::array<stats::Summary, 2>;
struct Periods {
  Arms after_burn_in;  // Means of a city in a period.
  Arms whole;          // The same with the burn-in.
  Arms steps;          // Each step on its own, after the burn-in.
};

void run_city(const World& world, Random& random, Periods& data) {
  const double level = random.normal();
  double noise = random.normal(), works = 0;
  const double fresh = std::sqrt(1 - kMemory * kMemory);
  for (int period = 0; period < world.periods; ++period) {
    const std::size_t arm = random.chance(0.5) ? 1 : 0;
    const double target = arm == 1 ? world.effect : 0;
    const double hour = 0.5 * std::sin(2 * M_PI * period / 24);
    double counted = 0, all = 0;
    for (int step = 0; step < kSteps; ++step) {
      const double left = kCarriesOver - step;
      if (left > 0) works += (target - works) / left;
      noise = kMemory * noise + fresh * random.normal();
      const double value = level + hour + works + noise;
      all += value;
      if (step < kCarriesOver) continue;
      counted += value;
      data.steps[arm].add(std::array{value});
    }
    data.after_burn_in[arm].add(std::array{counted / (kSteps - kCarriesOver)});
    data.whole[arm].add(std::array{all / kSteps});
  }
}

Simulate<Periods> simulate_switchback(const World& world) {
  return [world](const Random& base, const Show<Periods>& show) {
    Random random = base;
    Periods data;
    for (int city = 0; city < world.cities; ++city) run_city(world, random, data);
    show(data);
  };
}

Method<Periods> of_arms(std::string name, Promise promise, Arms Periods::*arms, double truth) {
  return {{.name = std::move(name), .promise = promise}, [=](const Periods& data) -> Claim {
            const Arms& both = data.*arms;
            const auto contrast = stats::mean_contrast(both[0], both[1]);
            return contrast ? claim_of(fixed(*contrast), truth, 0.05) : Claim{};
          }};
}

Study switchback_study(const World& world) {
  const bool effect = world.effect != 0;
  const std::string cities = world.cities == 1 ? "1 city" : fmt::format("{} cities", world.cities);
  return make_study<Periods>(
      {.id = fmt::format("switchback.g{}{}", world.cities, effect ? ".effect" : ""),
       .world = fmt::format("{}, {} periods of 12 steps, switches work in 3 steps{}", cities,
                            world.periods, effect ? fmt::format(", effect {}", world.effect) : ""),
       .effect = effect,
       .runs = 4000,
       .units = world.cities * world.periods},
      simulate_switchback(world),
      {of_arms("unit in a period, burn-in left out", Promise::kExactly, &Periods::after_burn_in,
               world.effect),
       of_arms("unit in a period, burn-in counted", effect ? Promise::kNone : Promise::kExactly,
               &Periods::whole, world.effect),
       of_arms("steps as units", Promise::kNone, &Periods::steps, world.effect)});
}

}  // namespace

std::vector<Study> switchback_studies() {
  std::vector<Study> made;
  for (const double effect : {0.0, 0.6}) {
    made.push_back(switchback_study({.cities = 1, .periods = 300, .effect = effect}));
    made.push_back(switchback_study({.cities = 12, .periods = 84, .effect = effect}));
  }
  return made;
}

}  // namespace assay::sim
