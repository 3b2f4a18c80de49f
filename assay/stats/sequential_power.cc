// The probabilities of leaving by each side come from group_sequential.h, whatever the bounds are;
// power rises with the drift, so the required drift is a bracketed root.
#include "assay/stats/sequential_power.h"

#include <cmath>

#include <boost/math/tools/toms748_solve.hpp>
#include <fmt/format.h>

#include "assay/stats/distributions.h"
#include "assay/stats/inference.h"

namespace assay::stats {
namespace {

constexpr int kMostLooks = 400;
constexpr double kFarBound = 9;  // As in group_sequential.cc: nothing is left beyond.

Stat<void> require_looks(int looks) {
  if (looks >= 1 && looks <= kMostLooks) return {};
  return undefined(Undefined::kOutOfRange,
                   fmt::format("from 1 to {} looks, not {}", kMostLooks, looks));
}

GroupSequential with_bounds(int looks, Sides sides, double (*bound)(double t, double a, double b),
                            double a, double b) {
  GroupSequential design{.sides = sides};
  for (const double t : equal_looks(looks)) {
    const double z = std::min(bound(t, a, b), kFarBound);
    const double tails = sides == Sides::kTwo ? 2 : 1;
    design.looks.push_back({.information = t, .z = z, .nominal_p = tails * normal_sf(z)});
  }
  return design;
}

// With r = n·rho²: half-width over standard error.
double two_sided(double t, double alpha, double horizon) {
  const double r = t * horizon * mixture_precision(alpha, 1);
  return std::sqrt(2 * (1 + 1 / r) * (0.5 * std::log1p(r) - std::log(alpha)));
}

double one_sided(double t, double alpha, double horizon) {
  const double r = t * horizon * mixture_precision(alpha, 1);
  return std::sqrt(2 * (1 + 1 / r) * std::log1p(std::sqrt(r + 1) / (2 * alpha)));
}

double posterior(double t, double critical, double prior) {
  return critical * std::sqrt(1 + 1 / (t * prior));
}

}  // namespace

std::vector<double> equal_looks(int looks) {
  std::vector<double> information;
  for (int k = 1; k <= looks; ++k) information.push_back(static_cast<double>(k) / looks);
  return information;
}

Stat<GroupSequential> always_valid_bounds(int looks, double alpha, double horizon, Sides sides) {
  ASSAY_TRY_VOID(require_looks(looks));
  ASSAY_TRY_VOID(require_share("alpha", alpha));
  if (!(horizon > 0) || !std::isfinite(horizon)) {
    return undefined(Undefined::kOutOfRange, "the target must be positive");
  }
  return with_bounds(looks, sides, sides == Sides::kTwo ? two_sided : one_sided, alpha, horizon);
}

Stat<GroupSequential> posterior_bounds(int looks, double ship_probability, double prior) {
  ASSAY_TRY_VOID(require_looks(looks));
  if (!(ship_probability >= 0.5 && ship_probability < 1) || !(prior > 0)) {
    return undefined(Undefined::kOutOfRange,
                     "needs a ship_probability from 0.5 to below 1 and a positive prior variance");
  }
  const double critical = normal_isf(1 - ship_probability);
  return with_bounds(looks, Sides::kOne, posterior, critical, prior);
}

Operating operating_at(const GroupSequential& design, double drift) {
  Operating operating{.expected_information = 0};
  double left = 1;
  double last = 0;
  const std::vector<Exit> exits = exits_by_side(design, drift);
  for (std::size_t k = 0; k < exits.size(); ++k) {
    const auto [above, below] = exits[k];
    operating.power += drift < 0 ? below : above;
    operating.false_direction += drift < 0 ? above : below;
    last = design.looks[k].information;
    operating.expected_information += (above + below) * last;
    left -= above + below;
  }
  operating.expected_information += std::max(0.0, left) * last;
  return operating;
}

Stat<double> required_drift(const GroupSequential& design, double power) {
  ASSAY_TRY_VOID(require_share("power", power));
  if (design.looks.empty()) return undefined(Undefined::kNoData, "no look is planned");
  const auto excess = [&](double drift) { return operating_at(design, drift).power - power; };
  if (excess(0) >= 0) {
    return undefined(Undefined::kOutOfRange,
                     fmt::format("without any effect the power is already {:.6g} or more", power));
  }
  double high = 4;
  while (excess(high) < 0) {
    if (high > 50) return undefined(Undefined::kOutOfRange, "no drift below 50 has this power");
    high *= 1.5;
  }
  std::uintmax_t steps = 100;
  const auto ends = boost::math::tools::toms748_solve(
      excess, 0.0, high, boost::math::tools::eps_tolerance<double>(50), steps);
  return 0.5 * (ends.first + ends.second);
}

}  // namespace assay::stats
