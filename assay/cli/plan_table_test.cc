#include "assay/cli/plan_table.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "assay/cli/testing.h"

namespace assay::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;

// Half of the eligible units take part; two are testers.
constexpr const char* kPlan = R"(
id: checkout
traffic: 0.5
allocation: {control: 50, treatment: 50}
targeting: {attribute: country, in: [IN, US]}
overrides: {u4: treatment, u7: control}
metrics:
  primary: [{name: paid, type: proportion, event: payment}]
  guardrails: [{name: wait, type: mean, event: page, must_not_increase: true}]
)";

class PlanTable : public testing::Test {
 protected:
  // Its rows, with what `assay assign` answers for each as a column, or what `recorded` makes of
  // it.
  using Recorded = std::string (*)(int row, const std::string& assigned);
  std::string table(const std::string& plan, Recorded recorded = nullptr) {
    std::string csv = "user,country,paid,wait,before\n";
    for (int i = 0; i < 6000; ++i) {
      csv += "u" + std::to_string(i) +
             (i % 3 == 0   ? ",UK,"
              : i % 3 == 1 ? ",IN,"
                           : ",US,") +
             std::to_string(i % 7 == 0) + "," + std::to_string(i * 37 % 101) + "," +
             std::to_string(i * 37 % 101 + i % 5) + "\n";
    }
    const std::string list = files_.write("list.csv", csv);
    if (recorded == nullptr) return list;
    std::istringstream answers(assay({"assign", plan, "--units", list}).out);
    std::istringstream rows(csv);
    std::string out;
    std::string row;
    std::string answer;
    for (int i = -1; std::getline(rows, row) && std::getline(answers, answer); ++i) {
      const auto comma = answer.find(',');
      const std::string variant = answer.substr(comma + 1, answer.find(',', comma + 1) - comma - 1);
      const bool is_chosen = answer.find(",override") != answer.npos;
      out += row + "," + (i < 0 ? "arm" : is_chosen ? "" : recorded(i, variant)) + "\n";
    }
    return files_.write("recorded.csv", out);
  }
  static Ran analyze(const std::string& plan, const std::string& table,
                     std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"analyze", plan, "--table", table};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return assay(arguments);
  }
  static json check(const json& card) {
    for (const json& one : card["trust"]) {
      if (one["name"] == "assignment") return one;
    }
    return nullptr;
  }

  Files files_;
};

TEST_F(PlanTable, AssignsAsAssignDoes) {
  const std::string plan = files_.write("plan.yaml", kPlan);
  const Ran ran = analyze(plan, table(plan), {"--json", "--as-of", "2026-03-01T00:00:00Z"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  const json card = ran.json();
  // The same table with the answers of assay assign as its column of variants.
  const std::string recorded = table(plan, [](int, const std::string& v) { return v; });
  const Ran known =
      analyze(plan, recorded, {"--variant", "arm", "--json", "--as-of", "2026-03-01T00:00:00Z"});
  ASSERT_EQ(known.status, 0) << known.err;
  EXPECT_GT(card["units"][0]["n"], 900);
  EXPECT_LT(card["units"][0]["n"], 1100) << "a quarter of the 4000 eligible ones";
  EXPECT_EQ(card["units"], known.json()["units"]);
  EXPECT_EQ(card["comparisons"], known.json()["comparisons"]);
  EXPECT_EQ(card["guardrails"], known.json()["guardrails"]);
  EXPECT_EQ(card["guardrails"][0]["metric"], "wait");
  EXPECT_EQ(card["fingerprint"], json::parse(assay({"define", plan, "--json"}).out)["fingerprint"]);
  const int in = card["units"][0]["n"].get<int>() + card["units"][1]["n"].get<int>();
  EXPECT_EQ(check(card)["message"], "The plan assigned " + std::to_string(in) + " rows; " +
                                        std::to_string(6000 - in) +
                                        " are not in the experiment, or forced.");
  EXPECT_EQ(check(known.json())["status"], "ok") << check(known.json());
}

TEST_F(PlanTable, CountsRowsOfAnotherVariant) {
  const std::string plan = files_.write("plan.yaml", kPlan);
  const std::string recorded = table(plan, [](int row, const std::string& assigned) {
    if (assigned.empty() || row >= 300) return assigned;
    return std::string(assigned == "control" ? "treatment" : "control");
  });
  const Ran ran = analyze(plan, recorded, {"--variant", "arm", "--json"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  const json found = check(ran.json());
  EXPECT_EQ(found["status"], "warning");
  std::istringstream rows(assay({"assign", plan, "--units", files_.file("list.csv")}).out);
  int differing = 0;
  std::string row;
  std::getline(rows, row);
  for (int i = 0; i < 300 && std::getline(rows, row); ++i) {
    differing += row.ends_with(",split") ? 1 : 0;
  }
  EXPECT_THAT(found["message"].get<std::string>(),
              HasSubstr(std::to_string(differing) + " of 6000 rows have another variant than"));
  EXPECT_THAT(found["message"].get<std::string>(), HasSubstr("treatment where control is"));
}

TEST_F(PlanTable, NamesAColumnOfVariantsThatNobodyAskedFor) {
  const std::string plan = files_.write("plan.yaml", kPlan);
  const std::string recorded = table(plan, [](int, const std::string& v) { return v; });
  const Ran ran = analyze(plan, recorded, {"--json"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(check(ran.json())["status"], "warning");
  EXPECT_THAT(check(ran.json())["message"].get<std::string>(),
              HasSubstr("the column arm holds nothing but its variants: if these were given, "
                        "analyze them with --variant arm."));
  const std::string sticky = files_.write("sticky.yaml", std::string(kPlan) + "sticky: true\n");
  EXPECT_EQ(analyze(sticky, recorded, {"--variant", "arm"}).status, 0);
  const std::string other =
      table(plan, [](int row, const std::string& v) { return row == 1 ? std::string("else") : v; });
  EXPECT_EQ(check(analyze(plan, other, {"--json"}).json())["status"], "ok");
}

// Who a row is, only a plan asks that chose somebody by hand or has several splits.
TEST_F(PlanTable, RecordedVariantsNeedNoIds) {
  const std::string text =
      "id: checkout\nallocation: {control: 50, treatment: 50}\n"
      "metrics: {primary: [{name: paid, type: proportion, event: payment}]}\n";
  const std::string plan = files_.write("plain.yaml", text);
  std::string named = "user,arm,paid\n";
  std::string nameless = "arm,paid\n";
  for (int i = 0; i < 400; ++i) {
    const std::string row =
        std::string(i % 2 == 0 ? "control," : "treatment,") + (i % 7 == 0 ? "1\n" : "0\n");
    named += "u" + std::to_string(i) + "," + row;
    nameless += row;
  }
  const std::string rows = files_.write("nameless.csv", nameless);
  const std::vector<std::string> more = {"--variant", "arm", "--json"};
  const json card = analyze(plan, rows, more).json();
  const json with_ids = analyze(plan, files_.write("named.csv", named), more).json();
  EXPECT_EQ(card["comparisons"], with_ids["comparisons"]);
  EXPECT_EQ(card["units"], with_ids["units"]);
  EXPECT_EQ(check(card)["status"], "warning");
  EXPECT_THAT(check(card)["message"].get<std::string>(),
              HasSubstr("Not checked: without a column user (or --unit COLUMN)"));
  const auto refusal = [&](const std::string& more_text, const std::string& variant) {
    return analyze(files_.write("other.yaml", text + more_text), rows, {"--variant", variant}).err;
  };
  EXPECT_THAT(refusal("", "paid"), HasSubstr("paid: '0' is not a variant of checkout"));
  EXPECT_THAT(refusal("overrides: {u1: control}\n", "arm"),
              HasSubstr("there is no column \"user\""));
  EXPECT_THAT(refusal("forced: [{variant: control, when: {attribute: paid, equals: 1}}]\n", "arm"),
              HasSubstr("there is no column \"user\""));
  const std::string before = files_.write(
      "before.yaml", "traffic: 0.5\n" + std::string(text).replace(text.find("50"), 2, "70"));
  EXPECT_THAT(analyze(plan, rows, {"--variant", "arm", "--earlier", before}).err,
              HasSubstr("there is no column \"user\""));
}

// Any way of writing the table, and ids under another name.
TEST_F(PlanTable, ReadsParquetAndAnotherNameOfTheUnit) {
  const std::string plan = files_.write("plan.yaml", kPlan);
  const std::string parquet = files_.parquet(
      "t.parquet",
      "SELECT 'u' || i AS customer, 'UK' AS \"user\", CASE i % 3 WHEN 0 THEN 'UK' WHEN 1 THEN 'IN' "
      "ELSE 'US' END AS country, i % 7 = 0 AS paid, i * 37 % 101 AS wait FROM range(6000) t(i)");
  const std::vector<std::string> more = {"--json", "--as-of", "2026-03-01T00:00:00Z"};
  std::vector<std::string> named = more;
  named.insert(named.end(), {"--unit", "customer"});
  const Ran ran = analyze(plan, parquet, named);
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.out, analyze(plan, table(plan), more).out);
}

TEST_F(PlanTable, MetricsOfTheCommandLineKeepThePlansRules) {
  const std::string plan = files_.write("plan.yaml", kPlan);
  const Ran ran = analyze(plan, table(plan),
                          {"--metric", "wait:mean,covariate=before", "--metric", "paid:mean",
                           "--metric", "before:quantile,q=0.9", "--json"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  const json rows = ran.json()["comparisons"];
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0]["role"], "guardrail");
  EXPECT_EQ(rows[0]["method"], "confidence_sequence+cuped");
  EXPECT_EQ(rows[1]["role"], "primary");
  EXPECT_EQ(rows[2]["metric"], "before,q=0.9");
}

TEST_F(PlanTable, SaysWhatIsWrong) {
  const std::string plan = files_.write("plan.yaml", kPlan);
  const std::string list = table(plan);
  const auto refused = [&](const std::string& text, const std::string& rows,
                           const std::vector<std::string>& more = {}) {
    const Ran ran = analyze(files_.write("other.yaml", text), rows, more);
    EXPECT_EQ(ran.status, kBadInput) << ran.out;
    return ran.err;
  };
  EXPECT_THAT(refused(kPlan, list, {"--unit", "usr"}),
              HasSubstr("there is no column \"usr\" (did you mean user?)"));
  EXPECT_THAT(refused(kPlan, list, {"--variant", "arm"}), HasSubstr("no column \"arm\""));
  EXPECT_THAT(refused(kPlan, list, {"--variant", "country"}),
              HasSubstr("list.csv:2: error: 'UK' is not a variant of checkout"));
  EXPECT_THAT(refused(kPlan, files_.write("t.csv", "user,country,paid,wait\n,IN,1,2\n")),
              HasSubstr("t.csv:2: error: the unit is missing"));
  EXPECT_THAT(
      refused(kPlan, files_.write("t.csv", "user,paid,wait\nu1,1,2\n")),
      HasSubstr("no row is in checkout (of the first row: targeting (country is missing))"));
  EXPECT_THAT(refused(kPlan, files_.write("t.csv", "user,country\nu1,IN\nu2,IN\nu3,US\nu5,US\n")),
              HasSubstr("there is no column \"paid\""));
  EXPECT_THAT(
      refused(kPlan, files_.parquet("n.parquet", "SELECT 1.5 AS \"user\", 'IN' AS country")),
      HasSubstr("ids are texts or whole numbers"));
  EXPECT_THAT(refused(kPlan, files_.file("none.csv")), HasSubstr("there is no file"));
  const std::string more(kPlan);
  EXPECT_THAT(refused(more + "fallback_unit: device\n", list), HasSubstr("one kind of unit"));
  EXPECT_THAT(refused("id: s\nunit: city\nswitchback: {period: 1h}\nallocation: {a: 1, b: 1}\n"
                      "metrics: {primary: [{name: paid, type: proportion, event: p}]}\n",
                      list),
              HasSubstr("a table has no units in periods"));
  EXPECT_THAT(refused(more + "sticky: true\nadaptive: {floor: 5%}\n", list),
              HasSubstr("weights at each"));
  EXPECT_THAT(
      refused(more + "sticky: true\n", list),
      HasSubstr("sticky: what units were given before is not known from the plan (--variant "
                "COLUMN takes"));
  EXPECT_THAT(refused(kPlan, list, {"--by", "paid"}), HasSubstr("--by"));
  for (const char* word : {"--method", "--control", "--share", "--correction", "--alpha"}) {
    EXPECT_THAT(refused(kPlan, list, {word, "0.5"}),
                HasSubstr(std::string(word) + ": is not known together with --table"));
  }
}

// The players of Cookie Cats: drawn anew by this plan's salt they are an A/A test; what they really
// met was drawn by another.
TEST_F(PlanTable, TheCookieCatsPlayers) {
  const std::string path = ASSAY_SOURCE_DIR "/../shared/data/cookie_cats.csv";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "cookie_cats.csv is not here";
  const std::string plan = files_.write(
      "gate.yaml",
      "id: gate\nunit: userid\nallocation: {gate_30: 50, gate_40: 50}\ncontrol: gate_30\nmetrics: "
      "{primary: [{name: retention_7, type: proportion, event: back}]}\n");
  const Ran drawn = analyze(plan, path, {"--json"});
  ASSERT_EQ(drawn.status, 0) << drawn.err;
  EXPECT_EQ(drawn.json()["comparisons"][0]["significant"], false);
  const Ran real = analyze(plan, path, {"--variant", "version", "--json"});
  ASSERT_EQ(real.status, 0) << real.err;
  EXPECT_EQ(real.json()["units"][0]["n"], 44700);
  EXPECT_THAT(check(real.json())["message"].get<std::string>(),
              HasSubstr("of 90189 rows have another variant than the plan assigns"));
}

// As `assay assign` says it of a list.
TEST_F(PlanTable, SaysWhoseIdStandsInForAKindWithoutColumn) {
  const std::string plan = files_.write("held.yaml", R"(
experiment:
  id: checkout
  allocation: {control: 50, treatment: 50}
  metrics: {primary: [{name: paid, type: proportion, event: payment}]}
holdouts: {devices: {share: 10%, unit: device}}
)");
  std::string with = "user,device,paid\n";
  std::string without = "user,paid\n";
  for (int i = 0; i < 200; ++i) {
    const std::string paid = "," + std::to_string(i % 7 == 0) + "\n";
    with += "u" + std::to_string(i) + ",d" + std::to_string(i) + paid;
    without += "u" + std::to_string(i) + paid;
  }
  const Ran warned = analyze(plan, files_.write("without.csv", without));
  EXPECT_EQ(warned.status, kOk) << warned.err;
  EXPECT_THAT(warned.err, HasSubstr("without.csv: warning: device: there is no such column: where "
                                    "it is asked for, the id in 'user' stands in"));
  EXPECT_NE(warned.out, "");
  const Ran told = analyze(plan, files_.write("with.csv", with));
  EXPECT_EQ(told.status, kOk) << told.err;
  EXPECT_EQ(told.err, "");
}

}  // namespace
}  // namespace assay::cli
