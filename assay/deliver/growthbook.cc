// The wire format is that of GrowthBook's SDK specification 0.7.1. Conditions say `$type` wherever
// JavaScript or Python would convert, because assay converts nothing.
#include "assay/deliver/growthbook.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace assay::deliver {
namespace {

using define::Condition;
using define::Experiment;
using define::HashScheme;
using define::Op;
using define::Scalar;
using Json = nlohmann::ordered_json;

std::string attribute_of(const std::string& unit_kind) {
  return unit_kind == "user" ? "id" : unit_kind;
}

Json json_of(const Scalar& scalar) {
  return std::visit([](const auto& value) { return Json(value); }, scalar);
}

const char* type_of(const Scalar& scalar) {
  constexpr const char* kTypes[] = {"boolean", "number", "string"};
  return kTypes[scalar.index()];
}

Json values_of(const Condition& condition) {
  Json values = Json::array();
  for (const Scalar& value : condition.values) values.push_back(json_of(value));
  return values;
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\^$.|?*+()[]{}/-").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

// Any of the texts at the place that `before` and `after` pin down; the empty text is at every
// place.
Json text_match(const Condition& condition, const char* before, const char* after) {
  if (std::ranges::find(condition.values, Scalar{std::string{}}) != condition.values.end()) {
    return {{"$type", "string"}};
  }
  std::string pattern;
  for (const Scalar& value : condition.values) {
    pattern += (pattern.empty() ? "" : "|") + escaped(std::get<std::string>(value));
  }
  return {{"$type", "string"}, {"$regex", before + ("(?:" + pattern + ")") + after}};
}

// Python takes True for 1 in a list; a lone boolean is told apart here.
Json membership(const Condition& condition, const char* op) {
  Json test = {{op, values_of(condition)}};
  bool has_boolean = false;
  bool has_number = false;
  for (const Scalar& value : condition.values) {
    has_boolean |= std::holds_alternative<bool>(value);
    has_number |= std::holds_alternative<double>(value);
  }
  if (has_number && !has_boolean) test["$not"] = {{"$type", "boolean"}};
  if (has_boolean && !has_number) test["$not"] = {{"$type", "number"}};
  return test;
}

Json negated(Json test) { return {{"$exists", true}, {"$not", std::move(test)}}; }

Json equality(const Condition& condition) {
  const Scalar& value = condition.values.front();
  return {{"$type", type_of(value)}, {"$eq", json_of(value)}};
}

Json order(const Condition& condition, const char* op) {
  return {{"$type", "number"}, {op, json_of(condition.values.front())}};
}

Json at(const Condition& condition, Json test) { return {{condition.attribute, std::move(test)}}; }

Json mongo(const Condition& condition);

Json children_of(const Condition& condition) {
  Json parts = Json::array();
  for (const Condition& child : condition.children) parts.push_back(mongo(child));
  return parts;
}

constexpr const char* kLineBreaks[] = {"\n", "\v", "\f", "\r", "\u0085", "\u2028", "\u2029"};

// "$" is the very end, but in Python, Java, Swift and others also the place before a last line
// break, and nothing else is the very end in all of them: so the text may not end with a break.
Json ends_with(const Condition& condition) {
  Json test = text_match(condition, "", "$");
  if (!test.contains("$regex")) return test;
  std::string breaks;
  for (const char* one : kLineBreaks) breaks += (breaks.empty() ? "(?:" : "|") + std::string(one);
  test["$not"] = {{"$regex", breaks + ")$"}};
  return test;
}

Json contains(const Condition& condition) {
  return {{"$or",
           {at(condition, text_match(condition, "", "")),
            at(condition, {{"$type", "array"}, {"$in", values_of(condition)}})}}};
}

Json mongo(const Condition& condition) {
  switch (condition.op) {
    case Op::kAll:
      return {{"$and", children_of(condition)}};
    case Op::kAny:
      // An empty $or is true for GrowthBook.
      if (condition.children.empty()) return {{"$not", {{"$and", Json::array()}}}};
      return {{"$or", children_of(condition)}};
    case Op::kNot:
      return {{"$not", mongo(condition.children.front())}};
    case Op::kEqual:
      return at(condition, equality(condition));
    case Op::kNotEqual:
      return at(condition, negated(equality(condition)));
    case Op::kIn:
      return at(condition, membership(condition, "$in"));
    case Op::kNotIn:
      return at(condition, negated(membership(condition, "$in")));
    case Op::kLess:
      return at(condition, order(condition, "$lt"));
    case Op::kLessEqual:
      return at(condition, order(condition, "$lte"));
    case Op::kGreater:
      return at(condition, order(condition, "$gt"));
    case Op::kGreaterEqual:
      return at(condition, order(condition, "$gte"));
    case Op::kPrefix:
      return at(condition, text_match(condition, "^", ""));
    case Op::kSuffix:
      return at(condition, ends_with(condition));
    case Op::kContains:
      return contains(condition);
    case Op::kExists:
      return at(condition, {{"$exists", std::get<bool>(condition.values.front())}});
    default:
      return Json::object();  // kAlways; the rest is refused before.
  }
}

using Fits = bool (*)(const Condition& leaf);

// In the targeting and in what forces variants.
bool has_leaf(const Condition& condition, Fits fits) {
  return fits(condition) || std::ranges::any_of(condition.children, [&](const Condition& child) {
           return has_leaf(child, fits);
         });
}

bool has_leaf(const define::Assignment& assignment, Fits fits) {
  return has_leaf(assignment.targeting, fits) ||
         std::ranges::any_of(assignment.forced,
                             [&](const define::Forced& one) { return has_leaf(one.when, fits); });
}

bool has_versions(const Condition& leaf) { return leaf.op == Op::kSemver; }
bool ends_with_break(const Condition& leaf) {
  return leaf.op == Op::kSuffix && std::ranges::any_of(leaf.values, [](const Scalar& value) {
           return std::ranges::any_of(kLineBreaks, [&](const char* one) {
             return std::get<std::string>(value).ends_with(one);
           });
         });
}
bool asks_targeting_key(const Condition& leaf) { return leaf.attribute == "targetingKey"; }
bool asks_user(const Condition& leaf) {
  return leaf.attribute == "user" || leaf.attribute.starts_with("user.");
}

// Where an attribute would be read as logic.
bool is_keyword(const Condition& leaf) {
  constexpr const char* kWords[] = {"$and", "$or", "$nor", "$not", "$savedGroup"};
  return std::ranges::find(kWords, leaf.attribute) != std::end(kWords);
}

// Whether units without the attribute can never meet it.
bool requires_attribute(const Condition& condition, const std::string& name) {
  if (condition.op == Op::kExists) {
    return condition.attribute == name && std::get<bool>(condition.values.front());
  }
  return condition.op == Op::kAll &&
         std::ranges::any_of(condition.children, [&](const Condition& child) {
           return requires_attribute(child, name);
         });
}

// The experiment's own and those of its namespaces.
std::vector<std::string> kinds_of_unit(const define::Assignment& assignment) {
  std::vector<std::string> kinds = {assignment.unit};
  for (const define::Namespace& one : assignment.namespaces) kinds.push_back(one.unit);
  return kinds;
}

// Where a kind's attribute is missing assay takes the targeting key, which the SDKs do not have.
bool takes_targeting_key(const define::Assignment& assignment) {
  return std::ranges::any_of(kinds_of_unit(assignment), [&](const std::string& unit) {
    return unit != "user" && !requires_attribute(assignment.targeting, unit);
  });
}

// The names under which the SDKs look somewhere else.
bool has_other_names(const define::Assignment& assignment) {
  return std::ranges::any_of(kinds_of_unit(assignment), [](const std::string& unit) {
    return unit == "id" || unit.find('.') != std::string::npos;
  });
}

bool owns_whole_layer(const define::Assignment& assignment) {
  std::uint64_t owned = 0;
  for (const define::SlotRange& range : assignment.slots) owned += range.end - range.begin;
  return assignment.slots.empty() || owned == define::kLayerSlots;
}

Json value_of(const define::Variant& variant) {
  if (variant.payload_json.empty()) return variant.key;
  return Json::parse(variant.payload_json, nullptr, false);
}

// Whether the plan gives this variant to some by name. Its null would be no `force` for the Python
// SDK, which goes on to the split.
bool forces_null(const Experiment& plan) {
  const auto is_null = [&](const std::string& key) {
    return std::ranges::any_of(plan.variants, [&](const define::Variant& variant) {
      return variant.key == key && variant.payload_json == "null";
    });
  };
  const define::Assignment& assignment = plan.assignment;
  return std::ranges::any_of(assignment.overrides, is_null, &define::Override::variant) ||
         std::ranges::any_of(assignment.forced, is_null, &define::Forced::variant);
}

// The values that `overrides` force, one rule per variant.
void add_overrides(const Experiment& plan, Json& rules) {
  for (const define::Variant& variant : plan.variants) {
    Json units = Json::array();
    for (const define::Override& one : plan.assignment.overrides) {
      if (one.variant == variant.key) units.push_back(one.unit_id);
    }
    if (units.empty()) continue;
    const std::string attribute = attribute_of(plan.assignment.unit);
    rules.push_back(
        {{"condition", {{attribute, {{"$in", std::move(units)}}}}}, {"force", value_of(variant)}});
  }
}

void add_forced(const Experiment& plan, Json& rules) {
  for (const define::Forced& one : plan.assignment.forced) {
    const auto variant = std::ranges::find_if(
        plan.variants, [&](const define::Variant& v) { return v.key == one.variant; });
    Json rule = {{"force", value_of(*variant)}};
    if (one.when.op != Op::kAlways) rule["condition"] = mongo(one.when);
    rules.push_back(std::move(rule));
  }
}

Json filter_of(const define::Namespace& one) {
  Json filter = {{"attribute", attribute_of(one.unit)},
                 {"seed", one.salt},
                 {"hashVersion", one.hash == HashScheme::kGrowthbookV2 ? 2 : 1}};
  for (const define::SlotRange& range : one.ranges) {
    filter["ranges"].push_back(
        {range.begin / double{define::kLayerSlots}, range.end / double{define::kLayerSlots}});
  }
  return filter;
}

Json experiment_rule(const assign::Running& running) {
  const Experiment& plan = running.plan;
  const define::Assignment& assignment = plan.assignment;
  const auto total = static_cast<double>(plan.total_weight());
  Json rule = {{"key", plan.id},
               {"seed", assignment.salt.empty() ? plan.id : assignment.salt},
               {"hashAttribute", attribute_of(assignment.unit)},
               {"hashVersion", assignment.hash == HashScheme::kGrowthbookV2 ? 2 : 1},
               {"phase", std::to_string(running.epoch)},
               {"coverage", assignment.traffic_ppm / double{define::kLayerSlots}}};
  for (const define::Variant& variant : plan.variants) {
    rule["variations"].push_back(value_of(variant));
    rule["weights"].push_back(variant.weight / total);
    rule["meta"].push_back({{"key", variant.key}});
  }
  for (const define::Namespace& one : assignment.namespaces) {
    rule["filters"].push_back(filter_of(one));
  }
  if (assignment.targeting.op != Op::kAlways) rule["condition"] = mongo(assignment.targeting);
  return rule;
}

Json feature_of(const assign::Running& running) {
  Json feature = {{"defaultValue", value_of(running.plan.control_variant())}};
  if (running.is_stopped) return feature;
  Json rules = Json::array();
  add_overrides(running.plan, rules);
  add_forced(running.plan, rules);
  rules.push_back(experiment_rule(running));
  feature["rules"] = std::move(rules);
  return feature;
}

}  // namespace

std::string why_not_growthbook(const Experiment& plan) {
  const define::Assignment& assignment = plan.assignment;
  if (assignment.hash != HashScheme::kGrowthbookV2 &&
      assignment.hash != HashScheme::kGrowthbookV1) {
    return "it splits by a hash that GrowthBook's SDKs do not have; hash: growthbook_v2 is theirs";
  }
  if (!owns_whole_layer(assignment)) {
    return "it owns only some slots of its layer, which assay draws by its own hash";
  }
  if (assignment.sticky) {
    return "it is sticky, and GrowthBook's SDKs only remember in a store of their own";
  }
  if (!assignment.fallback_unit.empty()) {
    return "it has a fallback unit, which GrowthBook's SDKs only read with a store of their own";
  }
  if (has_other_names(assignment)) {
    return "its unit is named id, which is GrowthBook's name for the unit user, or has a dot";
  }
  if (takes_targeting_key(assignment)) {
    return "the targeting key stands in for a unit without its attribute, which GrowthBook's SDKs "
           "do not have; targeting: {attribute: UNIT, exists: true} leaves these units out";
  }
  if (assignment.unit != "user" && !assignment.overrides.empty()) {
    return "its overrides count for targeting keys too where a unit has no attribute; forced: "
           "[{variant: V, when: {attribute: UNIT, in: [ID]}}] asks for the attribute alone";
  }
  if (forces_null(plan)) {
    return "an override or a forced variant has the payload null, which GrowthBook's SDK for "
           "Python takes for no value";
  }
  if (!assignment.holdouts.empty() || !assign::all_prerequisites(assignment).empty()) {
    return "it has holdouts or prerequisites, which only assay can answer";
  }
  if (has_leaf(assignment, asks_targeting_key)) {
    return "its conditions ask for targetingKey, which GrowthBook's SDKs do not have";
  }
  if (has_leaf(assignment, asks_user)) {
    return "its conditions ask for the attribute user, which is the unit's id here and id in "
           "GrowthBook; rename the attribute";
  }
  if (has_leaf(assignment, is_keyword)) {
    return "its conditions ask for an attribute named $and, $or, $nor, $not or $savedGroup, which "
           "GrowthBook's SDKs read as logic; rename the attribute";
  }
  if (has_leaf(assignment, ends_with_break)) {
    return "its conditions ask for a text that ends with a line break, where GrowthBook's SDKs "
           "differ";
  }
  if (has_leaf(assignment, has_versions)) {
    return "its conditions have version ranges, which GrowthBook's SDKs compare otherwise";
  }
  return {};
}

GrowthbookPayload growthbook_payload(std::span<const assign::Running> experiments) {
  GrowthbookPayload payload;
  std::string features;  // Each is written by itself: an ordered object finds a name by looking.
  const auto write = [&](const Json& json) {
    // In ASCII: readers of streams take U+2028 and others for the end of a line.
    features += json.dump(-1, ' ', true, Json::error_handler_t::replace);
  };
  for (const assign::Running& running : experiments) {
    std::string reason = why_not_growthbook(running.plan);
    if (!reason.empty()) {
      payload.left_out.emplace(running.plan.id, std::move(reason));
      continue;
    }
    features += features.empty() ? '{' : ',';
    write(running.plan.id);
    features += ':';
    write(feature_of(running));
  }
  payload.features_json = features.empty() ? "{}" : features + '}';
  return payload;
}

}  // namespace assay::deliver
