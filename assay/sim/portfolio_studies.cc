// Many effects together: segments that all have one effect or each its own, and the winners of many
// experiments before and after shrinkage.
#include <array>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "assay/sim/claims.h"
#include "assay/sim/studies.h"

namespace assay::sim {
namespace {

Study segment_study(double spread) {
  using Segments = std::vector<stats::Contrast>;
  const auto simulate = [spread](const Random& base, const Show<Segments>& show) {
    Random random = base;
    Segments segments;
    for (int s = 0; s < 5; ++s) {
      std::array<stats::Summary, 2> arms;
      const double effect = 0.2 + spread * random.normal();
      for (int i = 0; i < 100 * (s + 1); ++i) {
        const std::size_t arm = static_cast<std::size_t>(random.below(2));
        arms[arm].add(std::array{s + (arm == 1 ? effect : 0) + random.normal()});
      }
      segments.push_back(*stats::mean_contrast(arms[0], arms[1]));
    }
    show(segments);
  };
  return make_study<Segments>(
      {.id = spread > 0 ? "portfolio.segments.effect" : "portfolio.segments",
       .world = spread > 0 ? fmt::format("5 segments, effects of sd {:g}", spread)
                           : "5 segments of 100 to 500 units, one effect",
       .effect = spread > 0,
       .runs = 5000,
       .units = 1500},
      simulate, {{{.name = "heterogeneity, Cochran's Q"}, [](const Segments& segments) -> Claim {
                    const auto answer = stats::heterogeneity(segments);
                    if (!answer) return {};
                    return {.rejects = answer->p_value < 0.05, .p_value = answer->p_value};
                  }}});
}

// 50 experiments with effects of sd 1 and standard errors of 0.5 to 2: the significant ones.
struct Winners {
  double plain = 0;   // Mean of estimate minus truth among the significant.
  double shrunk = 0;  // The same after shrinkage.
  bool any = false;
};

Simulate<Winners> simulate_winners(std::optional<double> tau) {
  return [tau](const Random& base, const Show<Winners>& show) {
    Random random = base;
    std::vector<stats::Effect> effects;
    std::vector<double> truths;
    for (int i = 0; i < 50; ++i) {
      truths.push_back(random.normal());
      const double error = 0.5 + 1.5 * random.uniform();
      effects.push_back({truths.back() + error * random.normal(), error});
    }
    const auto answer = stats::shrink(effects, {.tau = tau});
    Winners winners;
    double count = 0;
    for (std::size_t i = 0; answer && i < effects.size(); ++i) {
      if (effects[i].value < 1.96 * effects[i].std_error) continue;
      count += 1;
      winners.plain += effects[i].value - truths[i];
      winners.shrunk += answer->effects[i].value - truths[i];
    }
    winners.any = count > 0;
    winners.plain /= count;
    winners.shrunk /= count;
    show(winners);
  };
}

Study winner_study(std::string name, std::string world, std::optional<double> tau,
                   Promise promise) {
  return make_study<Winners>(
      {.id = "portfolio.winners." + std::move(name),
       .world = std::move(world),
       .effect = true,
       .runs = 5000,
       .units = 200},
      simulate_winners(tau),
      {{{.name = "significant effects, shrunk", .promise = promise},
        [](const Winners& winners) -> Claim {
          return winners.any ? Claim{.error = winners.shrunk} : Claim{};
        }},
       {{.name = "significant effects, as measured", .promise = Promise::kNone},
        [](const Winners& winners) -> Claim {
          return winners.any ? Claim{.error = winners.plain} : Claim{};
        }}});
}

}  // namespace

std::vector<Study> portfolio_studies() {
  std::vector<Study> made;
  made.push_back(segment_study(0));
  made.push_back(segment_study(0.2));
  made.push_back(
      winner_study("known", "50 experiments, the spread of effects known", 1.0, Promise::kExactly));
  made.push_back(winner_study("estimated", "50 experiments, the spread of effects estimated",
                              std::nullopt, Promise::kNone));
  return made;
}

}  // namespace assay::sim
