// What both importers share: conditions with constants folded, and an ordered list of rules made
// into one experiment. Internal to define.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "assay/define/experiment.h"
#include "assay/define/fields.h"

namespace assay::define {

Condition always();
Condition never();
bool is_always(const Condition& condition);
bool is_never(const Condition& condition);
// Constants inside are folded away, so that a constant is only ever the whole.
Condition all_of(std::vector<Condition> parts);
Condition any_of(std::vector<Condition> parts);
Condition negate(Condition condition);
Condition compare(Op op, std::string attribute, std::vector<Scalar> values);
Condition exists(std::string attribute, bool is_there = true);

// A plain scalar: true, 5 or a text; nothing for null, lists and maps.
std::optional<Scalar> scalar_of(const Node& node);

// Where the hash comes from, when a rule splits.
struct Bucketing {
  HashScheme hash = HashScheme::kAssay;
  std::string salt;
  std::string unit = "user";
  std::uint32_t traffic_ppm = kLayerSlots;
  bool operator==(const Bucketing&) const = default;
};

// "Whoever meets `when` (and no rule before) gets one of `variants`." One variant: a fixed value.
struct Rule {
  Condition when;
  std::vector<Variant> variants;  // With their payloads as JSON.
  Bucketing bucketing;
  Value value;  // Where it stands, for problems.
};

struct Flag {
  std::string key;
  Variant fallback;  // Who gets no other; its payload as JSON.
  std::vector<Rule> rules;
  std::vector<Override> overrides;
};

// Nothing after a problem, which `value` (the flag) or a rule reports.
std::optional<Experiment> make_experiment(Flag flag, const Value& value);

}  // namespace assay::define
