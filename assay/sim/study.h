// Study: an experiment simulated many times in a world whose truth is known, and what each method
// claims about the same data. Counted are false alarms, misses of intervals, power, bias and the
// honesty of standard errors, each with its Monte-Carlo error, beside what the method promises.
//
//   const Study study = make_study<TwoSample>({.id = "means.normal.n1000"}, simulate, methods);
//   const StudyResult result = run_study(study, {.runs = 2000, .seed = 1});
//   result.rows[0].mean;     // 0.0495: the share of A/A runs that welch_t calls different
//
// A method that does not promise anything here (a fixed test that is peeked at) is measured and
// not judged. A promise is broken when the count leaves the 99.9 % binomial band around the
// promised rate: on either side where the rate should be exact, beyond it where it is a bound. The
// same options give the same numbers; a seed that fails is a finding and is never replaced. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "assay/base/expected.h"
#include "assay/base/random.h"

namespace assay::sim {

// What a method said at one look. Absent: it does not say such things, or had no answer.
struct Claim {
  std::optional<bool> rejects;        // "There is an effect."
  std::optional<bool> misses;         // Its interval leaves out the truth.
  std::optional<double> p_value;      // Of the null that is true here.
  std::optional<double> error;        // Estimate minus truth.
  std::optional<double> std_error;    // As the method states it.
  std::optional<double> false_share;  // Of a family: false claims over all claims.
  bool silent() const { return !rejects && !misses && !error && !false_share; }
};

enum class Promise {
  kExactly,  // The rate is alpha: judged on both sides.
  kAtMost,   // The rate is at most alpha: judged above.
  kAtLeast,  // The power is at least the plan's: judged below.
  kNone,     // Nothing promised here: measured, not judged.
};

struct MethodHead {
  std::string name;
  Promise promise = Promise::kExactly;
  std::optional<double> rate;   // Promised rate of false claims; none: the study's alpha.
  std::optional<double> power;  // Planned; judged on both sides where something is promised.
};

struct StudyHead {
  std::string id;       // "means.normal.n1000": family, world, design.
  std::string world;    // The same for people, in one line.
  bool effect = false;  // Without one, a rejection is a false positive; with one it is power.
  int runs = 10'000;    // Of the full calibration.
  int units = 1000;     // Per run: what a run costs.
  int looks = 1;
  double alpha = 0.05;
};

struct Study {
  StudyHead head;
  std::vector<MethodHead> methods;
  // One run. `claim` is called at each look with the index of a method and what it says.
  using Claims = std::function<void(std::size_t method, int look, const Claim& claim)>;
  std::function<void(const Random& random, const Claims& claim)> run;
};

// A method of a study whose data at a look is a Data.
template <class Data>
struct Method {
  MethodHead head;
  std::function<Claim(const Data&)> claim;
};

// `simulate` makes the data of one run and shows it once per look.
template <class Data>
using Show = std::function<void(const Data&)>;
template <class Data>
using Simulate = std::function<void(const Random&, const Show<Data>&)>;

template <class Data>
Study make_study(StudyHead head, Simulate<Data> simulate, std::vector<Method<Data>> methods) {
  Study study{.head = std::move(head)};
  for (const Method<Data>& method : methods) study.methods.push_back(method.head);
  study.run = [simulate = std::move(simulate), methods = std::move(methods)](
                  const Random& random, const Study::Claims& claim) {
    int look = 0;
    simulate(random, [&](const Data& data) {
      for (std::size_t i = 0; i < methods.size(); ++i) claim(i, look, methods[i].claim(data));
      ++look;
    });
  };
  return study;
}

enum class Verdict { kKept, kBroken, kNotJudged };

// One measured number of one method.
struct Row {
  std::string method;
  std::string measure;    // "false_positives", "misses", "power": shares of the runs, at any look.
                          // "false_share": mean. "error": mean; where standard errors are stated
                          // in standard deviations of the estimates. "std_error": stated over
                          // actual, 1 when honest.
  std::int64_t runs = 0;  // That the number stands on.
  std::int64_t silent = 0;  // Runs without an answer at any look.
  double mean = 0;
  double std_error = 0;  // Monte-Carlo error of the mean.
  Promise promise = Promise::kNone;
  double promised = 0;  // What it would be if the method were right here.
  double low = 0;       // The band; both 0 where nothing is promised.
  double high = 0;
  Verdict verdict = Verdict::kNotJudged;
  std::optional<double> uniformity_p;     // Kolmogorov–Smirnov of the p-values, where continuous.
  std::vector<std::int64_t> p_histogram;  // 20 equal cells, with false_positives at one look.
  std::vector<double> by_look;            // Share that has rejected up to each look, if many.
};

struct StudyResult {
  StudyHead head;
  std::uint64_t seed = 1;
  std::vector<Row> rows;
  bool passed() const;
};

struct RunOptions {
  std::optional<int> runs;  // None: the study's own.
  std::uint64_t seed = 1;
};

StudyResult run_study(const Study& study, const RunOptions& options = {});

std::string_view promise_name(Promise promise);  // "exactly", "at_most", "at_least", "none"
std::string_view verdict_name(Verdict verdict);  // "kept", "broken", "not_judged"
std::string to_json(const std::vector<StudyResult>& results);  // docs/methods/README.md

}  // namespace assay::sim
