// Experiment: the checked plan of one A/B test, as read from a team's YAML or JSON file. A value:
// copy it, compare it, pass it between threads. parse.h makes it and reports every problem;
// canonical.h turns it into canonical JSON and its fingerprint. Optional things are empty; defaults
// are already filled in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "assay/base/time.h"
#include "assay/define/condition.h"
#include "assay/define/metric.h"

namespace assay::define {

inline constexpr std::uint32_t kLayerSlots =
    1'000'000;  // Slots of a layer: a share in parts per million.

// A half-open range of a layer's slots: [begin, end).
struct SlotRange {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  bool operator==(const SlotRange&) const = default;
};

struct Variant {
  std::string key;           // "control", "treatment"
  std::uint32_t weight = 0;  // Share of the experiment's units, relative to the sum of weights.
  std::string payload_json;  // Any JSON value as text; what OFREP answers as `value`. Empty: the
                             // key itself.
  std::string endpoint;      // The model's address for routing; may be empty.
  bool operator==(const Variant&) const = default;
};

struct Override {
  std::string unit_id;
  std::string variant;
  bool operator==(const Override&) const = default;
};

// Units kept out of every experiment that has this holdout, so that what many changes did together
// can be measured against them. The draw "holdout:" + name decides, so that a holdout of one name
// holds the same units out wherever it applies, and a larger share only adds to them.
struct Holdout {
  std::string name;
  std::string unit = "user";  // Kind of unit.
  std::uint32_t share_ppm = 0;
  bool operator==(const Holdout&) const = default;
};

// The unit has one of these variants in the other experiment.
struct Prerequisite {
  std::string experiment;
  std::vector<std::string> variants;
  bool or_outside = false;  // Or none of its variants.
  bool operator==(const Prerequisite&) const = default;
};

// Whoever meets `when` gets this variant: testers, colleagues, customers of one market.
struct Forced {
  std::string variant;
  Condition when;
  std::vector<Prerequisite> prerequisites;  // All of them must be met too.
  bool operator==(const Forced&) const = default;
};

// The variant is drawn for a unit (a city, a warehouse) and a stretch of time, not for good.
struct Switchback {
  std::int64_t period_seconds = 0;
  std::int64_t burn_in_seconds = 0;  // At the start of each period: served, but not counted.
  Timestamp start;                   // The first period begins.
  bool operator==(const Switchback&) const = default;
};

// Which hash decides the variant: assay's own, or a peer's, so that a running test can move here
// unshuffled.
enum class HashScheme {
  kAssay,
  kGrowthbookV2,
  kGrowthbookV1,
  kFlagd,
  kUnleash,
  kOptimizely,
  kLaunchdarkly,
  kEppo,
  kStatsig,
  kMd5Guide
};

// Only units whose bucket of a peer's hash lies in one of these ranges: how that tool keeps
// experiments apart (GrowthBook's namespaces and filters).
struct Namespace {
  HashScheme hash = HashScheme::kGrowthbookV2;
  std::string salt;
  std::string unit = "user";      // Kind of unit; one without an id is in no range.
  std::vector<SlotRange> ranges;  // In parts per million of the buckets, sorted, disjoint.
  bool operator==(const Namespace&) const = default;
};

struct Assignment {
  std::string unit = "user";  // Kind of unit: user, session, device, page, cluster…
  std::string fallback_unit;  // Kind that is assigned where nobody names one of the first; or none.
  std::string layer;  // Experiments in one layer exclude each other. Default: the experiment's id.
  std::vector<SlotRange> slots;  // Owned slots of the layer, sorted, disjoint.
  // The file asks for this share of the layer instead of naming slots: found when it starts.
  std::optional<std::uint32_t> share_ppm;
  std::uint32_t traffic_ppm =
      kLayerSlots;   // Share of the owned slots in use, taken from the front of the ranges.
  std::string salt;  // Default: the experiment's id.
  HashScheme hash = HashScheme::kAssay;
  bool sticky = false;  // Whoever has a variant keeps it, whatever the weights become.
  // Weights are set while it runs (by a bandit): none below this share.
  std::optional<std::uint32_t> adaptive_floor_ppm;
  bool reshuffle = false;  // A change of weights may move units that were exposed.
  std::optional<Switchback> switchback;
  bool expose_on_evaluation =
      false;  // An OFREP answer counts as exposure; otherwise only an explicit call does.
  std::vector<Holdout> holdouts;            // Frozen with the plan: the catalogue may change later.
  std::vector<Prerequisite> prerequisites;  // All of them must be met.
  std::vector<Namespace> namespaces;        // The unit must be inside of each.
  Condition targeting;                      // Who is eligible; kAlways when the file has none.
  std::vector<Override> overrides;          // Honoured, and left out of the analysis.
  std::vector<Forced> forced;  // The same for conditions; the first that is met, after overrides.
  bool operator==(const Assignment&) const = default;
};

enum class Role { kPrimary, kSecondary, kGuardrail };
enum class Direction { kIncrease, kDecrease };

// One metric in the plan: which metric, in which role, judged how.
struct PlannedMetric {
  std::string name;
  Role role = Role::kPrimary;
  Direction direction =
      Direction::kIncrease;  // The good direction. must_not_increase means kDecrease is good.
  std::optional<double>
      mde_relative;  // Smallest effect worth detecting, relative to control (0.05 = 5 %).
  std::optional<double> threshold;  // Guardrail: absolute cap (or floor) for the treatment's value.
  bool must_not_worsen = false;     // Guardrail: also compare with control …
  double margin_relative = 0.0;     // … and tolerate this much harm, relative to control.
  std::optional<MetricDefinition>
      definition;  // Missing: named but defined nowhere (a warning; start refuses).
  bool operator==(const PlannedMetric&) const = default;
};

enum class Method { kSequential, kFixedHorizon, kBayesian };
enum class VarianceReduction { kNone, kCuped };
enum class Correction {
  kNone,
  kBonferroni,
  kHolm,
  kHochberg,
  kBenjaminiHochberg,
  kBenjaminiYekutieli
};

struct Analysis {
  Method method = Method::kSequential;
  double alpha = 0.05;
  double power = 0.80;
  std::optional<double> mde_relative;
  VarianceReduction variance_reduction = VarianceReduction::kNone;
  std::optional<MetricDefinition>
      covariate;               // What CUPED uses, measured before the first exposure.
  std::string covariate_name;  // As written in the file (cuped_covariate).
  Correction correction = Correction::kBenjaminiHochberg;
  std::optional<double> prior_sd_relative;  // Bayesian: N(0, sd²) on the relative lift; none: flat.
  double ship_probability = 0.95;           // Bayesian: P(better) needed to ship.
  double srm_alpha = 0.001;                 // Sample-ratio mismatch alarms below this p.
  bool operator==(const Analysis&) const = default;
};

struct Schedule {
  std::optional<Timestamp> start;
  std::optional<double> min_runtime_days;
  std::optional<double> max_runtime_days;
  std::optional<std::int64_t> sample_size_per_variant;
  bool operator==(const Schedule&) const = default;
};

struct Experiment {
  std::string id;  // [a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}
  std::string name;
  std::string hypothesis;
  std::vector<Variant>
      variants;  // At least two, unique keys, in file order; control first named in `control`.
  std::string control;  // Key of the control variant ("control" if there is one, else the first).
  Assignment assignment;
  std::vector<PlannedMetric>
      metrics;  // Primary, then secondary, then guardrails, each in file order.
  std::vector<std::string> segments;  // Attributes to break results down by.
  Analysis analysis;
  Schedule schedule;

  const Variant& control_variant() const;
  std::uint64_t total_weight() const;
  bool operator==(const Experiment&) const = default;
};

}  // namespace assay::define
