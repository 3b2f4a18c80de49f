#include "assay/sim/calibrate.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "assay/base/hash.h"
#include "assay/stats/distributions.h"
#include "assay/stats/inference.h"

namespace assay::sim {
namespace {

using stats::Contrast;
using stats::Inference;
using stats::Stat;
using stats::Summary;

constexpr double kBand = 0.999;  // Level of the binomial band that a rate may not leave.

struct Tally {
  bool rejected = false;
  bool missed = false;
  bool spoke = false;
};

struct Contestant {
  std::string name;
  bool promises_peeking;
  Stat<Inference> (*infer)(const Contrast&, const CalibrateOptions&);
};

Stat<Inference> infer_fixed(const Contrast& contrast, const CalibrateOptions& options) {
  return stats::fixed(contrast, {.alpha = options.alpha});
}

Stat<Inference> infer_sequential(const Contrast& contrast, const CalibrateOptions& options) {
  return stats::sequential(
      contrast, {.alpha = options.alpha, .target_n = static_cast<double>(options.units)});
}

Stat<Inference> infer_bayesian(const Contrast& contrast, const CalibrateOptions& options) {
  return stats::bayesian(contrast, {.alpha = options.alpha});
}

const std::array<Contestant, 3>& contestants() {
  static const std::array<Contestant, 3> all{{{"fixed_horizon", false, infer_fixed},
                                              {"sequential", true, infer_sequential},
                                              {"bayesian_flat_prior", false, infer_bayesian}}};
  return all;
}

void look(const Contestant& contestant, const CalibrateOptions& options, const Summary& control,
          const Summary& treatment, Tally& tally) {
  const auto contrast = stats::mean_contrast(control, treatment);
  if (!contrast) return;
  const Stat<Inference> answer = contestant.infer(*contrast, options);
  if (!answer) return;
  tally.spoke = true;
  tally.rejected |= !answer->difference.interval.contains(0.0);
  tally.missed |= !answer->difference.interval.contains(options.world.true_difference());
}

// One experiment: units arrive, are assigned by hash, behave; every method looks at the same data
// at the same moments.
std::array<Tally, 3> run_once(const CalibrateOptions& options, int run) {
  Random random = Random(options.seed).split(static_cast<std::uint64_t>(run));
  const std::uint64_t salt = salt_digest(fmt::format("aa_{}_{}", options.seed, run));
  Summary control, treatment;
  std::array<Tally, 3> tallies;
  int next_look = 1;
  for (int unit = 0; unit < options.units; ++unit) {
    const bool treated = scale(draw(unit_digest(fmt::format("user_{}", unit)), salt), 2) == 1;
    const std::array row{options.world.outcome(random, treated ? Arm::kTreatment : Arm::kControl)};
    (treated ? treatment : control).add(row);
    if ((unit + 1) * static_cast<std::int64_t>(options.looks) <
        static_cast<std::int64_t>(options.units) * next_look)
      continue;
    ++next_look;
    for (std::size_t i = 0; i < tallies.size(); ++i)
      look(contestants()[i], options, control, treatment, tallies[i]);
  }
  return tallies;
}

void finish(MethodResult& result, const CalibrateOptions& options) {
  const double runs = options.runs;
  result.rate = static_cast<double>(result.rejected) / runs;
  result.rate_std_error = std::sqrt(result.rate * (1 - result.rate) / runs);
  result.coverage = 1 - static_cast<double>(result.missed) / runs;
  const bool promised = result.promises_peeking || options.looks == 1;
  const std::int64_t allowed = stats::binomial_quantile(kBand, options.runs, options.alpha);
  result.within_promise = !promised || result.missed <= allowed;
}

Result<void> check(const CalibrateOptions& options) {
  if (options.runs < 1 || options.runs > 1'000'000)
    return fail(Code::kInvalid, "runs must be between 1 and 1,000,000");
  if (options.units < 4 || options.units > 10'000'000)
    return fail(Code::kInvalid, "units must be between 4 and 10,000,000");
  if (options.looks < 1 || options.looks > options.units)
    return fail(Code::kInvalid, "looks must be between 1 and the number of units");
  if (!(options.alpha > 0 && options.alpha < 1))
    return fail(Code::kInvalid, "alpha must be between 0 and 1", "0.05 is the usual choice");
  const World& world = options.world;
  if (!std::isfinite(world.baseline) || !std::isfinite(world.lift))
    return fail(Code::kInvalid, "baseline and lift must be finite");
  const double top = std::max(world.mean(Arm::kControl), world.mean(Arm::kTreatment));
  const double bottom = std::min(world.mean(Arm::kControl), world.mean(Arm::kTreatment));
  if (world.law == Law::kProportion && (bottom < 0 || top > 1))
    return fail(Code::kInvalid,
                "a proportion's baseline, with its lift, must stay between 0 and 1");
  if (world.law != Law::kProportion && world.law != Law::kNormal && bottom <= 0)
    return fail(Code::kInvalid, "the baseline, with its lift, must be positive");
  return {};
}

}  // namespace

Result<Calibration> calibrate(const CalibrateOptions& options) {
  ASSAY_TRY_VOID(check(options));
  Calibration result{.options = options};
  for (const Contestant& contestant : contestants()) {
    result.methods.push_back(
        {.method = contestant.name, .promises_peeking = contestant.promises_peeking});
  }
  for (int run = 0; run < options.runs; ++run) {
    const std::array<Tally, 3> tallies = run_once(options, run);
    for (std::size_t i = 0; i < tallies.size(); ++i) {
      result.methods[i].rejected += tallies[i].rejected;
      result.methods[i].missed += tallies[i].missed;
      result.methods[i].silent += !tallies[i].spoke;
    }
  }
  for (MethodResult& method : result.methods) finish(method, options);
  return result;
}

bool Calibration::passed() const {
  return std::ranges::all_of(methods, &MethodResult::within_promise);
}

std::string to_json(const Calibration& calibration) {
  const CalibrateOptions& options = calibration.options;
  nlohmann::ordered_json json{{"law", law_name(options.world.law)},
                              {"baseline", options.world.baseline},
                              {"lift", options.world.lift},
                              {"true_difference", options.world.true_difference()},
                              {"runs", options.runs},
                              {"units", options.units},
                              {"looks", options.looks},
                              {"alpha", options.alpha},
                              {"seed", options.seed},
                              {"passed", calibration.passed()}};
  json["methods"] = nlohmann::ordered_json::array();
  for (const MethodResult& method : calibration.methods) {
    json["methods"].push_back({{"method", method.method},
                               {"rejected", method.rejected},
                               {"rate", method.rate},
                               {"rate_std_error", method.rate_std_error},
                               {"coverage", method.coverage},
                               {"silent", method.silent},
                               {"promises_peeking", method.promises_peeking},
                               {"within_promise", method.within_promise}});
  }
  return json.dump();
}

}  // namespace assay::sim
