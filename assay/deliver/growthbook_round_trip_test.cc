// What assay tells GrowthBook's SDKs can be taken over again with the same meaning: random plans
// are written as a payload and imported, and both answer alike for contexts of every kind. That the
// SDKs themselves answer like the plan is shown by tools/sdks.
#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "assay/assign/testing.h"
#include "assay/base/random.h"
#include "assay/define/import.h"
#include "assay/deliver/growthbook.h"
#include "assay/deliver/ofrep.h"

namespace assay::deliver {
namespace {

using assign::leaf;
using assign::tree;
using define::Condition;
using define::Experiment;
using define::Op;
using define::Scalar;
using nlohmann::json;

// Texts that numbers, YAML, JSON and regular expressions might take for something else.
const std::vector<std::string> kTexts = {"",          "IN",
                                         "in",        "a",
                                         "ab",        "a.b",
                                         "@acme.com", "ann@acme.com",
                                         "true",      "false",
                                         "null",      "~",
                                         "7",         "0",
                                         "1e3",       "-1.5",
                                         "(",         "a|b",
                                         "[x]",       "^a$",
                                         "\\d",       "\\",
                                         "//",        "a/b",
                                         "-",         " a ",
                                         "a\nb",      "\t",
                                         "é",         "日本",
                                         "🦊",      "\u2028",
                                         "\x7f",      "\u0085",
                                         "\u00a0",    "\ufeff",
                                         "\x1b",      "{}",
                                         "*",         "?",
                                         "$in",       "#a",
                                         "- a",       "\"'",
                                         "%",         "x,y",
                                         ": ",        "\\u0041",
                                         "u7",        std::string("a\0b", 3)};
const std::vector<double> kNumbers = {0, 1, -1, 7, 0.1, -1.5, 1000, 1e21, 1e-7, 123456789012.0};
const std::vector<std::string> kAttributes = {
    "country", "age", "tags", "device.os", "device", "staff", "größe", "id", "session", "a b",
    "$price",  "7",   "true", "null",      "~",      "x: y",  "\"q\"", "\\", "- x",     "$exists"};
const std::vector<std::string> kPayloads = {"",
                                            "null",
                                            "true",
                                            "0",
                                            "-1.5",
                                            R"("")",
                                            R"("control")",
                                            "[]",
                                            "{}",
                                            R"(["a", 1])",
                                            "1e+21",
                                            "0.1",
                                            R"({"k":[{"b":null}],"ü":"é"})",
                                            "5",
                                            R"("5")",
                                            R"("null")",
                                            R"("\n")",
                                            R"("\u0001")",
                                            "18446744073709551615"};
const std::vector<std::uint32_t> kWeights = {0, 1, 2, 3, 7, 333, 999'999, 100'000'000, 714'748'363};

template <typename T>
const T& one_of(Random& random, const std::vector<T>& all) {
  return all[random.below(all.size())];
}

Scalar any_text(Random& random) { return one_of(random, kTexts); }

// No line break, for which a plan is left out.
Scalar any_ending(Random& random) {
  const std::string& text = one_of(random, kTexts);
  return text == "\u0085" || text == "\u2028" ? "x" : text;
}

Scalar any_scalar(Random& random) {
  if (random.chance(0.2)) return random.chance(0.5);
  return random.chance(0.3) ? Scalar{one_of(random, kNumbers)} : any_text(random);
}

std::vector<Scalar> some(Random& random, Scalar (*make)(Random&)) {
  std::vector<Scalar> values(random.chance(0.03) ? 300 : 1 + random.below(4));
  for (Scalar& value : values) value = make(random);
  return values;
}

Condition any_leaf(Random& random) {
  const std::string& attribute = one_of(random, kAttributes);
  const Op op = one_of<Op>(random, {Op::kEqual, Op::kNotEqual, Op::kIn, Op::kNotIn, Op::kLess,
                                    Op::kLessEqual, Op::kGreater, Op::kGreaterEqual, Op::kPrefix,
                                    Op::kSuffix, Op::kContains, Op::kExists});
  switch (op) {
    case Op::kExists:
      return leaf(op, attribute, {random.chance(0.5)});
    case Op::kEqual:
    case Op::kNotEqual:
      return leaf(op, attribute, {any_scalar(random)});
    case Op::kIn:
    case Op::kNotIn:
      return leaf(op, attribute, some(random, any_scalar));
    case Op::kPrefix:
    case Op::kContains:
      return leaf(op, attribute, some(random, any_text));
    case Op::kSuffix:
      return leaf(op, attribute, some(random, any_ending));
    default:
      return leaf(op, attribute, {one_of(random, kNumbers)});
  }
}

Condition any_condition(Random& random, int depth) {
  if (depth == 0 || random.chance(0.4)) return any_leaf(random);
  if (random.chance(0.3)) return tree(Op::kNot, {any_condition(random, depth - 1)});
  std::vector<Condition> children(1 + random.below(3));
  for (Condition& child : children) child = any_condition(random, depth - 1);
  return tree(random.chance(0.5) ? Op::kAll : Op::kAny, std::move(children));
}

define::HashScheme any_hash(Random& random) {
  using enum define::HashScheme;
  return random.chance(0.5) ? kGrowthbookV1 : kGrowthbookV2;
}

std::vector<define::SlotRange> any_ranges(Random& random) {
  const auto begin = static_cast<std::uint32_t>(random.below(400'000));
  const auto end = begin + 1'000 + static_cast<std::uint32_t>(random.below(300'000));
  if (random.chance(0.5)) return {{begin, end}};
  return {{begin, end}, {end, end + 1}, {end + 7, 1'000'000}};
}

void add_gates(Random& random, Experiment& plan) {
  define::Assignment& assignment = plan.assignment;
  if (random.chance(0.7)) assignment.targeting = any_condition(random, 3);
  if (random.chance(0.3)) {
    assignment.unit = "session";
    assignment.targeting =
        tree(Op::kAll, {leaf(Op::kExists, "session", {true}), any_condition(random, 2)});
  } else if (random.chance(0.3)) {
    for (const char* id : {"u7", "user_1", "日本", "7", "true"}) {
      assignment.overrides.push_back({id, one_of(random, plan.variants).key});
    }
  }
  while (random.chance(0.3)) {
    assignment.namespaces.push_back({any_hash(random), one_of<std::string>(random, {"__n", "7"}),
                                     one_of<std::string>(random, {assignment.unit, "user"}),
                                     any_ranges(random)});
  }
  while (random.chance(0.3)) {
    assignment.forced.push_back({one_of(random, plan.variants).key, any_condition(random, 2), {}});
  }
}

// Among those that are told: a forced null is not, and has a test of its own.
Experiment any_plan(Random& random) {
  std::vector<std::uint32_t> weights(2 + random.below(3));
  for (std::uint32_t& weight : weights) weight = one_of(random, kWeights);
  weights[0] = std::max(weights[0], 1U);
  Experiment plan = assign::plan_of("exp.1_a", weights);
  for (define::Variant& variant : plan.variants) variant.payload_json = one_of(random, kPayloads);
  plan.control = one_of(random, plan.variants).key;
  plan.assignment.hash = any_hash(random);
  plan.assignment.salt = one_of<std::string>(random, {"", "exp.1_a", "seed-β", "5", "null"});
  plan.assignment.traffic_ppm =
      one_of<std::uint32_t>(random, {define::kLayerSlots, 0, 1, 333'333, 770'000});
  add_gates(random, plan);
  if (!why_not_growthbook(plan).empty()) plan.assignment.overrides = {};
  if (!why_not_growthbook(plan).empty()) plan.assignment.forced = {};
  return plan;
}

json any_value(Random& random) {
  switch (random.below(8)) {
    case 0:
      return random.chance(0.5);
    case 1:
      return one_of(random, kNumbers);
    case 2: {
      json list = json::array();
      while (random.chance(0.6)) list.push_back(any_value(random));
      return list;
    }
    case 3:
      return {{"os", one_of(random, kTexts)}};
    case 4:
      return nullptr;
    default:
      return one_of(random, kTexts);
  }
}

// GrowthBook's id is the targeting key; some have none.
json any_context(Random& random) {
  json context = json::object();
  for (const std::string& name : kAttributes) {
    if (name != "device.os" && random.chance(0.7)) context[name] = any_value(random);
  }
  if (random.chance(0.3)) context["device"] = {{"os", any_value(random)}};
  const std::string& odd = one_of(random, kTexts);
  const std::string even = assign::user(static_cast<int>(random.below(500)));
  context["id"] = random.chance(0.8) || odd.empty() ? even : odd;
  context["targetingKey"] = context["id"];
  if (random.chance(0.05)) {
    context.erase("id");
    context.erase("targetingKey");
  }
  if (random.chance(0.7)) context["session"] = "s" + even;
  return context;
}

// What an application is told, and as what it counts: nobody counts who is given a variant by name,
// so that whoever is given control is as one outside, for whom the importer may take it.
struct Told {
  json value;
  std::string counts_as;
  bool operator==(const Told&) const = default;
};

Told ask(const Ofrep& ofrep, const json& context) {
  const Answer answer = ofrep.evaluate_flag("exp.1_a", json{{"context", context}}.dump());
  const json flag = json::parse(answer.body);
  if (flag.contains("errorCode")) return {flag["errorCode"], "an error"};
  const bool is_given = flag["metadata"]["assay_reason"] == "override";
  return {flag.value("value", json()), is_given ? "" : flag["variant"].get<std::string>()};
}

std::string payload_of(const Experiment& plan) {
  const assign::Running running{.plan = plan};
  const GrowthbookPayload payload = growthbook_payload(std::span(&running, 1));
  EXPECT_TRUE(payload.left_out.empty()) << payload.left_out.begin()->second;
  return R"({"features": )" + payload.features_json + "}";
}

// Nothing after a failure.
std::optional<Experiment> taken_over(const std::string& payload) {
  const auto read = define::import_growthbook(payload, "payload.json");
  if (read && read->flags.size() == 1) return read->flags[0].experiment;
  ADD_FAILURE() << to_text(read ? read->refused : read.error()) << payload.substr(0, 2000);
  return std::nullopt;
}

TEST(GrowthbookRoundTrip, RandomPlansKeepTheirMeaning) {
  std::set<std::string> answers;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    Random random(seed);
    const Experiment plan = any_plan(random);
    const std::string payload = payload_of(plan);
    const auto again = taken_over(payload);
    if (!again) continue;
    const auto once_more = taken_over(payload_of(*again));
    EXPECT_EQ(once_more.value_or(plan).assignment, again->assignment)
        << payload << define::experiment_file(once_more.value_or(plan));
    const Ofrep original(assign::must_compile(std::vector<Experiment>{plan}));
    const Ofrep imported(assign::must_compile(std::vector<Experiment>{*again}));
    for (int i = 0; i < 50; ++i) {
      const json context = any_context(random);
      const Told told = ask(original, context);
      answers.insert(told.counts_as);
      ASSERT_EQ(told, ask(imported, context)) << seed << ": " << context << "\n"
                                              << payload << "\n"
                                              << define::experiment_file(*again);
    }
  }
  EXPECT_EQ(answers.size(), 6U) << "each of four variants, outside, and an error";
}

// Conditions come back as they were written, not as a longer way to say the same.
TEST(GrowthbookRoundTrip, ConditionsComeBackAsTheyWere) {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    Random random(seed);
    Condition one = any_leaf(random);
    const bool looks_in_texts =
        one.op == Op::kPrefix || one.op == Op::kSuffix || one.op == Op::kContains;
    if (looks_in_texts) std::erase(one.values, Scalar{std::string{}});
    if (one.values.empty()) continue;
    Experiment plan = assign::plan_of("exp.1_a");
    plan.assignment.hash = define::HashScheme::kGrowthbookV2;
    plan.assignment.targeting = one;
    const auto again = taken_over(payload_of(plan));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->assignment.targeting, one) << to_text(one);
  }
}

// As much as a file may hold of one comparison, and as deep as a file may be nested.
TEST(GrowthbookRoundTrip, LongListsAndDeepTrees) {
  std::vector<Scalar> texts;
  for (int i = 0; i < 1000; ++i) texts.emplace_back(std::string(100, '.') + std::to_string(i));
  texts.back() = std::string(1024, '(');
  std::vector<Condition> parts;
  for (const Op op : {Op::kPrefix, Op::kSuffix, Op::kContains})
    parts.push_back(leaf(op, "a", texts));
  while (texts.size() < 10'000) texts.emplace_back(std::to_string(texts.size()));
  parts.push_back(leaf(Op::kNotIn, "a", texts));
  Condition deep = tree(Op::kAll, std::move(parts));
  for (int i = 0; i < 19; ++i) {
    deep = tree(Op::kAny, {leaf(Op::kExists, "b" + std::to_string(i), {true}), deep});
  }
  Experiment plan = assign::plan_of("exp.1_a");
  plan.assignment.hash = define::HashScheme::kGrowthbookV1;
  plan.assignment.targeting = deep;
  const auto again = taken_over(payload_of(plan));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->assignment.targeting, deep);
}

}  // namespace
}  // namespace assay::deliver
