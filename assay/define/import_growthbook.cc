// GrowthBook's feature payloads (its SDK specification 0.7.1, and the JavaScript SDK where that is
// silent); conditions in mongo.h.
#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "assay/define/growthbook_buckets.h"
#include "assay/define/growthbook_fields.h"
#include "assay/define/import.h"
#include "assay/define/import_rules.h"
#include "assay/define/mongo.h"
#include "assay/define/payload.h"

namespace assay::define {
namespace {

using growthbook::bounds_of;
using growthbook::get;
using growthbook::hash_version;
using growthbook::is_truthy;
using growthbook::items_of;
using growthbook::name_of;
using growthbook::number_of;
using growthbook::number_range_of;
using growthbook::parts_of;
using growthbook::text_of;
using growthbook::unit_of;

struct Unknown {
  const char* name;
  const char* hint;
};
constexpr Unknown kUnknownToUs[] = {
    {"contextualBanditRef", "its weights depend on attributes and change by themselves"},
    {"urlPatterns", "the page's address is no attribute; pass it as one and compare that"}};

// What features refer to.
struct Payload {
  const Node* features = nullptr;
  const Node* saved_groups = nullptr;
  Problems broken = {};  // Of the file itself: what is there is not to be read.
};

constexpr std::size_t kMaxNamespaces = 20;  // As in a file.
constexpr int kMaxParents = 100;            // Of one feature, each as often as it is asked for.

// What was read for one feature that was asked for.
struct Size {
  Extent& extent;
  int parents = 0;  // Features.
};

constexpr std::string_view kHoldout = "$holdout:";  // In front of a feature that holds units out.

class Feature {
 public:
  Feature(std::string key, const Value& value, const Payload& payload, Size& size)
      : value_(value), payload_(payload), size_(size) {
    flag_.key = std::move(key);
  }
  // Nothing after a problem.
  std::optional<Flag> read();

 private:
  std::optional<When> parents(const Value& rule);
  std::optional<When> parent(const Value& wanted);
  bool rule(const Value& value);
  bool is_known(const Value& value) const;
  bool force(const Value& value, const Value& forced, When when);
  bool rollout(const Value& value, Rule& rule) const;
  bool experiment(const Value& value, const Value& variations, When when);
  std::optional<std::vector<Variant>> variants(const Value& value, const Value& variations) const;
  bool seed(const Value& value, Bucketing& out) const;
  bool coverage(const Value& value, Bucketing& out) const;
  bool hash(const Value& value, Bucketing& out) const;
  bool fallback(const Value& value, Bucketing& out) const;
  bool filters(const Value& value, Rule& rule) const;
  bool filter(const Value& one, Rule& rule) const;
  bool add_own(const Value& at, HashScheme hash, std::string salt,
               const std::vector<NumberRange>& ranges, Rule& rule) const;
  bool add_namespace(const Value& at, Namespace one, const std::vector<NumberRange>& ranges,
                     Rule& rule) const;
  bool weights(const Value& value, Rule& rule) const;
  bool ranges(const Value& value, const Value& given, Rule& rule) const;
  std::optional<std::vector<double>> shares(const Value& value, std::size_t count) const;
  void add(Rule rule);

  const Value& value_;
  const Payload& payload_;
  Size& size_;
  Flag flag_;
};

std::optional<Flag> Feature::read() {
  if (!value_.is_map()) {
    value_.error("is not a feature", "an object with defaultValue and rules");
    return std::nullopt;
  }
  flag_.id_attribute = "id";
  flag_.fallback = {.key = "default", .weight = 0, .payload_json = "null", .endpoint = {}};
  if (const auto fallback = get(value_, "defaultValue"); fallback && !fallback->is_null()) {
    flag_.fallback.payload_json = parse_payload(*fallback);
    if (flag_.fallback.payload_json.empty()) return std::nullopt;
    flag_.fallback.key = name_of(flag_.fallback.payload_json, "default");
  }
  const auto rules = items_of(get(value_, "rules"), "rules");
  if (!rules || !std::ranges::all_of(*rules, [&](const Value& one) { return rule(one); })) {
    return std::nullopt;
  }
  if (flag_.key.starts_with(kHoldout)) {  // No application asks for it by name.
    flag_.key = "holdout-" + flag_.key.substr(kHoldout.size());
    value_.warn(fmt::format("is a holdout, and becomes the experiment '{}'", flag_.key));
  }
  return std::move(flag_);
}

bool Feature::is_known(const Value& value) const {
  if (!value.is_map()) {
    value.error("a rule is an object");
    return false;
  }
  for (const Unknown& unknown : kUnknownToUs) {
    const auto found = get(value, unknown.name);
    if (!found || found->is_null()) continue;
    found->error(fmt::format("`{}` has no equal here", unknown.name), unknown.hint);
    return false;
  }
  const auto version = get(value, "minBucketVersion");
  if (version && !version->is_null() && version->node().text != "0") {
    version->warn("`minBucketVersion` counts only with a sticky bucket service, and is left out",
                  "where the application has one, units it remembers are drawn anew");
  }
  return true;
}

bool Feature::rule(const Value& value) {
  if (!is_known(value)) return false;
  auto when = parents(value);
  if (!when) return false;
  if (const auto given = get(value, "condition"); given && !given->is_null()) {
    auto read = Mongo(payload_.saved_groups, size_.extent).condition(*given);
    if (!read) return false;
    when->condition = all_of({std::move(when->condition), std::move(*read)});
  }
  if (is_too_large(value, {when->condition})) return false;
  if (const auto forced = get(value, "force")) return force(value, *forced, std::move(*when));
  if (const auto variations = get(value, "variations")) {
    return experiment(value, *variations, std::move(*when));
  }
  return true;  // Neither: the SDKs pass it by.
}

// When the prerequisites are met. One that is a gate gives null to whom it stops.
std::optional<When> Feature::parents(const Value& rule) {
  const auto list = items_of(get(rule, "parentConditions"), "prerequisites");
  if (!list) return std::nullopt;
  When met{always()};
  for (const Value& one : *list) {
    auto wanted = parent(one);
    if (!wanted) return std::nullopt;
    const auto gate = get(one, "gate");
    const bool is_always_met = is_always(wanted->condition) && wanted->needs.empty();
    if (gate && is_truthy(gate->node()) && !is_always_met) {
      Variant nothing{.key = "blocked", .weight = 1, .payload_json = "null", .endpoint = {}};
      Rule stop{met.condition, {std::move(nothing)}, {}, one};
      stop.needs = met.needs;
      if (wanted->needs.empty()) stop.when = all_of({stop.when, negate(wanted->condition)});
      for (const Need& need : wanted->needs) stop.needs.push_back({need.unmet, need.met});
      flag_.rules.push_back(std::move(stop));
    }
    met.condition = all_of({std::move(met.condition), std::move(wanted->condition)});
    met.needs.insert(met.needs.end(), wanted->needs.begin(), wanted->needs.end());
  }
  return met;
}

// When another feature has a value that is asked for.
std::optional<When> Feature::parent(const Value& wanted) {
  const auto id = get(wanted, "id");
  const auto given = get(wanted, "condition");
  if (!id || !id->is_scalar()) {
    wanted.error("a prerequisite names a feature: {\"id\": FEATURE, \"condition\": {…}}");
    return std::nullopt;
  }
  const std::string& name = id->node().text;
  const auto test = given ? Mongo(payload_.saved_groups, size_.extent).condition(*given)
                          : std::optional(always());
  if (!test) return std::nullopt;
  if (++size_.parents > kMaxParents) {
    wanted.error("has too many prerequisites, or they lead in circles",
                 fmt::format("at most {}", kMaxParents));
    return std::nullopt;
  }
  Flag flag{.key = name, .fallback = {.payload_json = "null"}, .rules = {}, .others = {}};
  if (const Node* node = payload_.features->find(name)) {
    Report aside{wanted.report().file, {}};  // They are told where the feature itself is read.
    const Value feature(aside, *node, "features." + name);
    std::optional<Flag> read;
    if (!has_error_within(payload_.broken, feature.path())) {
      read = Feature(name, feature, payload_, size_).read();
    }
    if (!read || has_errors(aside.problems)) {
      cannot_take_over(*id, name, aside.problems);
      return std::nullopt;
    }
    flag = std::move(*read);
  }
  return when_it_gives(std::move(flag), *test, *id);
}

bool says(const Condition& condition, const Condition& part) {
  return condition == part || (condition.op == Op::kAll &&
                               std::ranges::any_of(condition.children, [&](const Condition& child) {
                                 return says(child, part);
                               }));
}

// A rule that draws has nothing to draw by where the unit's own attribute is missing; assay would
// take the targeting key.
void Feature::add(Rule rule) {
  std::vector<std::string> units;
  if (rule.bucketing.fallback_unit != "user") units.push_back(rule.bucketing.unit);
  for (const Namespace& one : rule.bucketing.namespaces) units.push_back(one.unit);
  std::ranges::sort(units);
  units.erase(std::unique(units.begin(), units.end()), units.end());
  for (const std::string& unit : units) {
    if (unit == "user" || says(rule.when, exists(unit))) continue;
    rule.when = all_of({std::move(rule.when), exists(unit)});
  }
  flag_.rules.push_back(std::move(rule));
}

bool Feature::force(const Value& value, const Value& forced, When when) {
  Variant variant{.key = {}, .weight = 1, .payload_json = "null", .endpoint = {}};
  if (!forced.is_null()) variant.payload_json = parse_payload(forced);
  if (variant.payload_json.empty()) return false;
  variant.key = name_of(variant.payload_json, "forced");
  Rule rule{std::move(when.condition), {std::move(variant)}, {}, value};
  rule.needs = std::move(when.needs);
  const bool is_share = get(value, "coverage") || get(value, "range");
  if (is_share && !hash(value, rule.bucketing)) return false;  // Whom filters are told from.
  if (!filters(value, rule) || (is_share && !rollout(value, rule))) return false;
  add(std::move(rule));
  return true;
}

// JavaScript takes null for 0 here, and a missing field for 1.
std::optional<double> share_of(const Value& coverage) {
  if (!coverage.is_null()) return number_of(coverage);
  coverage.error("is null, which the SDKs take for 0: nobody",
                 "leave the field out for everybody, or write the share");
  return std::nullopt;
}

// "hash at most coverage", or in the range: whole buckets, so that weights say the same.
bool Feature::rollout(const Value& value, Rule& rule) const {
  const Bucketing& draw = rule.bucketing;
  std::uint32_t inside = 0;
  if (const auto range = get(value, "range"); range && !range->is_null()) {
    const auto bounds = number_range_of(*range);
    if (!bounds) return false;
    if (bounds->begin > 0) {
      return add_own(*range, draw.hash, draw.salt, {*bounds}, rule);
    }
    inside = buckets_below(draw.hash, bounds->end);
  } else if (const auto coverage = get(value, "coverage")) {
    const auto share = share_of(*coverage);
    if (!share) return false;
    if (*share > 0) inside = buckets_up_to(draw.hash, *share);
  }
  if (inside == 0) rule.when = never();
  rule.variants.front().weight = inside;
  rule.rest = bucket_count(draw.hash) - inside;
  if (rule.rest == 0 && draw.unit != "user") {  // Nothing is hashed, so that nobody asks for an id.
    rule.when = all_of(
        {std::move(rule.when), negate(compare(Op::kIn, draw.unit, {std::string(), 0.0, false}))});
  }
  return true;
}

bool Feature::hash(const Value& value, Bucketing& out) const {
  const auto version = hash_version(value, HashScheme::kGrowthbookV1);
  if (!version) return false;
  out.hash = *version;
  out.salt = flag_.key;
  if (const auto seed = text_of(value, "seed")) out.salt = *seed;
  const auto unit = unit_of(value, "hashAttribute");
  if (unit) out.unit = *unit;
  return unit && fallback(value, out);
}

// Of an experiment: its key is the seed that is not named.
bool Feature::seed(const Value& value, Bucketing& out) const {
  if (!hash(value, out)) return false;
  const auto key = text_of(value, "key");
  if (!text_of(value, "seed") && key) out.salt = *key;
  return true;
}

// What a sticky bucket service lets stand in for a missing attribute.
bool Feature::fallback(const Value& value, Bucketing& out) const {
  const auto off = get(value, "disableStickyBucketing");
  if (!text_of(value, "fallbackAttribute") || (off && is_truthy(off->node()))) return true;
  const auto unit = unit_of(value, "fallbackAttribute");
  if (!unit || *unit == out.unit) return unit.has_value();
  const auto at = get(value, "fallbackAttribute");
  // The targeting key stands in for any unit that is missing, and so can no third kind.
  if (out.unit != "user" && *unit != "user") {
    at->warn("`fallbackAttribute` is left out, for both attributes are beside the targeting key",
             "units without the first attribute are not drawn");
    return true;
  }
  out.fallback_unit = *unit;
  at->warn("`fallbackAttribute` becomes `fallback_unit`, which needs no sticky bucket service",
           "where the application has none, units without the first attribute were not drawn");
  return true;
}

bool Feature::coverage(const Value& value, Bucketing& out) const {
  const auto coverage = get(value, "coverage");
  if (!coverage) return true;
  const auto share = share_of(*coverage);
  if (!share) return false;
  const auto ppm = parts_of(std::clamp(*share, 0.0, 1.0), kLayerSlots);
  if (!ppm) {
    coverage->error("is not a share in whole millionths between 0 and 1");
    return false;
  }
  out.traffic_ppm = *ppm;
  return true;
}

bool Feature::filter(const Value& one, Rule& rule) const {
  const auto seed = text_of(one, "seed");
  const auto hash = one.is_map() ? hash_version(one, HashScheme::kGrowthbookV2) : std::nullopt;
  const auto ranges = get(one, "ranges");
  if (!seed || !hash || !ranges) {
    if (!one.is_map() || hash) one.error("a filter has a seed and ranges");
    return false;
  }
  const auto bounds = bounds_of(*ranges);
  const auto unit = bounds ? unit_of(one, "attribute") : std::nullopt;
  return unit && add_namespace(one, {*hash, *seed, *unit, {}}, *bounds, rule);
}

// `filters`, or the older `namespace` of an experiment: [NAME, FROM, TO], by the first hash.
bool Feature::filters(const Value& value, Rule& rule) const {
  const auto given_filters = get(value, "filters");
  const auto list = items_of(given_filters, "filters");
  if (!list) return false;
  for (const Value& one : *list) {
    if (!filter(one, rule)) return false;
  }
  if (given_filters && !given_filters->is_null()) return true;
  const auto given = get(value, "namespace");
  if (!given || given->is_null() || !get(value, "variations")) return true;
  const bool is_list = given->is_list() && !given->node().items.empty();
  const auto parts = is_list ? given->list() : std::vector<Value>{};
  const auto begin = parts.size() == 3 ? number_of(parts[1]) : std::nullopt;
  const auto end = begin ? number_of(parts[2]) : std::nullopt;
  if (!end || !parts[0].is_scalar()) {
    if (parts.size() != 3 || end) given->error("a namespace is [NAME, FROM, TO]");
    return false;
  }
  return add_own(*given, HashScheme::kGrowthbookV1, "__" + parts[0].node().text, {{*begin, *end}},
                 rule);
}

// Of the unit that is drawn, whichever attribute that is.
bool Feature::add_own(const Value& at, HashScheme hash, std::string salt,
                      const std::vector<NumberRange>& ranges, Rule& rule) const {
  if (!rule.bucketing.fallback_unit.empty()) {
    at.error("together with `fallbackAttribute` it has no equal", "drop one of the two");
    return false;
  }
  return add_namespace(at, {hash, std::move(salt), rule.bucketing.unit, {}}, ranges, rule);
}

bool Feature::add_namespace(const Value& at, Namespace one, const std::vector<NumberRange>& ranges,
                            Rule& rule) const {
  one.ranges = to_millionths(one.hash, ranges);
  const bool is_everyone = one.ranges == std::vector<SlotRange>{{0, kLayerSlots}};
  if (one.ranges.empty()) rule.when = never();
  auto& all = rule.bucketing.namespaces;
  // Who has no such unit is inside of none; the others stand in for nobody who is drawn by it.
  const bool says_nothing =
      is_everyone && one.unit == rule.bucketing.unit && rule.bucketing.fallback_unit.empty();
  if (!one.ranges.empty() && !says_nothing) {
    all.push_back(std::move(one));
  }
  if (all.size() <= kMaxNamespaces) return true;
  at.error("has too many filters", fmt::format("at most {}", kMaxNamespaces));
  return false;
}

// The shares of the variations by `weights`, or all the same (nothing).
std::optional<std::vector<double>> Feature::shares(const Value& value, std::size_t count) const {
  std::vector<double> shares;
  const auto weights = get(value, "weights");
  if (!weights || weights->is_null()) return shares;
  const auto listed = items_of(weights, "weights");
  if (!listed) return std::nullopt;
  for (const Value& weight : *listed) {
    const auto share = number_of(weight);
    if (!share) return std::nullopt;
    shares.push_back(*share);
  }
  // Where weights are wrong the SDKs split evenly.
  const double total = std::accumulate(shares.begin(), shares.end(), 0.0);
  if (shares.size() == count && total >= 0.99 && total <= 1.01) return shares;
  value.warn("its weights do not fit the variations, for which GrowthBook's SDKs split evenly");
  shares.clear();
  return shares;
}

bool Feature::weights(const Value& value, Rule& rule) const {
  std::vector<Variant>& variants = rule.variants;
  const auto given = shares(value, variants.size());
  if (!given) return false;
  for (Variant& variant : variants) variant.weight = 1;
  if (given->empty()) return true;
  const Bucketing& draw = rule.bucketing;
  auto whole = whole_weights(*given);
  if (!whole) {
    whole = near_weights(draw.hash, *given, draw.traffic_ppm / double{kLayerSlots});
    if (whole) value.warn("its weights are rounded to parts of 2 * 10^9, by which nobody moves");
  }
  if (whole) {
    for (std::size_t i = 0; i < variants.size(); ++i) variants[i].weight = (*whole)[i];
    return true;
  }
  value.error("the weights do not add up to exactly 1",
              "decimals of at most eight digits, or whole parts of one sum");
  return false;
}

// In place of weights and coverage.
bool Feature::ranges(const Value& value, const Value& given, Rule& rule) const {
  const auto read = bounds_of(given);
  if (!read) return false;
  const std::vector<NumberRange>& bounds = *read;
  if (bounds.size() != rule.variants.size()) {
    value.error("has not as many ranges as variations");
    return false;
  }
  Bucketing& draw = rule.bucketing;
  const auto split = split_by_ranges(draw.hash, bounds);
  if (!split) {
    given.error("ranges that overlap, or are out of proportion to what they split, have no equal",
                "write coverage and weights");
    return false;
  }
  std::vector<Variant> ordered;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    ordered.push_back(std::move(rule.variants[split->order[i]]));
    ordered.back().weight = split->weights[i];
  }
  rule.variants = std::move(ordered);
  draw.traffic_ppm = split->traffic_ppm;
  return split->inside.empty() || add_own(given, draw.hash, draw.salt, bounds, rule);
}

std::optional<std::vector<Variant>> Feature::variants(const Value& value,
                                                      const Value& variations) const {
  const auto meta = get(value, "meta");
  const auto names = meta && meta->is_list() ? meta->list() : std::vector<Value>{};
  std::vector<Variant> all;
  if (!variations.is_list()) {
    variations.error("expected a list of values");
    return std::nullopt;
  }
  for (const Value& variation :
       variations.node().items.empty() ? std::vector<Value>{} : variations.list()) {
    const std::size_t i = all.size();
    Variant variant{.key = std::to_string(i), .weight = 0, .payload_json = {}, .endpoint = {}};
    if (i < names.size() && names[i].is_map()) {
      if (const auto key = text_of(names[i], "key")) variant.key = *key;
      if (get(names[i], "passthrough")) {
        names[i].error("a variation that passes through has no equal",
                       "a holdout of the catalogue, or a prerequisite, keeps units out");
        return std::nullopt;
      }
    }
    if (std::ranges::find(all, variant.key, &Variant::key) != all.end()) {
      variation.error(fmt::format("two variations are named '{}'", variant.key.substr(0, 60)));
      return std::nullopt;
    }
    variant.payload_json = variation.is_null() ? "null" : parse_payload(variation);
    if (variant.payload_json.empty()) return std::nullopt;
    all.push_back(std::move(variant));
  }
  return all;
}

bool Feature::experiment(const Value& value, const Value& variations, When when) {
  auto read = variants(value, variations);
  if (!read) return false;
  if (read->size() < 2) return true;  // The SDKs pass it by.
  Rule rule{std::move(when.condition), std::move(*read), {}, value};
  rule.needs = std::move(when.needs);
  if (!seed(value, rule.bucketing) || !filters(value, rule)) return false;
  const auto given = get(value, "ranges");
  const bool done = given && !given->is_null()
                        ? ranges(value, *given, rule)
                        : coverage(value, rule.bucketing) && weights(value, rule);
  if (done) add(std::move(rule));
  return done;
}

}  // namespace

Checked<Imported> import_growthbook(std::string_view text, const std::string& file) {
  auto read = read_document(text, file, kImportLimits);
  if (!read) return unexpected(std::move(read).error());
  if (has_error_outside(read->problems, "features.")) return unexpected(std::move(read->problems));
  Report report{file, std::move(read->problems)};
  const Value root(report, read->root, "");
  const Node* features = read->root.find("features");
  if (features == nullptr || features->kind != Node::Kind::kMap) {
    root.error("has no `features`", "GrowthBook's payload is {\"features\": {KEY: {…}}}");
    return unexpected(std::move(report.problems));
  }
  const Payload payload{features, read->root.find("savedGroups"), report.problems};
  Imported imported;
  std::size_t values = 0;
  for (const Value::Entry& entry : Value(report, *features, "features").entries(kMaxImportFlags)) {
    add_flag(entry.value, imported, values, [&](Extent& extent) -> std::optional<Experiment> {
      Size size{extent};
      auto flag = Feature(entry.key, entry.value, payload, size).read();
      if (!flag) return std::nullopt;
      return make_experiment(std::move(*flag), entry.value);
    });
  }
  return sorted_out(std::move(imported), std::move(report.problems));
}

Checked<Condition> import_growthbook_condition(std::string_view text, std::string_view saved_groups,
                                               const std::string& file) {
  auto read = read_document(text, file);
  if (!read) return unexpected(std::move(read).error());
  const auto groups =
      saved_groups.empty() ? Checked<Document>(Document{}) : read_document(saved_groups, file);
  if (!groups) return unexpected(groups.error());
  Report report{file, std::move(read->problems)};
  Extent extent;
  auto condition = Mongo(&groups->root, extent).condition(Value(report, read->root, ""));
  if (!condition || has_errors(report.problems)) return unexpected(std::move(report.problems));
  return std::move(*condition);
}

}  // namespace assay::define
