#include "assay/define/import_rules.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "assay/define/constant.h"
#include "assay/define/parse.h"

namespace assay::define {
namespace {

constexpr std::size_t kMaxForced = 100;  // As in a file.
constexpr std::size_t kMaxAllValues = 5'000'000;

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

bool is_fixed(const Rule& rule) {
  return rule.variants.size() == 1 && rule.rest == 0 && rule.bucketing.namespaces.empty();
}

// Whoever meets its condition goes no further.
bool takes_all(const Rule& rule) {
  return rule.rest == 0 && rule.bucketing.traffic_ppm == kLayerSlots &&
         rule.bucketing.namespaces.empty() && rule.needs.empty();
}

const std::string& value_of(const Rule& rule) { return rule.variants.front().payload_json; }

bool is_same_draw(const Rule& a, const Rule& b) {
  return !is_fixed(a) && a.variants == b.variants && a.bucketing == b.bucketing &&
         a.rest == b.rest && a.needs == b.needs;
}

bool gives(const Rule& rule, const Variant& variant) {
  return is_fixed(rule) && value_of(rule) == variant.payload_json;
}

// The rules that somebody reaches; a fixed value for all who are left is the fallback. Neighbours
// that draw alike are one rule.
void tidy_sequence(Flag& flag) {
  std::vector<Rule> reached;
  for (Rule& rule : flag.rules) {
    const bool is_last = is_always(rule.when) && takes_all(rule);
    if (is_last && is_fixed(rule)) {
      flag.others.push_back(std::exchange(flag.fallback, std::move(rule.variants.front())));
    } else if (!reached.empty() && is_same_draw(reached.back(), rule)) {
      reached.back().when = any_of({std::move(reached.back().when), std::move(rule.when)});
    } else {
      reached.push_back(std::move(rule));
    }
    if (is_last) break;
  }
  while (!reached.empty() && gives(reached.back(), flag.fallback)) reached.pop_back();
  flag.rules = std::move(reached);
}

// Rules that draw alike are one; the fallback needs none. Where no rule gives it, nobody gets it,
// and the last fixed value takes its place.
void tidy_partition(Flag& flag) {
  std::vector<Rule> distinct;
  const Variant* last = nullptr;
  bool has_fallback = false;
  for (Rule& rule : flag.rules) {
    has_fallback = has_fallback || gives(rule, flag.fallback);
    const auto same = std::ranges::find_if(
        distinct, [&](const Rule& before) { return is_same_draw(before, rule); });
    if (same == distinct.end()) {
      distinct.push_back(std::move(rule));
    } else {
      same->when = any_of({std::move(same->when), std::move(rule.when)});
    }
  }
  for (const Rule& rule : distinct) last = is_fixed(rule) ? &rule.variants.front() : last;
  if (!has_fallback && last != nullptr) flag.fallback = *last;
  std::erase_if(distinct, [&](const Rule& rule) { return gives(rule, flag.fallback); });
  flag.rules = std::move(distinct);
}

// Rules that give control's value just before the split say who is not eligible, where "not" can be
// said: of a condition, or of one experiment's variants.
bool is_exclusion(const Rule& rule, const Variant& fallback) {
  return gives(rule, fallback) &&
         (rule.needs.empty() || (rule.needs.size() == 1 && is_always(rule.when)));
}

// Or something in it, where it is an object.
bool names_attribute(const Condition& condition, const std::string& name) {
  return condition.attribute == name || condition.attribute.starts_with(name + ".") ||
         std::ranges::any_of(condition.children,
                             [&](const Condition& child) { return names_attribute(child, name); });
}

// One flag's rules as an experiment. Nothing is returned without a problem.
class Maker {
 public:
  Maker(Flag& flag, const Value& value) : flag_(flag), value_(value) {}
  std::optional<Experiment> make();

 private:
  bool choose();
  bool add_constant();
  void set_split(Rule& split);
  const std::string& add_variant(const Variant& variant, std::uint32_t weight);
  const std::string& variant_for(const Variant& wanted);
  std::vector<std::string> ids_of(const Condition& when) const;
  std::size_t take_overrides();
  void force(const Rule& rule, Condition when);
  void exclude(std::size_t first);
  bool force_later(const Rule& split);
  bool compares(const std::string& attribute) const;
  void warn() const;

  Flag& flag_;
  const Value& value_;
  std::size_t chosen_ = 0;  // The rule that splits.
  Experiment made_;
};

// The first rule that draws; where none does, the last, which gives a fixed value.
bool Maker::choose() {
  auto& rules = flag_.rules;
  if (rules.empty() && !add_constant()) return false;
  const auto drawn = std::ranges::find_if(rules, [](const Rule& rule) { return !is_fixed(rule); });
  chosen_ =
      drawn == rules.end() ? rules.size() - 1 : static_cast<std::size_t>(drawn - rules.begin());
  return true;
}

// Everybody gets the fallback, which is one variant at 100 % beside those that nobody gets.
bool Maker::add_constant() {
  const bool has_others = std::ranges::any_of(flag_.others, [&](const Variant& other) {
    return other.payload_json != flag_.fallback.payload_json;
  });
  if (!has_others) {
    value_.error("has one value only: there is nothing to assign",
                 "leave it where it is, or write the value into the application");
    return false;
  }
  Variant only = flag_.fallback;
  only.weight = 1;
  flag_.rules.push_back({always(), {std::move(only)}, {}, value_});
  return true;
}

void Maker::set_split(Rule& split) {
  made_.variants = split.variants;
  if (split.rest > 0) {
    add_variant(flag_.fallback, split.rest);
  }
  made_.control = variant_for(flag_.fallback);
  if (made_.variants.size() == 1) {
    for (const Variant& other : flag_.others) variant_for(other);
  }
  Assignment& assignment = made_.assignment;
  assignment.unit = split.bucketing.unit;
  assignment.fallback_unit = split.bucketing.fallback_unit;
  assignment.namespaces = split.bucketing.namespaces;
  assignment.layer = flag_.key;
  assignment.slots = {{0, kLayerSlots}};
  assignment.salt = split.bucketing.salt;
  if (assignment.salt.empty() && split.bucketing.hash == HashScheme::kAssay) {
    assignment.salt = flag_.key;
  }
  assignment.hash = split.bucketing.hash;
  assignment.traffic_ppm = split.bucketing.traffic_ppm;
}

// Under a key that is free.
const std::string& Maker::add_variant(const Variant& variant, std::uint32_t weight) {
  auto& variants = made_.variants;
  Variant added = variant;
  added.weight = weight;
  const auto is_taken = [&](const std::string& key) {
    return std::ranges::find(variants, key, &Variant::key) != variants.end();
  };
  for (int number = 2; is_taken(added.key); ++number) {
    added.key = fmt::format("{}_{}", variant.key, number);
  }
  variants.push_back(std::move(added));
  return variants.back().key;
}

// The key of the variant with this value: one of the split's, or a new one that nobody draws. Of
// several, as in a test of A against A, the one that is named control, else the first.
const std::string& Maker::variant_for(const Variant& wanted) {
  const auto& variants = made_.variants;
  auto same = std::ranges::find(variants, wanted.payload_json, &Variant::payload_json);
  if (same == variants.end()) return add_variant(wanted, 0);
  const auto named = std::ranges::find(variants, "control", &Variant::key);
  if (named != variants.end() && named->payload_json == wanted.payload_json) same = named;
  return same->key;
}

// The ids that a condition lists, where it does no more than that. Of the unit "user" only: where
// the attribute of another kind is missing, the targeting key would stand in.
std::vector<std::string> Maker::ids_of(const Condition& when) const {
  std::vector<std::string> ids;
  if (made_.assignment.unit != "user" || when.attribute != flag_.id_attribute) return ids;
  if (when.op != Op::kIn && when.op != Op::kEqual) return ids;
  for (const Scalar& value : when.values) {
    const auto* id = std::get_if<std::string>(&value);
    if (id == nullptr || id->empty()) return {};
    ids.push_back(*id);
  }
  return ids;
}

// Leading rules that give values to units by their id are overrides. How many.
std::size_t Maker::take_overrides() {
  std::size_t taken = 0;
  for (; taken < chosen_; ++taken) {
    const Rule& rule = flag_.rules[taken];
    const std::vector<std::string> ids = ids_of(rule.when);
    if (ids.empty() || !rule.needs.empty()) break;
    const std::string variant = variant_for(rule.variants.front());
    auto& overrides = made_.assignment.overrides;
    for (const std::string& id : ids) {
      const bool is_new = std::ranges::find(overrides, id, &Override::unit_id) == overrides.end();
      if (is_new) overrides.push_back({id, variant});
    }
  }
  return taken;
}

void Maker::force(const Rule& rule, Condition when) {
  if (is_never(when)) return;
  const std::string variant = variant_for(rule.variants.front());
  Forced forced{variant, std::move(when), {}};
  for (const Need& need : rule.needs) forced.prerequisites.push_back(need.met);
  made_.assignment.forced.push_back(std::move(forced));
}

// The rules from the first to the split give control's value: who meets one is not eligible.
void Maker::exclude(std::size_t first) {
  Assignment& plan = made_.assignment;
  std::vector<Condition> eligible;
  for (; first < chosen_; ++first) {
    Rule& rule = flag_.rules[first];
    if (rule.needs.empty()) eligible.push_back(negate(rule.when));
    if (!rule.needs.empty()) plan.prerequisites.push_back(rule.needs.front().unmet);
  }
  eligible.push_back(flag_.rules[chosen_].when);
  plan.targeting = all_of(std::move(eligible));
  for (const Need& need : flag_.rules[chosen_].needs) {
    if (std::ranges::find(plan.prerequisites, need.met) == plan.prerequisites.end()) {
      plan.prerequisites.push_back(need.met);
    }
  }
}

// What stands below the split holds for those who do not meet its condition.
bool Maker::force_later(const Rule& split) {
  for (std::size_t i = chosen_ + 1; i < flag_.rules.size(); ++i) {
    const Rule& rule = flag_.rules[i];
    if (!is_fixed(rule)) {
      rule.value.error("draws a second time: an experiment has one split",
                       "make it a flag of its own, one for each split");
      return false;
    }
    if (!takes_all(split)) {
      rule.value.error("gives some of those whom the draw above leaves out another value",
                       "one value for all of them: a last rule without a condition");
      return false;
    }
    force(rule, flag_.is_partition ? rule.when : all_of({negate(split.when), rule.when}));
  }
  return true;
}

bool Maker::compares(const std::string& attribute) const {
  const Assignment& plan = made_.assignment;
  return names_attribute(plan.targeting, attribute) ||
         std::ranges::any_of(
             plan.forced, [&](const Forced& one) { return names_attribute(one.when, attribute); });
}

void Maker::warn() const {
  const std::string& id = flag_.id_attribute;
  if (id != "targetingKey" && compares(id)) {
    value_.warn(fmt::format("a condition compares `{}`", id),
                fmt::format("give the context an attribute `{}` beside the targeting key", id));
  }
  const Rule& split = flag_.rules[chosen_];
  const auto is_control = [&](const Variant& one) {
    return one.payload_json == flag_.fallback.payload_json;
  };
  if (std::ranges::count_if(made_.variants, is_control) > 1) {
    value_.warn(fmt::format("several variants have the value of those outside, and '{}' is control",
                            made_.control),
                "control: VARIANT in the file names another");
  }
  if (split.variants.size() == 1 && split.rest == 0) {
    value_.warn("draws nothing between variants, so there is no effect to measure",
                "take it over to ask one server for every flag, or leave it where it is");
  }
}

std::optional<Experiment> Maker::make() {
  if (!choose()) return std::nullopt;
  made_.id = flag_.key;
  made_.name = flag_.key;
  Rule& split = flag_.rules[chosen_];
  set_split(split);
  const bool goes_on = chosen_ + 1 < flag_.rules.size();
  std::size_t first = take_overrides();
  std::size_t last = chosen_;
  while (!goes_on && last > first && is_exclusion(flag_.rules[last - 1], flag_.fallback)) --last;
  for (; first < last; ++first) force(flag_.rules[first], flag_.rules[first].when);
  exclude(last);
  if (!force_later(split)) return std::nullopt;
  if (made_.assignment.forced.size() > kMaxForced) {
    value_.error(fmt::format("has more than {} values by condition", kMaxForced));
    return std::nullopt;
  }
  if (is_never(made_.assignment.targeting)) {
    value_.error("its split can never be reached", "an earlier rule takes everybody");
    return std::nullopt;
  }
  if (compares("user")) {  // A context's `user` names the unit of that kind.
    value_.error(
        fmt::format("a condition compares the attribute `user`, which is the unit (`{}`) here",
                    flag_.id_attribute),
        "rename the attribute, in the application and in the flag");
    return std::nullopt;
  }
  for (Variant& variant : made_.variants) simplify(variant);
  warn();
  return std::move(made_);
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

Condition is_text(std::string attribute) {
  return compare(Op::kPrefix, std::move(attribute), {std::string{}});
}

Condition is_list_with(const std::string& attribute, std::vector<Scalar> values) {
  if (values.empty()) return never();
  std::vector<Condition> parts;
  bool has_text = false;
  for (const Scalar& value : values) {
    const bool is_text = std::holds_alternative<std::string>(value);
    if (!is_text) parts.push_back(negate(compare(Op::kEqual, attribute, {value})));
    has_text = has_text || is_text;
  }
  if (has_text) parts.push_back(negate(is_text(attribute)));
  parts.insert(parts.begin(), compare(Op::kIn, attribute, std::move(values)));
  return all_of(std::move(parts));
}

std::optional<Scalar> scalar_of(const Node& node) {
  if (node.kind != Node::Kind::kScalar) return std::nullopt;
  if (node.quoted) return Scalar{node.text};
  if (node.text == "true" || node.text == "false") return Scalar{node.text == "true"};
  if (const auto number = parse_number(node.text)) return Scalar{*number};
  return Scalar{node.text};
}

void cannot_take_over(const Value& value, std::string_view prerequisite, const Problems& problems) {
  constexpr std::string_view kSubject = "the prerequisite";
  std::string cause;
  for (const Problem& one : problems) {
    if (one.severity != Severity::kError) continue;
    const bool is_behind = one.message.starts_with(kSubject) && !one.hint.empty();
    cause = is_behind ? one.hint : one.message;
  }
  value.error(fmt::format("{} '{}' cannot be taken over", kSubject, prerequisite.substr(0, 60)),
              std::move(cause));
}

namespace {

// Of a flag that draws nothing: its rules, read as a list of cases.
std::optional<Condition> as_condition(const Flag& flag, const Condition& test, const Value& value) {
  std::vector<Condition> ways;
  std::vector<Condition> before;
  const auto add = [&](const Variant& variant, const Condition& when) {
    const auto holds = holds_for(test, variant.payload_json);
    if (!holds)
      value.error(fmt::format("the prerequisite '{}' is compared as a version", flag.key));
    if (holds.value_or(false)) {
      std::vector<Condition> path = before;
      path.push_back(when);
      ways.push_back(all_of(std::move(path)));
    }
    return holds.has_value();
  };
  for (const Rule& rule : flag.rules) {
    if (is_never(rule.when)) continue;
    if (!add(rule.variants.front(), rule.when)) return std::nullopt;
    before.push_back(negate(rule.when));
    if (is_too_large(value, before) || is_too_large(value, ways)) return std::nullopt;
  }
  if (!add(flag.fallback, always())) return std::nullopt;
  return any_of(std::move(ways));
}

// Of a flag that draws: the variants whose value is such a one. Who is outside has control's value.
std::optional<When> as_variants(Flag flag, const Condition& test, const Value& value) {
  const std::string key = flag.key;
  Report aside{value.report().file, {}};  // Its problems are told where the flag itself is read.
  const Value at(aside, value.node(), value.path());
  for (Rule& rule : flag.rules) rule.value = at;
  const auto plan = make_experiment(std::move(flag), at);
  if (!plan) {
    cannot_take_over(value, key, aside.problems);
    return std::nullopt;
  }
  Need need{{plan->id, {}}, {plan->id, {}}};
  for (const Variant& variant : plan->variants) {
    const bool is_named = variant.payload_json.empty();
    const auto holds =
        holds_for(test, is_named ? nlohmann::json(variant.key).dump() : variant.payload_json);
    if (!holds) {
      value.error(fmt::format("the prerequisite '{}' is compared as a version", key));
      return std::nullopt;
    }
    Prerequisite& side = *holds ? need.met : need.unmet;
    side.variants.push_back(variant.key);
    side.or_outside = side.or_outside || variant.key == plan->control;
  }
  if (need.met.variants.empty()) return When{never()};
  if (need.unmet.variants.empty()) return When{always()};
  value.warn(fmt::format("needs variants of '{}'", key),
             "take that over as well, and start it first");
  return When{always(), {std::move(need)}};
}

}  // namespace

std::optional<When> when_it_gives(Flag flag, const Condition& test, const Value& value) {
  const bool draws = std::ranges::any_of(flag.rules, [](const Rule& rule) {
    return !is_never(rule.when) && (!is_fixed(rule) || !rule.needs.empty());
  });
  if (draws) return as_variants(std::move(flag), test, value);
  auto condition = as_condition(flag, test, value);
  return condition ? std::optional(When{std::move(*condition)}) : std::nullopt;
}

bool has_error_within(const Problems& problems, const std::string& path) {
  return std::ranges::any_of(problems, [&](const Problem& one) {
    if (one.severity != Severity::kError || !one.field.starts_with(path)) return false;
    const char next = one.field.size() == path.size() ? '.' : one.field[path.size()];
    return next == '.' || next == '[';
  });
}

bool has_error_outside(const Problems& problems, std::string_view flags) {
  return std::ranges::any_of(problems, [&](const Problem& one) {
    return one.severity == Severity::kError && !one.field.starts_with(flags);
  });
}

namespace {

// Whether its file will be read as this plan, once there is a metric.
bool can_be_written(const Experiment& experiment, const Value& value) {
  const auto read = parse(experiment_file(experiment) +
                          "  metrics: {primary: [{name: c, type: count, event: c, "
                          "direction: increase}]}\n");
  if (!read) {
    for (const Problem& one : read.error()) {
      if (one.severity != Severity::kError) continue;
      value.error(fmt::format("cannot be an experiment: {}: {}", one.field, one.message), one.hint);
      return false;
    }
  } else if (read->experiment.assignment == experiment.assignment) {
    return true;
  }
  value.error("has a value that an experiment's file cannot hold");
  return false;
}

}  // namespace

void add_flag(const Value& value, Imported& imported, std::size_t& values,
              const std::function<std::optional<Experiment>(Extent&)>& read) {
  Problems& problems = value.report().problems;
  if (has_error_within(problems, value.path())) return;  // The file's own: not to be read.
  if (values > kMaxAllValues) {
    value.error("the flags before it have too many values to compare with",
                fmt::format("at most {} in one file; export one project at a time", kMaxAllValues));
    return;
  }
  const std::size_t before = problems.size();
  Extent extent;
  auto experiment = read(extent);
  values += extent.values();
  // What many flags refer to says for which it was read.
  for (std::size_t i = before; i < problems.size(); ++i) {
    if (problems[i].field.starts_with(value.path())) continue;
    problems[i].message += fmt::format(" (for {})", value.path());
  }
  const auto has_failed = [&] {
    return std::any_of(problems.begin() + static_cast<std::ptrdiff_t>(before), problems.end(),
                       [](const Problem& one) { return one.severity == Severity::kError; });
  };
  if (experiment && !has_failed() && can_be_written(*experiment, value)) {
    imported.flags.push_back({std::move(*experiment), value.node().line});
  } else if (!has_failed()) {
    value.error("cannot be taken over");
  }
}

Imported sorted_out(Imported imported, Problems problems) {
  for (Problem& problem : problems) {
    const bool is_error = problem.severity == Severity::kError;
    (is_error ? imported.refused : imported.warnings).push_back(std::move(problem));
  }
  return imported;
}

std::optional<Experiment> make_experiment(Flag flag, const Value& value) {
  if (!is_id(flag.key)) {
    value.error(fmt::format("'{}' cannot be the id of an experiment", flag.key.substr(0, 60)),
                "letters, digits, '_', '-' and '.', beginning with a letter or digit");
    return std::nullopt;
  }
  std::erase_if(flag.rules, [](const Rule& rule) { return is_never(rule.when); });
  flag.is_partition ? tidy_partition(flag) : tidy_sequence(flag);
  return Maker(flag, value).make();
}

}  // namespace assay::define
