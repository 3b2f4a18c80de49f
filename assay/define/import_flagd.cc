// flagd's definitions (open-feature/flagd-schemas): targeting names a variant, by JsonLogic
// (json_logic.h) and by `fractional`, which hashes.
#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "assay/define/import.h"
#include "assay/define/import_rules.h"
#include "assay/define/json_logic.h"
#include "assay/define/payload.h"

namespace assay::define {
namespace {

constexpr std::int64_t kMaxWeight = 2'147'483'647;

// Flattens a flag's targeting into rules: what is given when.
class Targeting {
 public:
  Targeting(JsonLogic logic, Extent& extent, const std::map<std::string, Variant>& variants,
            Flag& flag)
      : logic_(logic), extent_(extent), variants_(variants), flag_(flag) {}

  // `when` is what led here; false after a problem.
  bool read(const Value& value, const Condition& when);

 private:
  bool read_resolved(const Value& value, const Condition& when);
  bool branches(const Call& call, const Value& value, const Condition& when);
  bool named_by(const Value& attribute, const Condition& when);
  bool fractional(const Call& call, const Value& value, const Condition& when);
  bool bucketing(const Value& value, Bucketing& out) const;
  bool give(const std::string& name, const Value& value, const Condition& when);

  JsonLogic logic_;
  Extent& extent_;
  const std::map<std::string, Variant>& variants_;
  Flag& flag_;
};

bool Targeting::give(const std::string& name, const Value& value, const Condition& when) {
  const auto found = variants_.find(name);
  if (found == variants_.end()) {
    value.error(fmt::format("there is no variant '{}'", name.substr(0, 60)));
    return false;
  }
  flag_.rules.push_back({when, {found->second}, {}, value});
  flag_.rules.back().variants[0].weight = 1;
  return true;
}

bool Targeting::read(const Value& given, const Condition& when) {
  if (is_never(when)) return true;  // Nobody gets here.
  if (is_too_large(given, {when}) || extent_.add(given, when)) return false;
  if (!logic_.enter(given)) return false;
  const auto value = logic_.resolve(given);
  const bool done = value && read_resolved(*value, when);
  logic_.leave();
  return done;
}

bool Targeting::read_resolved(const Value& given, const Condition& when) {
  const Value* value = &given;
  if (value->is_null()) {
    flag_.rules.push_back({when, {flag_.fallback}, {}, *value});
    return true;
  }
  if (value->is_scalar()) return give(value->node().text, *value, when);
  const auto made = call_of(*value);
  if (made && made->op == "$ref") return read(*value, when);
  if (made && made->op == "fractional") return fractional(*made, *value, when);
  if (made && made->op == "var") return named_by(*value, when);
  if (!made || made->op != "if") {  // A condition: its truth names the variant.
    const auto test = logic_.condition(*value);
    const auto nothing = test ? logic_.nothing(*value) : std::nullopt;
    if (!nothing) return false;
    flag_.rules.push_back({all_of({when, *nothing}), {flag_.fallback}, {}, *value});
    return give("true", *value, all_of({when, *test})) &&
           give("false", *value, all_of({when, negate(*nothing), negate(*test)}));
  }
  const bool before = logic_.begin_branch(*made);
  const bool done = branches(*made, *value, when);
  logic_.end_branch(before);
  return done;
}

// Of a long choice, which would else be nested as deep as it is long.
std::vector<Condition> parts_of(const Condition& condition) {
  return condition.op == Op::kAll ? condition.children : std::vector{condition};
}

bool Targeting::branches(const Call& call, const Value& value, const Condition& when) {
  std::vector<Condition> otherwise = parts_of(when);
  const auto& arguments = call.arguments;
  for (std::size_t i = 0; i < arguments.size(); i += 2) {
    if (i + 1 == arguments.size()) return read(arguments[i], all_of(std::move(otherwise)));
    const auto test = logic_.condition(arguments[i]);
    if (!test) return false;
    std::vector<Condition> path = otherwise;
    path.push_back(*test);
    otherwise.push_back(negate(*test));
    if (!read(arguments[i + 1], all_of(std::move(path)))) return false;
    if (is_too_large(arguments[i], otherwise)) return false;
  }
  flag_.rules.push_back({all_of(std::move(otherwise)), {flag_.fallback}, {}, value});
  return true;
}

// The attribute's value is the variant's key. Another value is an error of flagd's, which gives the
// application's default; here the flag's.
bool Targeting::named_by(const Value& attribute, const Condition& when) {
  const auto name = logic_.attribute(attribute);
  if (!name) return false;
  std::vector<Condition> otherwise = parts_of(when);
  for (const auto& [key, variant] : variants_) {
    std::vector<Scalar> values = {key};
    if (key == "true" || key == "false") values.emplace_back(key == "true");
    if (const auto number = parse_number(key); number && number_text(*number) == key) {
      values.emplace_back(*number);
    }
    const Condition is_named = compare(Op::kIn, *name, std::move(values));
    if (!give(key, attribute, all_of({when, is_named}))) return false;
    otherwise.push_back(negate(is_named));
  }
  flag_.rules.push_back({all_of(std::move(otherwise)), {flag_.fallback}, {}, attribute});
  return true;
}

// A text, or the flag's own key.
std::optional<std::string> salt_part(const Value& value, const std::string& key) {
  if (value.is_scalar()) return value.node().text;
  const auto made = call_of(value);
  const bool is_key = made && made->op == "var" && !made->arguments.empty() &&
                      made->arguments[0].node().text == "$flagd.flagKey";
  if (is_key) return key;
  value.error("the salt is neither a text nor {\"var\": \"$flagd.flagKey\"}",
              "the attribute comes last: {\"cat\": [SALT, {\"var\": ATTRIBUTE}]}");
  return std::nullopt;
}

// What is hashed: a salt (of parts; or none) and an attribute.
bool Targeting::bucketing(const Value& value, Bucketing& out) const {
  const auto made = call_of(value);
  const bool is_cat = made && made->op == "cat" && !made->arguments.empty();
  if (!is_cat && !(made && made->op == "var")) {
    value.error("the bucketing value is not a salt and an attribute",
                "{\"cat\": [{\"var\": \"$flagd.flagKey\"}, {\"var\": ATTRIBUTE}]} is");
    return false;
  }
  out.salt.clear();
  for (std::size_t i = 0; is_cat && i + 1 < made->arguments.size(); ++i) {
    const auto part = salt_part(made->arguments[i], flag_.key);
    if (!part) return false;
    out.salt += *part;
  }
  const Value& unit = is_cat ? made->arguments.back() : value;
  const auto name = logic_.attribute(unit);
  if (!name) return false;
  if (*name == "user" || name->starts_with("user.")) {
    unit.error("the attribute `user` cannot be told from the unit `user`, the targeting key here",
               "rename the attribute, in the application and in the flag");
    return false;
  }
  out.unit = *name == "targetingKey" ? "user" : *name;
  if (std::ranges::any_of(out.salt, [](char c) { return static_cast<unsigned char>(c) > 127; })) {
    value.warn("has a salt beyond ASCII, which flagd's evaluators hash each in its own way",
               "here its UTF-8 is hashed; flagd's evaluator for JavaScript hashes UTF-16");
  }
  if (out.salt.empty()) {
    value.warn("has no salt: every flag that hashes this attribute alone splits the same units",
               "keep it for the test that runs, and give the next one a salt");
  }
  return true;
}

bool Targeting::fractional(const Call& call, const Value& value, const Condition& when) {
  Rule rule{when, {}, {.hash = HashScheme::kFlagd, .salt = flag_.key}, value};
  std::size_t first = 0;
  if (!call.arguments.empty() && !call.arguments[0].is_list()) {
    if (!bucketing(call.arguments[0], rule.bucketing)) return false;
    first = 1;
  }
  std::int64_t total = 0;
  for (std::size_t i = first; i < call.arguments.size(); ++i) {
    const auto entry = call.arguments[i].list();
    if (entry.empty() || entry.size() > 2 || !entry[0].is_scalar()) {
      call.arguments[i].error("expected [VARIANT, WEIGHT]", "variants are named, not computed");
      return false;
    }
    const auto found = variants_.find(entry[0].node().text);
    if (found == variants_.end()) {
      entry[0].error(fmt::format("there is no variant '{}'", entry[0].node().text.substr(0, 60)));
      return false;
    }
    if (std::ranges::any_of(rule.variants,
                            [&](const Variant& v) { return v.key == found->first; })) {
      entry[0].error(fmt::format("variant '{}' has two shares", found->first));
      return false;
    }
    std::optional<std::int64_t> weight = 1;
    if (entry.size() == 2) {
      if (!entry[1].is_numeric() || entry[1].node().quoted) {
        entry[1].error("a weight is a whole number", "weights are written down, not computed");
        return false;
      }
      weight = entry[1].whole(0, kMaxWeight);
    }
    if (!weight) return false;
    total += *weight;
    rule.variants.push_back(found->second);
    rule.variants.back().weight = static_cast<std::uint32_t>(*weight);
  }
  if (total < 1 || total > kMaxWeight) {
    value.error(fmt::format("the weights add up to {}", total), "1 to 2147483647");
    return false;
  }
  // assay would take the targeting key where the unit's own attribute is missing.
  if (const std::string& unit = rule.bucketing.unit; unit != "user") {
    if (!rule.bucketing.salt.empty()) {
      value.warn(
          fmt::format("where `{}` is missing flagd hashes the salt alone, so that all these "
                      "units have one variant; here they get the default",
                      unit));
    }
    // What is no text is hashed behind a salt only, and one variant for all needs no hash.
    const bool is_given = rule.variants.size() == 1 && rule.bucketing.salt.empty();
    const Condition has_unit = is_given ? is_text(unit) : exists(unit);
    flag_.rules.push_back({all_of({when, negate(has_unit)}), {flag_.fallback}, {}, value});
    rule.when = all_of({when, has_unit});
  }
  flag_.rules.push_back(std::move(rule));
  return true;
}

std::string type_of(const std::string& json) {
  return nlohmann::json::parse(json, nullptr, false).type_name();
}

std::optional<std::map<std::string, Variant>> read_variants(const Value& flag) {
  const Node* node = flag.node().find("variants");
  std::map<std::string, Variant> variants;
  if (node == nullptr || node->kind != Node::Kind::kMap || node->items.empty()) {
    flag.error("has no variants", "\"variants\": {\"on\": true, \"off\": false}");
    return std::nullopt;
  }
  const Value list(flag.report(), *node, flag.path() + ".variants");
  for (const Value::Entry& entry : list.entries()) {
    Variant variant{.key = entry.key, .weight = 0, .payload_json = {}, .endpoint = {}};
    variant.payload_json = parse_payload(entry.value);
    if (variant.payload_json.empty()) return std::nullopt;
    if (!variants.empty() &&
        type_of(variants.begin()->second.payload_json) != type_of(variant.payload_json)) {
      entry.value.error("the variants of one flag have one type");
      return std::nullopt;
    }
    variants.emplace(entry.key, std::move(variant));
  }
  return variants;
}

// The flag's own default; without one the application's, which is no value.
bool read_fallback(const Value& value, const std::map<std::string, Variant>& variants, Flag& flag) {
  flag.fallback = {.key = "default", .weight = 0, .payload_json = "null", .endpoint = {}};
  const Node* node = value.node().find("defaultVariant");
  if (node == nullptr || node->kind == Node::Kind::kNull) return true;
  const auto found = variants.find(node->text);
  if (found == variants.end()) {
    value.error(fmt::format("defaultVariant '{}' is no variant", node->text.substr(0, 60)));
    return false;
  }
  flag.fallback = found->second;
  return true;
}

std::optional<Experiment> read_flag(const std::string& key, const Value& value,
                                    const Node* evaluators, Extent& extent) {
  if (!value.is_map()) {
    value.error("is not a flag", "an object with state, variants and defaultVariant");
    return std::nullopt;
  }
  const Node* state = value.node().find("state");
  if (state == nullptr || (state->text != "ENABLED" && state->text != "DISABLED")) {
    value.error("`state` is neither ENABLED nor DISABLED");
    return std::nullopt;
  }
  if (state->text == "DISABLED") {
    value.error("is disabled, which is as if it were not there");
    return std::nullopt;
  }
  const auto variants = read_variants(value);
  Flag flag{.key = key,
            .fallback = {},
            .rules = {},
            .others = {},
            .id_attribute = "targetingKey",
            .is_partition = true};
  if (!variants || !read_fallback(value, *variants, flag)) return std::nullopt;
  for (const auto& [name, variant] : *variants) flag.others.push_back(variant);
  const Node* targeting = value.node().find("targeting");
  if (targeting != nullptr && targeting->kind != Node::Kind::kNull &&
      targeting->kind != Node::Kind::kMap) {
    value.error("`targeting` is not an object", "{\"if\": [CONDITION, VARIANT, VARIANT]}");
    return std::nullopt;
  }
  if (targeting != nullptr && !(targeting->kind == Node::Kind::kMap && targeting->items.empty())) {
    const Value rules(value.report(), *targeting, value.path() + ".targeting");
    Targeting read({evaluators, extent}, extent, *variants, flag);
    if (!read.read(rules, always())) return std::nullopt;
  }
  return make_experiment(std::move(flag), value);
}

}  // namespace

Checked<Imported> import_flagd(std::string_view text, const std::string& file) {
  auto read = read_document(text, file, kImportLimits);
  if (!read) return unexpected(std::move(read).error());
  if (has_error_outside(read->problems, "flags.")) return unexpected(std::move(read->problems));
  Report report{file, std::move(read->problems)};
  const Value root(report, read->root, "");
  const Node* flags = read->root.find("flags");
  if (flags == nullptr || (flags->kind != Node::Kind::kMap && flags->kind != Node::Kind::kList)) {
    root.error("has no `flags`", "flagd's definitions are {\"flags\": {KEY: {…}}}");
    return unexpected(std::move(report.problems));
  }
  const Value value(report, *flags, "flags");
  std::vector<Value::Entry> entries;
  if (value.is_map()) entries = value.entries(kMaxImportFlags);
  for (const Value& item : value.is_list() ? value.list(kMaxImportFlags) : std::vector<Value>{}) {
    const Node* key = item.node().find("key");
    const std::string name = key == nullptr ? "" : key->text;
    entries.push_back({name, Value(report, item.node(), "flags." + name)});
  }
  Imported imported;
  std::size_t values = 0;
  const Node* evaluators = read->root.find("$evaluators");
  for (const Value::Entry& entry : entries) {
    add_flag(entry.value, imported, values,
             [&](Extent& extent) { return read_flag(entry.key, entry.value, evaluators, extent); });
  }
  return sorted_out(std::move(imported), std::move(report.problems));
}

Checked<Condition> import_flagd_condition(std::string_view text, const std::string& file) {
  auto read = read_document(text, file);
  if (!read) return unexpected(std::move(read).error());
  Report report{file, std::move(read->problems)};
  Extent extent;
  auto condition = JsonLogic(nullptr, extent).condition(Value(report, read->root, ""));
  if (!condition || has_errors(report.problems)) return unexpected(std::move(report.problems));
  return std::move(*condition);
}

}  // namespace assay::define
