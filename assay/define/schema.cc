#include "assay/define/schema.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "assay/base/check.h"
#include "assay/define/words.h"

namespace assay::define {
namespace {

// What kinds of values look like to an editor.
constexpr std::pair<std::string_view, std::string_view> kKinds[] = {
    {"any", "{}"},
    {"nothing", R"({"type": "null"})"},
    {"text", R"({"type": "string", "minLength": 1, "maxLength": 1024})"},
    {"id", R"({"type": "string", "pattern": "^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$"})"},
    {"flag", R"({"type": "boolean"})"},
    {"number", R"({"type": "number"})"},
    {"positive", R"({"type": "number", "exclusiveMinimum": 0})"},
    {"margin", R"({"type": "number", "minimum": 0})"},
    {"open_unit", R"({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1})"},
    {"days", R"({"type": "number", "minimum": 0, "maximum": 3650})"},
    {"day", R"({"type": "integer", "minimum": 0, "maximum": 3650})"},
    {"size", R"({"type": "integer", "minimum": 1})"},
    {"share", R"({"type": "number", "minimum": 0, "maximum": 1})"},
    {"weight", R"({"type": "number", "minimum": 0})"},
    {"percent", R"({"type": "string", "pattern": "^[0-9.]+%$"})"},
    {"duration", R"({"type": "string", "pattern": "^[0-9.]+(s|m|h|d|w)$"})"},
    {"time", R"({"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}"})"},
    {"scalar", R"({"type": ["string", "number", "boolean"]})"},
    {"bounds", R"({"type": "array", "minItems": 2, "maxItems": 2})"},
    {"slots", R"({"type": "array", "items": {"type": ["string", "integer", "array"]}})"},
};

constexpr Key kConditionKeys[] = {
    {"all", "[#condition]", "Every one of these conditions holds."},
    {"any", "[#condition]", "At least one of these conditions holds."},
    {"not", "#condition", "This condition does not hold."},
    {"attribute", "text",
     "What to compare: an attribute or event property, device.os for nesting."},
    {"equals", "scalar", "Equal to this value."},
    {"not_equals", "scalar", "Present and not equal to this value."},
    {"in", "[scalar]", "One of these values; for a list: any element is."},
    {"not_in", "[scalar]", "Present and none of these values."},
    {"less_than", "number", "A number below this one."},
    {"at_most", "number", "A number not above this one."},
    {"greater_than", "number", "A number above this one."},
    {"at_least", "number", "A number not below this one."},
    {"starts_with", "text|[text]", "Text that starts with this, or any of these."},
    {"ends_with", "text|[text]", "Text that ends with this, or any of these."},
    {"contains", "text|[text]", "Text that contains this, or a list with it as an element."},
    {"semver", "text|[text]", "A version in this range, or any of these: >=2.3.0, ^1.4, ~1.4.2."},
    {"exists", "flag", "Whether the attribute is there at all."},
};

constexpr Key kTargetingKeys[] = {
    {"platforms", "[text]", "Attribute platform is one of these."},
    {"countries", "[text]", "Attribute country is one of these."},
    {"user_segments", "[text]", "Attribute user_segment is, or has as an element, one of these."},
};

constexpr Key kMeasureKeys[] = {
    {"event", "text", "Name of the event the metric is made of."},
    {"aggregate", "@aggregation", "How a unit's events become one number."},
    {"field", "text", "Event property to aggregate; without it the event's own value."},
    {"where", "#condition", "Only events that meet this condition count."},
};

constexpr Key kDefinitionKeys[] = {
    {"type", "@type", "What kind of number the metric is."},
    {"numerator", "#measure", "ratio: what is summed above the line."},
    {"denominator", "#measure", "ratio: what is summed below the line."},
    {"quantile", "open_unit", "quantile: which one; 0.99 is the 99th percentile."},
    {"day", "day", "retention: the unit comes back on this day after its first exposure."},
    {"window", "duration|#window", "Time after first exposure: 7d, or {from: 1d, to: 8d}."},
    {"cap", "positive|#cap", "Winsorization of a unit's value: a number, or a percentile."},
};

constexpr Key kMetricKeys[] = {
    {"name", "text", "The metric's name; defined here or in a catalogue.", true},
    {"direction", "@direction", "Which way is better."},
    {"mde_relative", "positive", "Smallest relative effect worth detecting on this metric."},
};

constexpr Key kGuardrailKeys[] = {
    {"name", "text", "The metric's name; defined here or in a catalogue.", true},
    {"direction", "@direction|@rule", "Which way is better, or the rule against getting worse."},
    {"mde_relative", "positive", "Smallest relative effect worth detecting on this metric."},
    {"threshold", "number", "Limit of the variant's value: a cap, or a floor if more is better."},
    {"must_not_increase", "flag|margin", "Not above control by more than this relative margin."},
    {"must_not_decrease", "flag|margin", "Not below control by more than this relative margin."},
};

constexpr Key kMetricsKeys[] = {
    {"primary", "[#metric]", "Decide the verdict.", true},
    {"secondary", "[#metric]", "Explain it."},
    {"guardrails", "[#guardrail]", "Must not be harmed."},
};

constexpr Key kCovariateKeys[] = {
    {"lookback", "duration", "How far back before the first exposure: 14d.", true},
    {"numerator", "#measure", "With denominator: the past of a ratio, above the line."},
    {"denominator", "#measure", "The past of a ratio, below the line."},
};

constexpr Key kWindowKeys[] = {
    {"from", "duration", "Start, such as 1d."},
    {"to", "duration", "End (not included)."},
};

constexpr Key kCapKeys[] = {
    {"percentile", "open_unit", "Of all variants together; 0.99.", true},
};

constexpr Key kVariantKeys[] = {
    {"weight", "weight|percent", "Share of the units, as in allocation."},
    {"payload", "any", "Any value; what an evaluation answers."},
    {"endpoint", "text", "Address of the model that serves this variant."},
};

constexpr Key kListedVariantKeys[] = {
    {"key", "text", "Its name.", true},
};

constexpr Key kLayerKeys[] = {
    {"name", "text", "Name of the layer.", true},
    {"slots", "text|slots",
     "Of 0 to 999999: \"0-499999\" (both ends included), [0, 500000] (end not included), or a "
     "list of these."},
    {"share", "share|percent", "Instead of slots: so much of the layer, found when it starts."},
};

constexpr Key kHoldoutKeys[] = {
    {"share", "share|percent", "Share of the units that are held out, above 0.", true},
    {"unit", "text", "Kind of unit that is held out; user by default."},
    {"layers", "[text]", "Only experiments in these layers; all by default."},
};

constexpr Key kPrerequisiteKeys[] = {
    {"experiment", "id", "The other experiment.", true},
    {"variants", "[text]", "The unit has one of these variants there.", true},
    {"or_outside", "flag", "Or it is outside of that experiment."},
};

constexpr Key kNamespaceKeys[] = {
    {"hash", "@hash", "growthbook_v2 (the default) or growthbook_v1."},
    {"salt", "text", "The seed of the filter; for a namespace of GrowthBook: __NAME.", true},
    {"unit", "text", "Kind of unit that is hashed; that of the experiment by default."},
    {"ranges", "[bounds]", "Shares from and to: [[0, 0.4], [0.6, 1]].", true},
};

constexpr Key kSwitchbackKeys[] = {
    {"period", "duration", "How long a variant stays: 4h.", true},
    {"burn_in", "duration", "At the start of each period: served, but not counted."},
    {"start", "time", "When the first period begins; by default periods count from 1970."},
};

constexpr Key kForcedKeys[] = {
    {"variant", "text", "What whoever meets the condition gets.", true},
    {"when", "#targeting", "The condition; needed where there are no prerequisites."},
    {"prerequisites", "[#prerequisite]", "It has these variants in other experiments, too."},
};

constexpr Key kAdaptiveKeys[] = {
    {"floor", "share|percent", "No variant's share ever falls below this, which is above 0.", true},
};

constexpr Key kReweighingKeys[] = {
    {"allocation", "{weight|percent}", "Each variant's share of the units to come.", true},
};

constexpr Key kAnalysisKeys[] = {
    {"method", "@method", "Valid at every look, at one planned size, or Bayesian."},
    {"alpha", "open_unit", "Two-sided false-alarm rate; Bayesian: 1 - the credible level."},
    {"power", "open_unit", "Chance to find an effect of the size of the MDE."},
    {"mde_relative", "positive", "Smallest relative effect worth detecting."},
    {"variance_reduction", "@reduction", "cuped needs cuped_covariate."},
    {"cuped_covariate", "text", "Name of an entry in covariates, here or in a catalogue."},
    {"multiple_comparison_correction", "@correction", "Over variants and metrics of one role."},
    {"prior_sd_relative", "positive", "bayesian: prior standard deviation of the relative lift."},
    {"ship_probability", "open_unit", "bayesian: probability of being better needed to ship."},
    {"srm_alpha", "open_unit", "A sample-ratio mismatch is reported below this p-value."},
};

constexpr Key kScheduleKeys[] = {
    {"start_date", "time", "Day or time of the start."},
    {"min_runtime_days", "days", "No verdict before."},
    {"max_runtime_days", "days", "Ends then."},
    {"sample_size_per_variant", "size", "Units per variant the plan aims at."},
    {"estimated_sample_size_per_group", "size", "The same, by another name."},
};

constexpr Key kExperimentKeys[] = {
    {"id", "id", "Short unique name: letters, digits, dots, dashes, underscores.", true},
    {"name", "text", "Title for people."},
    {"hypothesis", "text", "What is expected to happen and why."},
    {"allocation", "{weight|percent}",
     "Variant to share: fractions that add to 1, percentages, or whole numbers."},
    {"variants", "{#variant|nothing}|[#listed_variant]",
     "Variants with payloads or model endpoints."},
    {"control", "text", "Key of the variant that the others are compared with."},
    {"unit", "text", "What is assigned: user (default), session, device, …."},
    {"fallback_unit", "text", "What is assigned where a context has no id of the first kind."},
    {"layer", "text|#layer", "Experiments in one layer exclude each other."},
    {"traffic", "share|percent", "Share of the eligible units that take part, 0 to 1."},
    {"salt", "text", "Seed of the split; the id unless you move a running test."},
    {"hash", "@hash", "Which hash decides: assay's own or that of the tool you come from."},
    {"sticky", "flag", "What a unit was answered is remembered, so that weights may change."},
    {"adaptive", "#adaptive", "Weights are set while it runs, by a bandit; needs sticky."},
    {"reshuffle", "flag", "A change of weights may move units that were already exposed."},
    {"exposure", "@exposure", "What counts as exposure: an explicit call, or every evaluation."},
    {"targeting", "#targeting", "Who is eligible."},
    {"holdouts", "@holdouts|[text]",
     "Which of the catalogue's holdouts apply: these, or none. Default: all that cover its layer."},
    {"prerequisites", "[#prerequisite]",
     "Only units that have these variants in other experiments are eligible."},
    {"namespaces", "[#namespace]",
     "Only units in these ranges of another tool's hash: what keeps its experiments apart."},
    {"switchback", "#switchback", "The variant of a unit changes from period to period."},
    {"overrides", "{text}", "Unit id to variant; honoured, and left out of the analysis."},
    {"forced", "[#forced]", "The same for conditions: the first that is met decides."},
    {"metrics", "#metrics", "What is measured, by role.", true},
    {"covariates", "{#covariate}", "Name to a value measured before the first exposure."},
    {"segments", "[text]", "Attributes to break results down by."},
    {"analysis", "#analysis", "How the numbers become an answer."},
    {"schedule", "#schedule", "When it starts and how long it runs."},
};

constexpr Key kFileKeys[] = {
    {"experiment", "#experiment", "The plan of one A/B test.", true},
    {"metrics", "{#definition}", "Catalogue: metric name to definition."},
    {"covariates", "{#covariate}", "Catalogue: name to a value from before the first exposure."},
    {"holdouts", "{#holdout}", "Catalogue: name to a share of units kept out of experiments."},
};

constexpr Key kCatalogueKeys[] = {
    {"metrics", "{#definition}", "Metric name to definition."},
    {"covariates", "{#covariate}", "Name to a value measured before the first exposure."},
    {"holdouts", "{#holdout}", "Name to a share of units kept out of experiments."},
};

const Section kSections[] = {
    {"file", "An experiment, optionally with a catalogue beside it.", {kFileKeys}},
    {"experiment", "The plan of one A/B test.", {kExperimentKeys}},
    {"variant", "One variant.", {kVariantKeys}},
    {"listed_variant", "One variant.", {kListedVariantKeys, kVariantKeys}},
    {"layer", "A layer and the slots of it that this experiment owns.", {kLayerKeys}},
    {"holdout", "Units kept out of experiments.", {kHoldoutKeys}},
    {"prerequisite", "A variant of another experiment.", {kPrerequisiteKeys}},
    {"namespace", "Ranges of another tool's hash.", {kNamespaceKeys}},
    {"switchback", "Variants that take turns.", {kSwitchbackKeys}},
    {"forced", "A variant for whoever meets a condition.", {kForcedKeys}},
    {"adaptive", "Weights that are set while it runs.", {kAdaptiveKeys}},
    {"reweighing", "New weights of an adaptive experiment.", {kReweighingKeys}},
    {"condition", "A condition on attributes; everything given must hold.", {kConditionKeys}},
    {"targeting", "Who is eligible; everything given must hold.", {kTargetingKeys, kConditionKeys}},
    {"metrics", "Metrics by role.", {kMetricsKeys}},
    {"metric", "A metric in the plan.", {kMetricKeys, kDefinitionKeys, kMeasureKeys}},
    {"guardrail",
     "A metric that must not be harmed: an absolute limit, a comparison with control, or both.",
     {kGuardrailKeys, kDefinitionKeys, kMeasureKeys}},
    {"definition", "What a metric is made of.", {kDefinitionKeys, kMeasureKeys}},
    {"measure", "Events folded into one number per unit.", {kMeasureKeys}},
    {"covariate", "A number per unit, before its exposure.", {kCovariateKeys, kMeasureKeys}},
    {"window", "A span after first exposure.", {kWindowKeys}},
    {"cap", "A cap by percentile.", {kCapKeys}},
    {"analysis", "How the numbers become an answer.", {kAnalysisKeys}},
    {"schedule", "When it starts and how long it runs.", {kScheduleKeys}},
    {"catalogue",
     "Metrics, covariates and holdouts that many experiments share.",
     {kCatalogueKeys}},
};

using Json = nlohmann::ordered_json;

template <typename E>
Json texts() {
  Json list = Json::array();
  for (const Word<E>& word : words(E{})) list.push_back(word.text);
  return list;
}

Json enumeration(std::string_view name) {
  if (name == "method") return texts<Method>();
  if (name == "reduction") return texts<VarianceReduction>();
  if (name == "correction") return texts<Correction>();
  if (name == "direction") return texts<Direction>();
  if (name == "hash") return texts<HashScheme>();
  if (name == "type") return texts<MetricType>();
  if (name == "aggregation") return texts<Aggregation>();
  if (name == "holdouts") return {"none"};
  if (name == "rule") return {"must_not_increase", "must_not_decrease"};
  ASSAY_CHECK(name == "exposure");
  return {"explicit", "on_evaluation"};
}

// Splits at the bars that are not inside of brackets.
std::vector<std::string_view> alternatives(std::string_view type) {
  std::vector<std::string_view> parts;
  int depth = 0;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= type.size(); ++i) {
    if (i < type.size()) {
      depth += type[i] == '[' || type[i] == '{' ? 1 : 0;
      depth -= type[i] == ']' || type[i] == '}' ? 1 : 0;
      if (type[i] != '|' || depth > 0) continue;
    }
    parts.push_back(type.substr(begin, i - begin));
    begin = i + 1;
  }
  return parts;
}

Json type_schema(std::string_view type) {
  if (const auto parts = alternatives(type); parts.size() > 1) {
    Json schema;
    for (const std::string_view part : parts) schema["anyOf"].push_back(type_schema(part));
    return schema;
  }
  Json schema;
  const std::string_view rest = type.substr(1);
  const std::string_view inner = rest.substr(0, rest.size() - 1);
  switch (type.front()) {
    case '@':
      schema["enum"] = enumeration(rest);
      return schema;
    case '#':
      schema["$ref"] = "#/$defs/" + std::string(rest);
      return schema;
    case '[':
      schema = {{"type", "array"}, {"minItems", 1}};
      schema["items"] = type_schema(inner);
      return schema;
    case '{':
      schema = {{"type", "object"}, {"minProperties", 1}};
      schema["additionalProperties"] = type_schema(inner);
      return schema;
    default:
      break;
  }
  const auto kind =
      std::ranges::find(kKinds, type, &std::pair<std::string_view, std::string_view>::first);
  ASSAY_CHECK(kind != std::end(kKinds));
  return Json::parse(kind->second);
}

Json section_schema(const Section& section) {
  Json schema = {{"type", "object"}};
  schema["description"] = section.description;
  schema["additionalProperties"] = false;
  for (const Key& key : section.keys()) {
    Json& property = schema["properties"][std::string(key.name)];
    property["description"] = key.description;
    property.update(type_schema(key.type));
    if (key.required) schema["required"].push_back(key.name);
  }
  return schema;
}

}  // namespace

std::vector<Key> Section::keys() const {
  std::vector<Key> all;
  for (const auto& group : groups) all.insert(all.end(), group.begin(), group.end());
  return all;
}

std::span<const Section> sections() { return kSections; }

const Section& section(std::string_view name) {
  const auto found = std::ranges::find(kSections, name, &Section::name);
  ASSAY_CHECK(found != std::end(kSections));
  return *found;
}

std::string json_schema() {
  Json schema;
  schema["$schema"] = "https://json-schema.org/draft/2020-12/schema";
  schema["title"] = "assay experiment file";
  schema["description"] = "The plan of an A/B test. Check it with: assay define FILE";
  // One of the two forms, chosen by a key, so that an editor shows the problems of that form only.
  schema["if"]["required"] = {"experiment"};
  schema["then"]["$ref"] = "#/$defs/file";
  schema["else"]["$ref"] = "#/$defs/experiment";
  for (const Section& one : kSections) schema["$defs"][std::string(one.name)] = section_schema(one);
  return schema.dump(2) + "\n";
}

}  // namespace assay::define
