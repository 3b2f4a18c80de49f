#include "assay/sim/world.h"

#include <cmath>

#include "assay/base/check.h"

namespace assay::sim {
namespace {

constexpr double kBuyers = 0.1;        // Share of units with any revenue.
constexpr double kRevenueSigma = 1.5;  // Of the logarithm of a buyer's revenue.
constexpr double kRateShape = 2.0;     // Of the gamma law of the rates.

double revenue(Random& random, double mean) {
  if (!random.chance(kBuyers)) return 0.0;
  // A lognormal's mean is exp(mu + sigma²/2).
  const double mu = std::log(mean / kBuyers) - kRevenueSigma * kRevenueSigma / 2;
  return std::exp(mu + kRevenueSigma * random.normal());
}

}  // namespace

double World::outcome(Random& random, Arm arm) const {
  const double mu = mean(arm);
  switch (law) {
    case Law::kProportion:
      return random.chance(mu) ? 1.0 : 0.0;
    case Law::kNormal:
      return mu + random.normal();
    case Law::kRevenue:
      return revenue(random, mu);
    case Law::kCount:
      return static_cast<double>(random.poisson(random.gamma(kRateShape, mu / kRateShape)));
  }
  ASSAY_CHECK(false);
}

std::array<std::string_view, 4> law_names() { return {"proportion", "normal", "revenue", "count"}; }

std::string_view law_name(Law law) { return law_names()[static_cast<std::size_t>(law)]; }

std::optional<Law> law_of(std::string_view name) {
  for (const Law law : {Law::kProportion, Law::kNormal, Law::kRevenue, Law::kCount}) {
    if (law_name(law) == name) return law;
  }
  return std::nullopt;
}

}  // namespace assay::sim
