#include "assay/define/schema.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "assay/base/check.h"
#include "assay/define/words.h"

namespace assay::define {
namespace {

const std::string kText = R"({"type": "string", "minLength": 1, "maxLength": 1024})";
const std::string kFlag = R"({"type": "boolean"})";
const std::string kNumber = R"({"type": "number"})";
const std::string kPositive = R"({"type": "number", "exclusiveMinimum": 0})";
const std::string kOpenUnit = R"({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1})";
const std::string kDays = R"({"type": "number", "minimum": 0, "maximum": 3650})";
const std::string kCount = R"({"type": "integer", "minimum": 1})";
const std::string kShare =
    R"({"anyOf": [{"type": "number", "minimum": 0, "maximum": 1},
                  {"type": "string", "pattern": "^[0-9.]+%$"}]})";
const std::string kWeight =
    R"({"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": "^[0-9.]+%$"}]})";
const std::string kDuration = R"({"type": "string", "pattern": "^[0-9.]+(s|m|h|d|w)$"})";
const std::string kTexts =
    R"({"type": "array", "minItems": 1, "items": {"type": ["string", "number"]}})";
const std::string kScalar = R"({"type": ["string", "number", "boolean"]})";
const std::string kScalars =
    R"({"type": "array", "minItems": 1, "items": {"type": ["string", "number", "boolean"]}})";
const std::string kTextOrTexts =
    R"({"anyOf": [{"type": "string"},
                  {"type": "array", "minItems": 1, "items": {"type": "string"}}]})";

std::string ref(std::string_view name) { return fmt::format(R"({{"$ref": "#/$defs/{}"}})", name); }
std::string list_of(std::string_view name) {
  return fmt::format(R"({{"type": "array", "minItems": 1, "items": {}}})", ref(name));
}
std::string map_of(const std::string& value) {
  return fmt::format(R"({{"type": "object", "minProperties": 1, "additionalProperties": {}}})",
                     value);
}
std::string either(const std::string& a, const std::string& b) {
  return fmt::format(R"({{"anyOf": [{}, {}]}})", a, b);
}

std::string enumeration(std::vector<std::string_view> texts) {
  return nlohmann::json{{"enum", texts}}.dump();
}

template <typename E>
std::string one_of(std::vector<std::string_view> more = {}) {
  std::vector<std::string_view> texts;
  for (const Word<E>& word : words(E{})) texts.push_back(word.text);
  texts.insert(texts.end(), more.begin(), more.end());
  return enumeration(texts);
}

std::vector<Key> operator+(std::vector<Key> a, const std::vector<Key>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::vector<Key> condition_keys() {
  return {
      {"all", "Every one of these conditions holds.", list_of("condition")},
      {"any", "At least one of these conditions holds.", list_of("condition")},
      {"not", "This condition does not hold.", ref("condition")},
      {"attribute", "The attribute or event property to compare; dots reach into objects.", kText},
      {"equals", "Equal to this value.", kScalar},
      {"not_equals", "Present and not equal to this value.", kScalar},
      {"in", "One of these values; for a list: any element is.", kScalars},
      {"not_in", "Present and none of these values.", kScalars},
      {"less_than", "A number below this one.", kNumber},
      {"at_most", "A number not above this one.", kNumber},
      {"greater_than", "A number above this one.", kNumber},
      {"at_least", "A number not below this one.", kNumber},
      {"starts_with", "Text that starts with this (or any of these).", kTextOrTexts},
      {"ends_with", "Text that ends with this (or any of these).", kTextOrTexts},
      {"contains", "Text that contains this, or a list with it as an element.", kTextOrTexts},
      {"semver", "A version in this range (or any of these): >=2.3.0, ^1.4, ~1.4.2.", kTextOrTexts},
      {"exists", "Whether the attribute is there at all.", kFlag},
  };
}

std::vector<Key> measure_keys() {
  return {
      {"event", "Name of the event the metric is made of.", kText},
      {"aggregate", "How a unit's events become one number.", one_of<Aggregation>()},
      {"field", "Event property to aggregate; without it the event's own value.", kText},
      {"where", "Only events that meet this condition count.", ref("condition")},
  };
}

std::vector<Key> definition_keys() {
  return std::vector<Key>{{"type", "What kind of number the metric is.", one_of<MetricType>()}} +
         measure_keys() +
         std::vector<Key>{
             {"numerator", "ratio: what is summed above the line.", ref("measure")},
             {"denominator", "ratio: what is summed below the line.", ref("measure")},
             {"quantile", "quantile: which one; 0.99 is the 99th percentile.", kOpenUnit},
             {"day", "retention: the unit comes back on this day after its first exposure.",
              R"({"type": "integer", "minimum": 0, "maximum": 3650})"},
             {"window", "Time after first exposure that counts: 7d, or {from: 1d, to: 8d}.",
              either(kDuration, ref("window"))},
             {"cap", "Winsorization of a unit's value: a number, or {percentile: 0.99}.",
              either(kPositive, ref("cap"))},
         };
}

std::vector<Key> planned_keys() {
  return {
      {"name", "The metric's name; defined here or in a catalogue.", kText, true},
      {"mde_relative", "Smallest relative effect worth detecting on this metric.", kPositive},
  };
}

Section experiment_section() {
  return {
      "experiment",
      "The plan of one A/B test.",
      {
          {"id", "Short unique name: letters, digits, dots, dashes, underscores.",
           R"({"type": "string", "pattern": "^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$"})", true},
          {"name", "Title for people.", kText},
          {"hypothesis", "What is expected to happen and why.", kText},
          {"allocation", "Variant to share: fractions that add to 1, percentages, or integers.",
           map_of(kWeight)},
          {"variants", "Variants with payloads or model endpoints.",
           either(map_of(either(ref("variant"), R"({"type": "null"})")),
                  list_of("listed_variant"))},
          {"control", "Key of the variant that the others are compared with.", kText},
          {"unit", "What is assigned: user (default), session, device, ….", kText},
          {"layer", "Experiments in one layer exclude each other.", either(kText, ref("layer"))},
          {"traffic", "Share of the eligible units that take part, 0 to 1.", kShare},
          {"salt", "Seed of the split; the id unless you move a running test.", kText},
          {"hash", "Which hash decides: assay's own or that of the tool you come from.",
           one_of<HashScheme>()},
          {"reshuffle", "A change of weights may move units that were already exposed.", kFlag},
          {"exposure", "What counts as exposure: an explicit call, or every evaluation.",
           enumeration({"explicit", "on_evaluation"})},
          {"targeting", "Who is eligible.", ref("targeting")},
          {"overrides", "Unit id to variant; honoured, and left out of the analysis.",
           map_of(kText)},
          {"metrics", "What is measured, by role.", ref("metrics"), true},
          {"covariates", "Name to a value measured before the first exposure.",
           map_of(ref("covariate"))},
          {"segments", "Attributes to break results down by.", kTexts},
          {"analysis", "How the numbers become an answer.", ref("analysis")},
          {"schedule", "When it starts and how long it runs.", ref("schedule")},
      }};
}

std::vector<Section> metric_sections() {
  return {
      {"metrics",
       "Metrics by role.",
       {{"primary", "Decide the verdict.", list_of("metric"), true},
        {"secondary", "Explain it.", list_of("metric")},
        {"guardrails", "Must not be harmed.", list_of("guardrail")}}},
      {"metric", "A metric in the plan, defined here or by name.",
       planned_keys() +
           std::vector<Key>{{"direction", "Which way is better.", one_of<Direction>()}} +
           definition_keys()},
      {"guardrail", "A metric that must not be harmed: an absolute limit, a comparison, or both.",
       planned_keys() +
           std::vector<Key>{
               {"direction", "Which way is better, or the rule against getting worse.",
                one_of<Direction>({"must_not_increase", "must_not_decrease"})},
               {"threshold",
                "Absolute limit of the variant's value: a cap, or a floor if more is "
                "better.",
                kNumber},
               {"must_not_increase", "Not above control by more than this relative margin.",
                either(kFlag, R"({"type": "number", "minimum": 0})")},
               {"must_not_decrease", "Not below control by more than this relative margin.",
                either(kFlag, R"({"type": "number", "minimum": 0})")}} +
           definition_keys()},
      {"definition", "What a metric is made of.", definition_keys()},
      {"measure", "Events folded into one number per unit.", measure_keys()},
      {"covariate", "A number per unit from before its first exposure.",
       measure_keys() +
           std::vector<Key>{
               {"lookback", "How far back before the first exposure: 14d.", kDuration, true}}},
      {"window",
       "A span after first exposure.",
       {{"from", "Start, such as 1d.", kDuration}, {"to", "End (not included).", kDuration}}},
      {"cap",
       "A cap by percentile.",
       {{"percentile", "Of all variants together; 0.99.", kOpenUnit, true}}},
  };
}

std::vector<Section> assignment_sections() {
  const std::vector<Key> variant = {
      {"weight", "Share of the units, as in allocation.", kWeight},
      {"payload", "Any value; what an evaluation answers.", "{}"},
      {"endpoint", "Address of the model that serves this variant.", kText}};
  return {
      {"variant", "One variant.", variant},
      {"listed_variant", "One variant.",
       std::vector<Key>{{"key", "Its name.", kText, true}} + variant},
      {"layer",
       "A layer and the slots of it that this experiment owns.",
       {{"name", "Name of the layer.", kText, true},
        {"slots",
         "Of 0 to 999999: \"0-499999\" (both ends included), [0, 500000] (end not included), or a "
         "list of these.",
         R"({"type": ["string", "array"]})"}}},
      {"condition", "A condition on attributes.", condition_keys()},
      {"targeting", "Who is eligible; everything given must hold.",
       std::vector<Key>{
           {"platforms", "Attribute platform is one of these.", kTexts},
           {"countries", "Attribute country is one of these.", kTexts},
           {"user_segments", "Attribute user_segment is, or has as an element, one of these.",
            kTexts}} +
           condition_keys()},
  };
}

std::vector<Section> analysis_sections() {
  return {
      {"analysis",
       "How the numbers become an answer.",
       {{"method", "Valid at every look, at one planned size, or Bayesian.", one_of<Method>()},
        {"alpha", "Two-sided false-alarm rate; Bayesian: 1 - the credible level.", kOpenUnit},
        {"power", "Chance to find an effect of the size of the MDE.", kOpenUnit},
        {"mde_relative", "Smallest relative effect worth detecting.", kPositive},
        {"variance_reduction", "cuped needs cuped_covariate.", one_of<VarianceReduction>()},
        {"cuped_covariate", "Name of an entry in covariates.", kText},
        {"multiple_comparison_correction", "Over variants and metrics of one role.",
         one_of<Correction>()},
        {"prior_sd_relative", "bayesian: prior standard deviation of the relative lift.",
         kPositive},
        {"ship_probability", "bayesian: probability of being better that is needed to ship.",
         kOpenUnit},
        {"srm_alpha", "A sample-ratio mismatch is reported below this p-value.", kOpenUnit}}},
      {"schedule",
       "When it starts and how long it runs.",
       {{"start_date", "Day or time of the start.",
         R"({"type": "string", "description": "RFC 3339"})"},
        {"min_runtime_days", "No verdict before.", kDays},
        {"max_runtime_days", "Ends then.", kDays},
        {"sample_size_per_variant", "Units per variant the plan aims at.", kCount},
        {"estimated_sample_size_per_group", "The same, by another name.", kCount}}},
  };
}

Section file_section() {
  return {"file",
          "An experiment under `experiment:`, optionally with a catalogue beside it.",
          {{"experiment", "The plan of one A/B test.", ref("experiment"), true},
           {"metrics", "Catalogue: metric name to definition.", map_of(ref("definition"))}}};
}

std::vector<Section> all_sections() {
  std::vector<Section> all = {file_section(), experiment_section()};
  for (auto&& group : {assignment_sections(), metric_sections(), analysis_sections()}) {
    all.insert(all.end(), group.begin(), group.end());
  }
  all.push_back({"catalogue",
                 "Metric definitions that many experiments share.",
                 {{"metrics", "Metric name to definition.", map_of(ref("definition")), true}}});
  return all;
}

nlohmann::ordered_json section_schema(const Section& section) {
  nlohmann::ordered_json schema = {{"type", "object"}, {"description", section.description}};
  schema["additionalProperties"] = false;
  nlohmann::ordered_json required = nlohmann::ordered_json::array();
  for (const Key& key : section.keys) {
    nlohmann::ordered_json property = {{"description", key.description}};
    property.update(nlohmann::ordered_json::parse(key.schema));
    schema["properties"][key.name] = std::move(property);
    if (key.required) required.push_back(key.name);
  }
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

}  // namespace

std::span<const Section> sections() {
  static const std::vector<Section> all = all_sections();
  return all;
}

const Section& section(std::string_view name) {
  const auto all = sections();
  const auto found = std::ranges::find(all, name, &Section::name);
  ASSAY_CHECK(found != all.end());
  return *found;
}

std::string json_schema() {
  nlohmann::ordered_json schema = {
      {"$schema", "https://json-schema.org/draft/2020-12/schema"},
      {"title", "assay experiment file"},
      {"description", "The plan of an A/B test. Check it with: assay define FILE"}};
  schema["anyOf"] = {{{"$ref", "#/$defs/file"}}, {{"$ref", "#/$defs/experiment"}}};
  for (const Section& one : sections()) schema["$defs"][one.name] = section_schema(one);
  return schema.dump(2) + "\n";
}

}  // namespace assay::define
