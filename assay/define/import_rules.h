// What both importers share: conditions with constants folded, and an ordered list of rules made
// into one experiment. Internal to define.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "assay/define/experiment.h"
#include "assay/define/fields.h"
#include "assay/define/import.h"
#include "assay/define/import_extent.h"

namespace assay::define {

// Deeper than a file, for a payload says more around what a file says.
inline constexpr DocumentLimits kImportLimits{
    .bytes = kMaxImportBytes, .nodes = 1'000'000, .depth = kMaxDepth + 16};

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
Condition is_text(std::string attribute);
// A list (and nothing else) in which one of the values is.
Condition is_list_with(const std::string& attribute, std::vector<Scalar> values);

// A plain scalar: true, 5 or a text; nothing for null, lists and maps.
std::optional<Scalar> scalar_of(const Node& node);

// Where the hash comes from, when a rule draws.
struct Bucketing {
  HashScheme hash = HashScheme::kAssay;
  std::string salt;
  std::string unit = "user";
  std::string fallback_unit = {};
  std::uint32_t traffic_ppm = kLayerSlots;
  std::vector<Namespace> namespaces = {};  // The unit must be inside of each.
  bool operator==(const Bucketing&) const = default;
};

// That another flag, which draws, gives one of some values, and that it does not.
struct Need {
  Prerequisite met;
  Prerequisite unmet;
  bool operator==(const Need&) const = default;
};

// Under which conditions something holds, and with which variants of other experiments.
struct When {
  Condition condition;
  std::vector<Need> needs = {};
};

// "Whoever meets `when` (and no rule before) gets one of `variants`." One variant: a fixed value;
// with `rest`, for a share of units, and the others go on to the rules below.
struct Rule {
  Condition when;
  std::vector<Variant> variants;  // With their payloads as JSON.
  Bucketing bucketing;
  Value value;             // Where it stands, for problems.
  std::uint32_t rest = 0;  // Weight of those who go on, beside the variant's.
  std::vector<Need> needs = {};
};

struct Flag {
  std::string key;
  Variant fallback;  // Who gets no other; its payload as JSON.
  std::vector<Rule> rules;
  std::vector<Variant> others;  // Values that it could give.
  std::string id_attribute;     // The name of a user's id in conditions.
  bool is_partition = false;    // Everybody meets exactly one rule, in whatever order.
};

// A flag becomes one experiment: its first rule that draws is the split, what is fixed before it
// (and, for those who do not meet the split's condition, after it) is forced, and everybody else
// gets control's value. Without a draw, the last fixed value is the "split", of one variant; a flag
// that could give but one value is refused.
// Nothing after a problem, which `value` (the flag) or a rule reports.
std::optional<Experiment> make_experiment(Flag flag, const Value& value);

// When the flag has a value for which `test` holds; nothing after a problem, which `value` reports.
// A flag that draws is an experiment of its own, whose variants are asked for.
std::optional<When> when_it_gives(Flag flag, const Condition& test, const Value& value);

// The prerequisite of this name is no good: for the last of these errors, or for what lies behind
// it where that is about a prerequisite in turn.
void cannot_take_over(const Value& value, std::string_view prerequisite, const Problems& problems);

// An error at this place or inside of it: of a file that is no good there, whatever it says.
bool has_error_within(const Problems& problems, const std::string& path);

// An error anywhere but inside of one flag.
bool has_error_outside(const Problems& problems, std::string_view flags);

// What `read` makes of a flag into `imported`, unless it reports a problem; it reports one at least
// where it makes nothing. `values` are those of all flags so far, which are bounded, too.
void add_flag(const Value& value, Imported& imported, std::size_t& values,
              const std::function<std::optional<Experiment>(Extent&)>& read);
// With the problems that were reported.
Imported sorted_out(Imported imported, Problems problems);

}  // namespace assay::define
