#include "assay/define/import_rules.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace assay::define {
namespace {

bool is_id(const std::string& text) {
  const auto usable = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return !text.empty() && text.size() <= 128 && usable(text.front()) &&
         std::ranges::all_of(text,
                             [&](char c) { return usable(c) || c == '_' || c == '.' || c == '-'; });
}

// A payload that is the variant's own name says nothing.
void simplify(Variant& variant) {
  if (variant.payload_json == nlohmann::json(variant.key).dump()) variant.payload_json.clear();
}

// The variant that everybody outside gets: one of the split's where its value is the same.
void add_control(const Variant& fallback, Experiment& experiment) {
  const auto same = std::ranges::find_if(experiment.variants, [&](const Variant& variant) {
    return variant.payload_json == fallback.payload_json;
  });
  if (same != experiment.variants.end()) {
    experiment.control = same->key;
    return;
  }
  Variant control = fallback;
  control.weight = 0;
  while (std::ranges::any_of(experiment.variants,
                             [&](const Variant& variant) { return variant.key == control.key; })) {
    control.key += "_default";
  }
  experiment.control = control.key;
  experiment.variants.push_back(std::move(control));
}

}  // namespace

Condition always() { return {}; }
Condition never() { return {.op = Op::kAny, .attribute = {}, .values = {}, .children = {}}; }
bool is_always(const Condition& condition) { return condition.op == Op::kAlways; }
bool is_never(const Condition& condition) {
  return condition.op == Op::kAny && condition.children.empty();
}

Condition all_of(std::vector<Condition> parts) {
  if (std::ranges::any_of(parts, is_never)) return never();
  std::erase_if(parts, is_always);
  if (parts.empty()) return always();
  if (parts.size() == 1) return std::move(parts.front());
  return {.op = Op::kAll, .attribute = {}, .values = {}, .children = std::move(parts)};
}

Condition any_of(std::vector<Condition> parts) {
  if (std::ranges::any_of(parts, is_always)) return always();
  std::erase_if(parts, is_never);
  if (parts.size() == 1) return std::move(parts.front());
  return {.op = Op::kAny, .attribute = {}, .values = {}, .children = std::move(parts)};
}

Condition negate(Condition condition) {
  if (is_always(condition)) return never();
  if (is_never(condition)) return always();
  if (condition.op == Op::kNot) {
    Condition inner = std::move(condition.children.front());
    return inner;
  }
  Condition out{.op = Op::kNot, .attribute = {}, .values = {}, .children = {}};
  out.children.push_back(std::move(condition));
  return out;
}

Condition compare(Op op, std::string attribute, std::vector<Scalar> values) {
  return {.op = op, .attribute = std::move(attribute), .values = std::move(values), .children = {}};
}

Condition exists(std::string attribute, bool is_there) {
  return compare(Op::kExists, std::move(attribute), {is_there});
}

std::optional<Scalar> scalar_of(const Node& node) {
  if (node.kind != Node::Kind::kScalar) return std::nullopt;
  if (node.quoted) return Scalar{node.text};
  if (node.text == "true" || node.text == "false") return Scalar{node.text == "true"};
  if (const auto number = parse_number(node.text)) return Scalar{*number};
  return Scalar{node.text};
}

std::optional<Experiment> make_experiment(Flag flag, const Value& value) {
  if (!is_id(flag.key)) {
    value.error(fmt::format("'{}' cannot be the id of an experiment", flag.key.substr(0, 60)),
                "letters, digits, '_', '-' and '.', beginning with a letter or digit");
    return std::nullopt;
  }
  const Rule* chosen = nullptr;
  std::vector<Condition> eligible;
  for (const Rule& rule : flag.rules) {
    if (is_never(rule.when)) continue;
    const bool is_default = rule.variants.size() == 1 &&
                            rule.variants.front().payload_json == flag.fallback.payload_json;
    if (is_default && chosen == nullptr) eligible.push_back(negate(rule.when));
    if (!is_default && chosen != nullptr) {
      rule.value.error("chooses a second time: an experiment makes one choice",
                       "split the flag into several, one for each choice");
      return std::nullopt;
    }
    if (!is_default) {
      chosen = &rule;
      eligible.push_back(rule.when);
    }
    if (is_always(rule.when) && (is_default || rule.bucketing.traffic_ppm == kLayerSlots)) break;
  }
  if (chosen == nullptr) {
    value.error("gives everybody the same value: there is nothing to assign",
                "leave it where it is, or write the value into the application");
    return std::nullopt;
  }
  Experiment experiment;
  experiment.id = flag.key;
  experiment.name = flag.key;
  experiment.variants = chosen->variants;
  add_control(flag.fallback, experiment);
  for (Variant& variant : experiment.variants) simplify(variant);
  Assignment& assignment = experiment.assignment;
  assignment.unit = chosen->bucketing.unit;
  assignment.layer = flag.key;
  assignment.slots = {{0, kLayerSlots}};
  assignment.salt = chosen->bucketing.salt.empty() ? flag.key : chosen->bucketing.salt;
  assignment.hash = chosen->bucketing.hash;
  assignment.traffic_ppm = chosen->bucketing.traffic_ppm;
  assignment.targeting = all_of(std::move(eligible));
  assignment.overrides = std::move(flag.overrides);
  if (is_never(assignment.targeting)) {
    value.error("its split can never be reached", "an earlier rule takes everybody");
    return std::nullopt;
  }
  return experiment;
}

}  // namespace assay::define
