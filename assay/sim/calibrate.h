// Calibration: the study of one world that a caller describes, by the three ways of inference that
// a plan may name. With no effect the rate is that of false positives (an A/A run), with one the
// power; always the coverage of the interval. studies.h has the studies of every method.
//
//   const Calibration result = calibrate({.world = {}, .runs = 2000, .units = 2000, .looks = 28,
//   .seed = 1}); for (const MethodResult& row : result.methods) …  // rate 0.049 ± 0.005 at one
//   look, 0.28 at 28 looks
//
// Every run assigns its units with the real hash under a salt of its own, so that the split's
// randomness is the product's. The same options give the same numbers everywhere.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "assay/base/expected.h"
#include "assay/sim/world.h"

namespace assay::sim {

struct CalibrateOptions {
  World world;
  int runs = 2000;
  int units = 2000;  // Per run, both variants together.
  int looks = 1;     // Equally spaced; a method that ever rejects at one of them has rejected.
  double alpha = 0.05;
  std::uint64_t seed = 1;
};

struct MethodResult {
  std::string method;             // "fixed_horizon", "sequential", "bayesian_flat_prior"
  std::int64_t rejected = 0;      // Runs in which it claimed a difference at any look.
  std::int64_t silent = 0;        // Runs in which it had no answer at all.
  double rate = 0;                // rejected / runs
  double rate_std_error = 0;      // Monte-Carlo error of the rate, binomial.
  double coverage = 0;            // 1 - missed / runs
  bool promises_peeking = false;  // The method's promise holds over all looks, not at one.
  bool within_promise = true;  // No more misses than the 99.9 % binomial quantile of alpha allows;
                               // only judged where promised.
};

struct Calibration {
  CalibrateOptions options;
  std::vector<MethodResult> methods;
  bool passed() const;  // Every method keeps what it promises.
};

// kInvalid with the field's name when an option is out of range.
Result<Calibration> calibrate(const CalibrateOptions& options);

std::string to_json(const Calibration& calibration);

}  // namespace assay::sim
