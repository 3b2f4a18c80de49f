#include "assay/stats/group_sequential.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <boost/math/tools/toms748_solve.hpp>
#include <fmt/format.h>

#include "assay/stats/distributions.h"
#include "assay/stats/quadrature.h"

namespace assay::stats {
namespace {

constexpr double kReach = 8.5;    // Standard deviations of S beyond which nothing is left.
constexpr double kNoStop = 9;     // The bound where less than 1e-17 may be spent.
constexpr double kFarReach = 10;  // A step farther is below 1e-23.
constexpr int kLeastNodes = 48;
constexpr double kNodesPerKernel = 2.2;
constexpr int kMostInPanel = 400;  // One rule up to here; beyond, panels of a shorter rule …
constexpr int kPanelNodes = 32;
constexpr double kPanelKernels = 10;  // … each so many standard deviations of a step wide.

// The density of S on the continuation region, times the weights of its nodes, which rise.
struct State {
  std::vector<double> scores;
  std::vector<double> mass;
  double information = 0;

  std::size_t first_above(double score) const {
    return static_cast<std::size_t>(std::ranges::upper_bound(scores, score) - scores.begin());
  }
};

State start() { return {.scores = {0}, .mass = {1}, .information = 0}; }

// P(S at `information` ends above `limit`), and below -limit. Nodes beyond the reach of a step are
// all in or all out.
double mass_above(const State& state, double information, double drift, double limit) {
  const double sd = std::sqrt(information - state.information);
  const double move = drift * (information - state.information);
  double sum = 0;
  for (std::size_t i = state.first_above(limit - move - kFarReach * sd); i < state.scores.size();
       ++i) {
    sum += state.mass[i] * normal_sf((limit - state.scores[i] - move) / sd);
  }
  return sum;
}

double mass_below(const State& state, double information, double drift, double limit) {
  const double sd = std::sqrt(information - state.information);
  const double move = drift * (information - state.information);
  const std::size_t end = state.first_above(limit - move + kFarReach * sd);
  double sum = 0;
  for (std::size_t i = 0; i < end; ++i) {
    sum += state.mass[i] * normal_cdf((limit - state.scores[i] - move) / sd);
  }
  return sum;
}

double mass_outside(const State& state, double information, double drift, double z, Sides sides) {
  const double limit = z * std::sqrt(information);
  const double above = mass_above(state, information, drift, limit);
  return sides == Sides::kOne ? above : above + mass_below(state, information, drift, -limit);
}

// Nodes between low and high so dense that a step's kernel spans several of them.
Quadrature nodes_between(double low, double high, double kernel) {
  const double wanted = std::ceil(kNodesPerKernel * (high - low) / kernel);
  const bool one = wanted <= kMostInPanel;
  const auto panels =
      one ? 1 : static_cast<int>(std::ceil((high - low) / (kPanelKernels * kernel)));
  const Quadrature rule =
      gauss_legendre(one ? std::max(kLeastNodes, static_cast<int>(wanted)) : kPanelNodes);
  const double half = 0.5 * (high - low) / panels;
  Quadrature all;
  for (int panel = 0; panel < panels; ++panel) {
    const double middle = low + (2 * panel + 1) * half;
    for (std::size_t i = 0; i < rule.nodes.size(); ++i) {
      all.nodes.push_back(middle + half * rule.nodes[i]);
      all.weights.push_back(half * rule.weights[i]);
    }
  }
  return all;
}

State advance(const State& state, double information, double drift, double z, Sides sides,
              double next_information) {
  const double root = std::sqrt(information);
  const double centre = drift * information;
  const double high = std::min(z * root, centre + kReach * root);
  const double low =
      sides == Sides::kOne ? centre - kReach * root : std::max(-z * root, centre - kReach * root);
  State next{.information = information};
  if (high <= low) return next;
  const double kernel =
      std::sqrt(std::min(next_information - information, information - state.information));
  const Quadrature rule = nodes_between(low, high, kernel);
  const double sd = std::sqrt(information - state.information);
  const double move = drift * (information - state.information);
  for (std::size_t j = 0; j < rule.nodes.size(); ++j) {
    const double s = rule.nodes[j];
    double density = 0;
    const std::size_t end = state.first_above(s - move + kReach * sd);
    for (std::size_t i = state.first_above(s - move - kReach * sd); i < end; ++i) {
      density += state.mass[i] * normal_pdf((s - state.scores[i] - move) / sd);
    }
    next.scores.push_back(s);
    next.mass.push_back(density / sd * rule.weights[j]);
  }
  return next;
}

// The z that leaves `spend` outside: bisection, since the tail falls monotonically.
double bound_for(const State& state, double information, double spend, Sides sides) {
  if (spend < 1e-17) return kNoStop;
  double low = 0;
  double high = kNoStop;
  if (mass_outside(state, information, 0, high, sides) >= spend) return high;
  for (int i = 0; i < 60 && high - low > 1e-13; ++i) {
    const double middle = 0.5 * (low + high);
    (mass_outside(state, information, 0, middle, sides) > spend ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

Stat<void> require_design(std::span<const double> information,
                          const GroupSequentialOptions& options) {
  ASSAY_TRY_VOID(require_share("alpha", options.alpha));
  ASSAY_TRY_VOID(require_finite("parameter", options.parameter));
  if (options.spending == Spending::kPower && options.parameter <= 0) {
    return undefined(Undefined::kOutOfRange, "the power of a spending function must be positive");
  }
  if (options.spending == Spending::kHwangShihDecani && std::abs(options.parameter) > 100) {
    return undefined(Undefined::kOutOfRange, "gamma must lie between -100 and 100");
  }
  if (information.empty()) return undefined(Undefined::kNoData, "no look is planned");
  if (information.size() > 1000) return undefined(Undefined::kOutOfRange, "more than 1000 looks");
  double before = 0;
  for (const double each : information) {
    if (each > before * (1 + 1e-6) && each <= 1 && std::isfinite(each)) {
      before = each;
      continue;
    }
    return undefined(Undefined::kOutOfRange,
                     fmt::format("information fractions must rise from above 0 to at most 1: {} "
                                 "follows {}",
                                 each, before));
  }
  return {};
}

}  // namespace

double alpha_spent(double information, const GroupSequentialOptions& options) {
  const double t = std::clamp(information, 0.0, 1.0);
  const double alpha = options.alpha;
  const double gamma = options.parameter;
  if (t <= 0) return 0;
  if (t >= 1) return alpha;
  switch (options.spending) {
    case Spending::kObrienFleming: {
      const double sides = options.sides == Sides::kTwo ? 2 : 1;
      return 2 * sides * normal_sf(normal_isf(alpha / (2 * sides)) / std::sqrt(t));
    }
    case Spending::kPocock:
      return alpha * std::log1p(std::expm1(1.0) * t);
    case Spending::kPower:
      return alpha * std::pow(t, gamma);
    case Spending::kHwangShihDecani:
      return gamma == 0 ? alpha * t : alpha * std::expm1(-gamma * t) / std::expm1(-gamma);
  }
  return alpha;
}

Stat<GroupSequential> group_sequential(std::span<const double> information,
                                       const GroupSequentialOptions& options) {
  ASSAY_TRY_VOID(require_design(information, options));
  GroupSequential design{.sides = options.sides};
  State state = start();
  double spent = 0;
  for (std::size_t k = 0; k < information.size(); ++k) {
    Look look{.information = information[k]};
    look.alpha_spent = alpha_spent(information[k], options);
    look.z = bound_for(state, information[k], look.alpha_spent - spent, options.sides);
    look.nominal_p = (options.sides == Sides::kTwo ? 2 : 1) * normal_sf(look.z);
    spent = look.alpha_spent;
    design.looks.push_back(look);
    if (k + 1 < information.size()) {
      state = advance(state, information[k], 0, look.z, options.sides, information[k + 1]);
    }
  }
  return design;
}

std::vector<Exit> exits_by_side(const GroupSequential& design, double drift) {
  std::vector<Exit> exits;
  State state = start();
  for (std::size_t k = 0; k < design.looks.size(); ++k) {
    const Look& look = design.looks[k];
    const double limit = look.z * std::sqrt(look.information);
    const bool two = design.sides == Sides::kTwo;
    exits.push_back({mass_above(state, look.information, drift, limit),
                     two ? mass_below(state, look.information, drift, -limit) : 0});
    if (k + 1 < design.looks.size()) {
      state = advance(state, look.information, drift, look.z, design.sides,
                      design.looks[k + 1].information);
    }
  }
  return exits;
}

std::vector<double> exit_probabilities(const GroupSequential& design, double drift) {
  std::vector<double> exits;
  for (const Exit& each : exits_by_side(design, drift)) exits.push_back(each.above + each.below);
  return exits;
}

Stat<double> stagewise_p(const GroupSequential& design, double z) {
  ASSAY_TRY_VOID(require_finite("z", z));
  if (design.looks.empty()) return undefined(Undefined::kNoData, "no look was taken");
  GroupSequential observed = design;
  observed.looks.back().z = design.sides == Sides::kTwo ? std::abs(z) : z;
  double p = 0;
  for (const double each : exit_probabilities(observed, 0)) p += each;
  return std::min(1.0, p);
}

namespace {

// The probability, at a drift, of an outcome at least as high as `z` at the last look: an earlier
// stop on the upper side, or a higher Z there. Rises with the drift.
double upper_tail(const GroupSequential& design, double z, double drift) {
  State state = start();
  double tail = 0;
  for (std::size_t k = 0; k < design.looks.size(); ++k) {
    const Look& look = design.looks[k];
    const bool last = k + 1 == design.looks.size();
    const double limit = (last ? z : look.z) * std::sqrt(look.information);
    tail += mass_above(state, look.information, drift, limit);
    if (!last) {
      state = advance(state, look.information, drift, look.z, design.sides,
                      design.looks[k + 1].information);
    }
  }
  return tail;
}

double drift_at(const GroupSequential& design, double z, double share) {
  const auto excess = [&](double drift) { return upper_tail(design, z, drift) - share; };
  double low = -10;
  double high = 10;
  double at_low = excess(low);
  double at_high = excess(high);
  while (low > -1e3 && at_low > 0) low *= 2, at_low = excess(low);
  while (high < 1e3 && at_high < 0) high *= 2, at_high = excess(high);
  if (at_low >= 0) return low;
  if (at_high <= 0) return high;
  std::uintmax_t steps = 100;
  const auto ends = boost::math::tools::toms748_solve(
      excess, low, high, at_low, at_high, [](double a, double b) { return b - a < 1e-11; }, steps);
  return 0.5 * (ends.first + ends.second);
}

}  // namespace

Stat<Estimate> stagewise_estimate(const GroupSequential& design, double z, double std_error,
                                  double alpha) {
  ASSAY_TRY_VOID(require_share("alpha", alpha));
  ASSAY_TRY(const double p_value, stagewise_p(design, z));
  if (!(std_error > 0) || !std::isfinite(std_error) || !(std::abs(z) <= 30)) {
    return undefined(Undefined::kOutOfRange,
                     fmt::format("needs a positive standard error and |z| of at most 30, not {} "
                                 "and {}",
                                 std_error, z));
  }
  // Drift is the effect over the standard error at full information.
  const double scale = std_error * std::sqrt(design.looks.back().information);
  Estimate estimate;
  estimate.method = "stagewise";
  estimate.value = scale * drift_at(design, z, 0.5);
  estimate.interval = {scale * drift_at(design, z, alpha / 2),
                       scale * drift_at(design, z, 1 - alpha / 2)};
  estimate.std_error = std_error;
  estimate.statistic = z;
  estimate.p_value = p_value;
  return estimate;
}

}  // namespace assay::stats
