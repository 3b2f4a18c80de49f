// GrowthBook's feature payloads (its SDK specification 0.7.1, and the JavaScript SDK where that is
// silent); conditions in mongo.h.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "assay/define/import.h"
#include "assay/define/import_rules.h"
#include "assay/define/mongo.h"
#include "assay/define/payload.h"

namespace assay::define {
namespace {

const char* const kUnknownToUs[] = {"parentConditions",    "filters",
                                    "namespace",           "range",
                                    "contextualBanditRef", "fallbackAttribute",
                                    "bucketVersion",       "minBucketVersion",
                                    "urlPatterns",         "disableStickyBucketing"};

// A whole number of parts; nothing where `share` is finer than `one` part.
std::optional<std::uint32_t> parts_of(double share, double one) {
  const double parts = std::round(share * one);
  if (!(parts >= 0 && parts <= one) || parts / one != share) return std::nullopt;
  return static_cast<std::uint32_t>(parts);
}

std::optional<double> number_of(const Value& value) {
  const auto scalar = scalar_of(value.node());
  if (scalar && std::holds_alternative<double>(*scalar)) return std::get<double>(*scalar);
  value.error("expected a number");
  return std::nullopt;
}

class Feature {
 public:
  Feature(std::string key, const Value& value, const Node* saved_groups)
      : value_(value), saved_groups_(saved_groups) {
    flag_.key = std::move(key);
  }
  std::optional<Experiment> read();

 private:
  bool rule(const Value& value);
  bool force(const Value& value, const Value& forced, Condition when);
  bool experiment(const Value& value, const Value& variations, Condition when);
  bool bucketing(const Value& value, Bucketing& out) const;
  bool weights(const Value& value, std::vector<Variant>& variants) const;
  std::optional<std::vector<double>> shares(const Value& value, std::size_t count) const;
  void take_overrides();

  static std::optional<Value> get(const Value& value, const char* key) {
    const Node* node = value.node().find(key);
    if (node == nullptr) return std::nullopt;
    return Value(value.report(), *node, value.path() + "." + key);
  }

  const Value& value_;
  const Node* saved_groups_;
  Flag flag_;
};

std::optional<Experiment> Feature::read() {
  if (!value_.is_map()) {
    value_.error("is not a feature", "an object with defaultValue and rules");
    return std::nullopt;
  }
  flag_.fallback = {.key = "default", .weight = 0, .payload_json = "null", .endpoint = {}};
  if (const auto fallback = get(value_, "defaultValue"); fallback && !fallback->is_null()) {
    flag_.fallback.payload_json = parse_payload(*fallback);
    if (flag_.fallback.payload_json.empty()) return std::nullopt;
  }
  if (const auto rules = get(value_, "rules")) {
    for (const Value& one : rules->list()) {
      if (!rule(one)) return std::nullopt;
    }
  }
  take_overrides();
  return make_experiment(std::move(flag_), value_);
}

bool Feature::rule(const Value& value) {
  if (!value.is_map()) {
    value.error("a rule is an object");
    return false;
  }
  for (const char* name : kUnknownToUs) {
    const auto found = get(value, name);
    if (!found || found->is_null()) continue;
    found->error(fmt::format("`{}` has no equal here", name));
    return false;
  }
  Condition when = always();
  if (const auto given = get(value, "condition")) {
    auto read = Mongo(saved_groups_).condition(*given);
    if (!read) return false;
    when = std::move(*read);
  }
  if (const auto forced = get(value, "force")) return force(value, *forced, std::move(when));
  if (const auto variations = get(value, "variations")) {
    return experiment(value, *variations, std::move(when));
  }
  return true;  // Neither: the SDKs pass it by.
}

bool Feature::force(const Value& value, const Value& forced, Condition when) {
  if (const auto coverage = get(value, "coverage")) {
    coverage->error("a forced value for a share of units has no equal",
                    "write it as an experiment of two variants");
    return false;
  }
  Variant variant{
      .key = "forced", .weight = 1, .payload_json = parse_payload(forced), .endpoint = {}};
  if (variant.payload_json.empty()) return false;
  flag_.rules.push_back({std::move(when), {std::move(variant)}, {}, value});
  return true;
}

bool Feature::bucketing(const Value& value, Bucketing& out) const {
  const auto version = get(value, "hashVersion");
  const std::string number = version ? version->node().text : "1";
  if (number != "1" && number != "2") {
    version->error("hashVersion is neither 1 nor 2");
    return false;
  }
  out.hash = number == "2" ? HashScheme::kGrowthbookV2 : HashScheme::kGrowthbookV1;
  out.salt = flag_.key;
  for (const char* name : {"key", "seed"}) {
    const auto text = get(value, name);
    if (text && text->is_scalar() && !text->node().text.empty()) out.salt = text->node().text;
  }
  const auto attribute = get(value, "hashAttribute");
  if (attribute && attribute->is_scalar() && !attribute->node().text.empty()) {
    out.unit = attribute->node().text == "id" ? "user" : attribute->node().text;
  }
  if (const auto coverage = get(value, "coverage")) {
    const auto share = number_of(*coverage);
    const auto ppm = share ? parts_of(*share, kLayerSlots) : std::nullopt;
    if (!ppm) {
      coverage->error("is not a share in whole millionths between 0 and 1");
      return false;
    }
    out.traffic_ppm = *ppm;
  }
  return true;
}

// The shares of the variations: `weights`, ranges without gaps, or all the same (nothing).
std::optional<std::vector<double>> Feature::shares(const Value& value, std::size_t count) const {
  std::vector<double> shares;
  if (const auto ranges = get(value, "ranges"); ranges && !ranges->is_null()) {
    double end = 0;
    for (const Value& range : ranges->list()) {
      const auto ends = range.list();
      const auto begin = ends.size() == 2 ? number_of(ends[0]) : std::nullopt;
      const auto next = ends.size() == 2 ? number_of(ends[1]) : std::nullopt;
      if (!begin || !next || *begin != end || *next < end) {
        range.error("ranges that leave gaps or overlap have no equal");
        return std::nullopt;
      }
      // The share as it was written: 0.6 - 0.4 is not 0.2 for a computer.
      shares.push_back(std::round((*next - end) * 1e8) / 1e8);
      end = *next;
    }
    if (end != 1 || get(value, "coverage").has_value()) {
      ranges->error("ranges that leave units out have no equal", "write coverage and weights");
      return std::nullopt;
    }
  } else if (const auto weights = get(value, "weights"); weights && !weights->is_null()) {
    for (const Value& weight : weights->list()) {
      const auto share = number_of(weight);
      if (!share) return std::nullopt;
      shares.push_back(*share);
    }
  } else {
    shares.clear();
    return shares;
  }
  if (shares.size() == count) return shares;
  value.error("has not as many shares as variations");
  return std::nullopt;
}

bool Feature::weights(const Value& value, std::vector<Variant>& variants) const {
  const auto given = shares(value, variants.size());
  if (!given) return false;
  for (Variant& variant : variants) variant.weight = 1;
  if (given->empty()) return true;
  for (double one = 1; one <= 1e8; one *= 10) {
    std::uint64_t total = 0;
    bool is_whole = true;
    for (std::size_t i = 0; i < variants.size(); ++i) {
      const auto parts = parts_of((*given)[i], one);
      is_whole = is_whole && parts.has_value();
      variants[i].weight = parts.value_or(0);
      total += variants[i].weight;
    }
    if (is_whole && total == static_cast<std::uint64_t>(one)) return true;
  }
  value.error("the weights do not add up to exactly 1", "as decimals of at most eight digits");
  return false;
}

bool Feature::experiment(const Value& value, const Value& variations, Condition when) {
  Rule rule{std::move(when), {}, {}, value};
  const auto meta = get(value, "meta");
  const auto names = meta && meta->is_list() ? meta->list() : std::vector<Value>{};
  for (const Value& variation : variations.list()) {
    const std::size_t i = rule.variants.size();
    Variant variant{.key = std::to_string(i), .weight = 0, .payload_json = {}, .endpoint = {}};
    if (i < names.size() && names[i].is_map()) {
      const auto key = get(names[i], "key");
      if (key && key->is_scalar() && !key->node().text.empty()) variant.key = key->node().text;
      if (get(names[i], "passthrough")) {
        names[i].error("a variation that passes through has no equal");
        return false;
      }
    }
    if (std::ranges::any_of(rule.variants,
                            [&](const Variant& v) { return v.key == variant.key; })) {
      variation.error(fmt::format("two variations are named '{}'", variant.key.substr(0, 60)));
      return false;
    }
    variant.payload_json = variation.is_null() ? "null" : parse_payload(variation);
    if (variant.payload_json.empty()) return false;
    rule.variants.push_back(std::move(variant));
  }
  if (rule.variants.size() < 2) {
    variations.error("an experiment has two variations or more");
    return false;
  }
  if (!weights(value, rule.variants) || !bucketing(value, rule.bucketing)) return false;
  // assay would take the targeting key where the unit's own attribute is missing.
  if (rule.bucketing.unit != "user") {
    rule.when = all_of({std::move(rule.when), exists(rule.bucketing.unit)});
  }
  flag_.rules.push_back(std::move(rule));
  return true;
}

// Leading rules that force one of the split's values on units by their id are overrides.
void Feature::take_overrides() {
  const auto split =
      std::ranges::find_if(flag_.rules, [](const Rule& rule) { return rule.variants.size() > 1; });
  if (split == flag_.rules.end()) return;
  const std::string attribute = split->bucketing.unit == "user" ? "id" : split->bucketing.unit;
  const auto ids_of = [&](const Rule& rule) {
    std::vector<std::string> ids;
    const Condition& when = rule.when;
    if ((when.op != Op::kIn && when.op != Op::kEqual) || when.attribute != attribute) return ids;
    for (const Scalar& unit : when.values) {
      const auto* id = std::get_if<std::string>(&unit);
      if (id == nullptr || id->empty()) return std::vector<std::string>{};
      ids.push_back(*id);
    }
    return ids;
  };
  std::ptrdiff_t taken = 0;
  for (auto rule = flag_.rules.begin(); rule != split; ++rule, ++taken) {
    const std::vector<std::string> ids = ids_of(*rule);
    const auto variant = std::ranges::find_if(split->variants, [&](const Variant& v) {
      return v.payload_json == rule->variants.front().payload_json;
    });
    if (ids.empty() || variant == split->variants.end()) break;
    for (const std::string& id : ids) {
      const bool is_new = std::ranges::none_of(
          flag_.overrides, [&](const Override& one) { return one.unit_id == id; });
      if (is_new) flag_.overrides.push_back({id, variant->key});
    }
  }
  flag_.rules.erase(flag_.rules.begin(), flag_.rules.begin() + taken);
}

}  // namespace

Checked<Imported> import_growthbook(std::string_view text, const std::string& file) {
  auto read = read_document(text, file);
  if (!read) return unexpected(std::move(read).error());
  Report report{file, std::move(read->problems)};
  const Value root(report, read->root, "");
  const Node* features = read->root.find("features");
  if (features == nullptr || features->kind != Node::Kind::kMap) {
    root.error("has no `features`", "GrowthBook's payload is {\"features\": {KEY: {…}}}");
    return unexpected(std::move(report.problems));
  }
  Imported imported;
  for (const Value::Entry& entry : Value(report, *features, "features").entries()) {
    const std::size_t before = report.problems.size();
    auto experiment = Feature(entry.key, entry.value, read->root.find("savedGroups")).read();
    if (experiment && report.problems.size() == before) {
      imported.flags.push_back({std::move(*experiment), entry.value.node().line});
    } else if (report.problems.size() == before) {
      entry.value.error("cannot be taken over");
    }
  }
  imported.refused = std::move(report.problems);
  return imported;
}

Checked<Condition> import_growthbook_condition(std::string_view text, std::string_view saved_groups,
                                               const std::string& file) {
  auto read = read_document(text, file);
  if (!read) return unexpected(std::move(read).error());
  const auto groups =
      saved_groups.empty() ? Checked<Document>(Document{}) : read_document(saved_groups, file);
  if (!groups) return unexpected(groups.error());
  Report report{file, std::move(read->problems)};
  auto condition = Mongo(&groups->root).condition(Value(report, read->root, ""));
  if (!condition || has_errors(report.problems)) return unexpected(std::move(report.problems));
  return std::move(*condition);
}

}  // namespace assay::define
