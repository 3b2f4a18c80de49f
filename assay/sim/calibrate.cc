#include "assay/sim/calibrate.h"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "assay/sim/claims.h"

namespace assay::sim {
namespace {

Claim posterior_claim(const TwoSample& data) {
  const auto contrast = stats::mean_contrast(data.control(), data.treatment());
  if (!contrast) return {};
  const auto answer = stats::bayesian(*contrast, {.alpha = data.alpha});
  if (!answer) return {};
  const stats::Interval& interval = answer->difference.interval;
  return {.rejects = !interval.contains(0), .misses = !interval.contains(data.difference)};
}

Study study_of(const CalibrateOptions& options) {
  const Promise one_look = options.looks == 1 ? Promise::kAtMost : Promise::kNone;
  return make_study<TwoSample>(
      {.id = "aa",
       .effect = options.world.lift != 0,
       .runs = options.runs,
       .units = options.units,
       .looks = options.looks,
       .alpha = options.alpha},
      filling_of({.people = population_of(options.world),
                  .units = options.units,
                  .looks = options.looks,
                  .alpha = options.alpha}),
      {fixed_method("fixed_horizon", stats::mean_contrast, one_look),
       sequential_method("sequential", stats::mean_contrast, Promise::kAtMost),
       {{.name = "bayesian_flat_prior", .promise = one_look}, posterior_claim}});
}

// The study's rows, one object per method.
std::vector<MethodResult> methods_of(const Study& study, const std::vector<Row>& rows) {
  std::vector<MethodResult> methods;
  for (const MethodHead& head : study.methods) {
    MethodResult method{.method = head.name, .silent = study.head.runs, .coverage = 1};
    method.promises_peeking = head.name == "sequential";
    for (const Row& row : rows) {
      if (row.method != head.name) continue;
      method.silent = row.silent;
      if (row.measure == "misses") {
        method.coverage = 1 - row.mean;
        method.within_promise = row.verdict != Verdict::kBroken;
      } else if (row.measure == "power" || row.measure == "false_positives") {
        method.rate = row.mean;
        method.rate_std_error = row.std_error;
        method.rejected = std::llround(row.mean * static_cast<double>(row.runs));
      }
    }
    methods.push_back(std::move(method));
  }
  return methods;
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
  const Study study = study_of(options);
  const StudyResult result = run_study(study, {.seed = options.seed});
  return Calibration{options, methods_of(study, result.rows)};
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
