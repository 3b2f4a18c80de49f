// GrowthBook's feature payloads (its SDK specification 0.7.1, and the JavaScript SDK where that is
// silent); conditions in mongo.h.
#include <algorithm>
#include <cctype>
#include <cmath>
#include <functional>
#include <numeric>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "assay/define/import.h"
#include "assay/define/import_rules.h"
#include "assay/define/mongo.h"
#include "assay/define/payload.h"

namespace assay::define {
namespace {

struct Unknown {
  const char* name;
  const char* hint;
};
constexpr Unknown kUnknownToUs[] = {
    {"filters", "a layer with slots is assay's own way to exclude experiments, by its own hash"},
    {"namespace", "a layer with slots is assay's own way to exclude experiments, by its own hash"},
    {"contextualBanditRef", "its weights depend on attributes and change by themselves"},
    {"urlPatterns", "the page's address is no attribute; pass it as one and compare that"}};
// Only a sticky bucket service in the application makes these count.
constexpr const char* kSticky[] = {"fallbackAttribute", "minBucketVersion"};

std::uint32_t buckets_of(HashScheme hash) {
  return hash == HashScheme::kGrowthbookV2 ? 10'000 : 1000;
}

// How many of the buckets 0, 1 / all, 2 / all … are below the bound (or at it).
template <typename Compare>
std::uint32_t count_buckets(std::uint32_t all, double bound, Compare is_in) {
  std::uint32_t count = 0;
  while (count < all && is_in(count / double(all), bound)) ++count;
  return count;
}

// "green", on, off; else what it is for.
std::string name_of(const std::string& payload_json, const char* otherwise) {
  const auto payload = nlohmann::json::parse(payload_json, nullptr, false);
  if (payload.is_boolean()) return payload.get<bool>() ? "on" : "off";
  if (!payload.is_string()) return otherwise;
  const auto& text = payload.get_ref<const std::string&>();
  const bool is_word = !text.empty() && text.size() <= 64 && text.front() != '-' &&
                       std::ranges::all_of(text, [](unsigned char c) {
                         return std::isalnum(c) != 0 || c == '_' || c == '-';
                       });
  return is_word ? text : otherwise;
}

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

// What features refer to.
struct Payload {
  const Node* features = nullptr;
  const Node* saved_groups = nullptr;
};

constexpr int kMaxParents = 100;  // Of one feature, each as often as it is asked for.

constexpr std::string_view kPrerequisite = "the prerequisite";

// The last error, or what lies behind it where that is a prerequisite in turn.
std::string cause_of(const Problems& problems) {
  std::string cause;
  for (const Problem& one : problems) {
    if (one.severity != Severity::kError) continue;
    const bool is_behind = one.message.starts_with(kPrerequisite) && !one.hint.empty();
    cause = is_behind ? one.hint : one.message;
  }
  return cause;
}

class Feature {
 public:
  // `parents` counts the features that were read for one that was asked for.
  Feature(std::string key, const Value& value, const Payload& payload, int& parents)
      : value_(value), payload_(payload), parents_(parents) {
    flag_.key = std::move(key);
  }
  // Nothing after a problem.
  std::optional<Flag> read();

 private:
  std::optional<Condition> parents(const Value& rule);
  std::optional<Condition> parent(const Value& wanted);
  bool rule(const Value& value);
  bool read_rules(const Value& rules);
  bool is_known(const Value& value) const;
  bool force(const Value& value, const Value& forced, Condition when);
  bool rollout(const Value& value, Rule& rule) const;
  bool experiment(const Value& value, const Value& variations, Condition when);
  bool bucketing(const Value& value, Bucketing& out) const;
  bool hash(const Value& value, Bucketing& out) const;
  bool weights(const Value& value, std::vector<Variant>& variants) const;
  std::optional<std::vector<double>> shares(const Value& value, std::size_t count) const;
  void add(Rule rule);

  static std::optional<Value> get(const Value& value, const char* key) {
    const Node* node = value.node().find(key);
    if (node == nullptr) return std::nullopt;
    return Value(value.report(), *node, value.path() + "." + key);
  }

  const Value& value_;
  const Payload& payload_;
  int& parents_;
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
  const auto rules = get(value_, "rules");
  if (rules && !rules->node().items.empty() && !read_rules(*rules)) return std::nullopt;
  return std::move(flag_);
}

bool Feature::read_rules(const Value& rules) {
  if (!rules.is_list()) {
    rules.error("expected a list of rules");
    return false;
  }
  for (const Value& one : rules.list()) {
    if (!rule(one)) return false;
  }
  return true;
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
  for (const char* name : kSticky) {
    const auto found = get(value, name);
    if (!found || found->is_null() || found->node().text == "0") continue;
    found->warn(fmt::format("`{}` counts only with a sticky bucket service, and is left out", name),
                "where the application has one, units it remembers are drawn anew");
  }
  return true;
}

bool Feature::rule(const Value& value) {
  if (!is_known(value)) return false;
  auto when = parents(value);
  if (!when) return false;
  if (const auto given = get(value, "condition"); given && !given->is_null()) {
    auto read = Mongo(payload_.saved_groups).condition(*given);
    if (!read) return false;
    when = all_of({std::move(*when), std::move(*read)});
  }
  if (is_too_large(value, {*when})) return false;
  if (const auto forced = get(value, "force")) return force(value, *forced, std::move(*when));
  if (const auto variations = get(value, "variations")) {
    return experiment(value, *variations, std::move(*when));
  }
  return true;  // Neither: the SDKs pass it by.
}

// Under which condition the prerequisites are met. One that is a gate gives null to whom it stops.
std::optional<Condition> Feature::parents(const Value& rule) {
  const auto list = get(rule, "parentConditions");
  if (!list || list->is_null() || list->node().items.empty()) return always();
  std::vector<Condition> met;
  for (const Value& one : list->list()) {
    auto condition = parent(one);
    if (!condition) return std::nullopt;
    const auto gate = get(one, "gate");
    if (gate && gate->node().text == "true") {
      std::vector<Condition> stopped = met;
      stopped.push_back(negate(*condition));
      Variant nothing{.key = "blocked", .weight = 1, .payload_json = "null", .endpoint = {}};
      flag_.rules.push_back({all_of(std::move(stopped)), {std::move(nothing)}, {}, one});
    }
    met.push_back(std::move(*condition));
  }
  return all_of(std::move(met));
}

// Under which condition another feature has a value that is asked for: its rules, read as a list of
// cases. A feature that draws has no such condition.
std::optional<Condition> Feature::parent(const Value& wanted) {
  const auto id = get(wanted, "id");
  const auto given = get(wanted, "condition");
  if (!id || !id->is_scalar()) {
    wanted.error("a prerequisite names a feature: {\"id\": FEATURE, \"condition\": {…}}");
    return std::nullopt;
  }
  const std::string& name = id->node().text;
  const auto test =
      given ? Mongo(payload_.saved_groups).condition(*given) : std::optional(always());
  if (!test) return std::nullopt;
  if (++parents_ > kMaxParents) {
    wanted.error("has too many prerequisites, or they lead in circles",
                 fmt::format("at most {}", kMaxParents));
    return std::nullopt;
  }
  Flag flag{.key = name, .fallback = {.payload_json = "null"}, .rules = {}, .others = {}};
  if (const Node* node = payload_.features->find(name)) {
    Report aside{wanted.report().file, {}};  // They are told where the feature itself is read.
    auto read = Feature(name, Value(aside, *node, "features." + name), payload_, parents_).read();
    if (!read || has_errors(aside.problems)) {
      id->error(fmt::format("{} '{}' cannot be taken over", kPrerequisite, name.substr(0, 60)),
                cause_of(aside.problems));
      return std::nullopt;
    }
    flag = std::move(*read);
  }
  return when_it_gives(flag, *test, *id);
}

// A rule that draws has nothing to draw by where the unit's own attribute is missing; assay would
// take the targeting key.
void Feature::add(Rule rule) {
  const std::string& unit = rule.bucketing.unit;
  if (unit != "user") rule.when = all_of({std::move(rule.when), exists(unit)});
  flag_.rules.push_back(std::move(rule));
}

bool Feature::force(const Value& value, const Value& forced, Condition when) {
  Variant variant{.key = {}, .weight = 1, .payload_json = "null", .endpoint = {}};
  if (!forced.is_null()) variant.payload_json = parse_payload(forced);
  if (variant.payload_json.empty()) return false;
  variant.key = name_of(variant.payload_json, "forced");
  Rule rule{std::move(when), {std::move(variant)}, {}, value};
  const bool is_share = get(value, "coverage") || get(value, "range");
  if (is_share && !rollout(value, rule)) return false;
  add(std::move(rule));
  return true;
}

// "hash at most coverage", or in the range: whole buckets, so that weights say the same.
bool Feature::rollout(const Value& value, Rule& rule) const {
  if (!hash(value, rule.bucketing)) return false;
  const std::uint32_t all = buckets_of(rule.bucketing.hash);
  std::uint32_t inside = 0;
  if (const auto range = get(value, "range"); range && !range->is_null()) {
    const auto ends = range->list();
    const auto begin = ends.size() == 2 ? number_of(ends[0]) : std::nullopt;
    const auto end = ends.size() == 2 ? number_of(ends[1]) : std::nullopt;
    if (!begin || !end || *begin > 0) {
      range->error("a range that does not begin at 0 has no equal", "write coverage");
      return false;
    }
    inside = count_buckets(all, *end, std::less<double>{});
  } else if (const auto coverage = get(value, "coverage")) {
    const auto share = number_of(*coverage);
    if (!share) return false;
    if (*share > 0) inside = count_buckets(all, *share, std::less_equal<double>{});
  }
  if (inside == 0) rule.when = never();
  rule.variants.front().weight = inside;
  rule.rest = all - inside;
  return true;
}

bool Feature::hash(const Value& value, Bucketing& out) const {
  const auto version = get(value, "hashVersion");
  const std::string number = version ? version->node().text : "1";
  if (number != "1" && number != "2") {
    version->error("hashVersion is neither 1 nor 2");
    return false;
  }
  out.hash = number == "2" ? HashScheme::kGrowthbookV2 : HashScheme::kGrowthbookV1;
  out.salt = flag_.key;
  const auto seed = get(value, "seed");
  if (seed && seed->is_scalar() && !seed->node().text.empty()) out.salt = seed->node().text;
  const auto attribute = get(value, "hashAttribute");
  if (attribute && attribute->is_scalar() && !attribute->node().text.empty()) {
    out.unit = attribute->node().text == "id" ? "user" : attribute->node().text;
  }
  return true;
}

// Of an experiment: its key is the seed that is not named.
bool Feature::bucketing(const Value& value, Bucketing& out) const {
  if (!hash(value, out)) return false;
  const auto key = get(value, "key");
  const auto seed = get(value, "seed");
  const bool has_seed = seed && seed->is_scalar() && !seed->node().text.empty();
  if (!has_seed && key && key->is_scalar() && !key->node().text.empty()) {
    out.salt = key->node().text;
  }
  if (const auto coverage = get(value, "coverage"); coverage && !get(value, "ranges")) {
    const auto share = number_of(*coverage);
    const auto ppm = share ? parts_of(std::clamp(*share, 0.0, 1.0), kLayerSlots) : std::nullopt;
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
    if (end != 1) {
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
  // Where weights are wrong the SDKs split evenly.
  const double total = std::accumulate(shares.begin(), shares.end(), 0.0);
  if (shares.size() == count && total >= 0.99 && total <= 1.01) return shares;
  if (get(value, "ranges")) {
    value.error("has not as many ranges as variations");
    return std::nullopt;
  }
  value.warn("its weights do not fit the variations, for which GrowthBook's SDKs split evenly");
  shares.clear();
  return shares;
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
  if (!variations.is_list()) {
    variations.error("expected a list of values");
    return false;
  }
  for (const Value& variation :
       variations.node().items.empty() ? std::vector<Value>{} : variations.list()) {
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
  if (rule.variants.size() < 2) return true;  // The SDKs pass it by.
  if (!weights(value, rule.variants) || !bucketing(value, rule.bucketing)) return false;
  add(std::move(rule));
  return true;
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
  const Payload payload{features, read->root.find("savedGroups")};
  Imported imported;
  for (const Value::Entry& entry : Value(report, *features, "features").entries()) {
    add_flag(entry.value, imported, [&]() -> std::optional<Experiment> {
      int parents = 0;
      auto flag = Feature(entry.key, entry.value, payload, parents).read();
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
  auto condition = Mongo(&groups->root).condition(Value(report, read->root, ""));
  if (!condition || has_errors(report.problems)) return unexpected(std::move(report.problems));
  return std::move(*condition);
}

}  // namespace assay::define
