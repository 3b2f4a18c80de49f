// Tables of experiments whose weights changed while they ran, in a world whose truth is known:
// those who came in late are others, so that variants of another share among them differ although
// nothing was done to anybody (Simpson's paradox).
#include <cmath>
#include <map>
#include <tuple>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "assay/base/random.h"
#include "assay/cli/testing.h"

namespace assay::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr int kUnits = 2000;
constexpr int kMetrics = 20;  // The odd ones with an effect.
constexpr double kEffect = 0.3;
constexpr double kLevels[] = {0.0, 0.5, 1.5};  // Of the three cohorts; units vary by 1 around them.

struct World {
  std::vector<std::string> plan;  // The present file, and --earlier with those before.
  std::string table;
  std::map<std::string, int> units;  // By variant.
  std::vector<int> cohorts = {0, 0, 0};
};

class EarlierTable : public testing::Test {
 protected:
  std::string version(const std::string& id, const std::string& traffic, int control,
                      const std::string& more = "") const {
    std::string text = "id: " + id + "\ntraffic: " + traffic +
                       "\nallocation: {control: " + std::to_string(control) +
                       "%, treatment: " + std::to_string(100 - control) +
                       "%}\nanalysis: {method: fixed_horizon}\n" +
                       "schedule: {sample_size_per_variant: 100}\n" + more +
                       "metrics:\n  primary:\n";
    for (int m = 0; m < kMetrics; ++m) {
      text += "    - {name: m" + std::to_string(m) + ", type: mean, event: e}\n";
    }
    return text;
  }

  std::map<std::string, std::string> assigned(const std::vector<std::string>& plan,
                                              const std::string& list) {
    std::vector<std::string> arguments = {"assign", "--units", list};
    arguments.insert(arguments.end(), plan.begin(), plan.end());
    const Ran ran = assay(arguments);
    EXPECT_EQ(ran.status, kOk) << ran.err;
    std::istringstream lines(ran.out);
    std::map<std::string, std::string> variants;
    std::string line;
    while (std::getline(lines, line)) {
      const std::size_t unit = line.find(',');
      variants[line.substr(0, unit)] = line.substr(unit + 1, line.find(',', unit + 1) - unit - 1);
    }
    return variants;
  }

  // 30 % of the units came in at 80:20, 30 % more at 50:50, the others at 15:85.
  World world(int number, const std::string& more = "") {
    const std::string id = "w" + std::to_string(number);
    const std::string first = files_.write("1.yaml", version(id, "0.3", 80, more));
    const std::string second = files_.write("2.yaml", version(id, "0.6", 50, more));
    const std::string third = files_.write("3.yaml", version(id, "1", 15, more));
    World world{.plan = {third, "--earlier", first, "--earlier", second}, .table = {}, .units = {}};
    std::string list = "user\n";
    for (int i = 0; i < kUnits; ++i) list += "u" + std::to_string(i) + "\n";
    const std::string units = files_.write("list.csv", list);
    const auto at_first = assigned({first}, units);
    const auto then = assigned({second, "--earlier", first}, units);
    const auto now = assigned(world.plan, units);
    Random random(static_cast<std::uint64_t>(number));
    std::string csv = "user,arm";
    for (int m = 0; m < kMetrics; ++m) csv += ",m" + std::to_string(m);
    for (int i = 0; i < kUnits; ++i) {
      const std::string unit = "u" + std::to_string(i);
      const std::string& arm = now.at(unit);
      const std::size_t cohort = !at_first.at(unit).empty() ? 0 : !then.at(unit).empty() ? 1 : 2;
      ++world.units[arm];
      ++world.cohorts[cohort];
      csv += "\n" + unit + "," + arm;
      for (int m = 0; m < kMetrics; ++m) {
        const double effect = m % 2 == 1 && arm == "treatment" ? kEffect : 0.0;
        csv += "," + std::to_string(kLevels[cohort] + effect + random.normal());
      }
    }
    world.table = files_.write("table.csv", csv + "\n");
    return world;
  }

  static json analyzed(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "analyze");
    arguments.insert(arguments.end(), {"--as-of", "2026-03-01T00:00:00Z", "--json"});
    const Ran ran = assay(arguments);
    EXPECT_EQ(ran.status, kOk) << ran.err;
    return ran.json();
  }
  static json with_plan(const World& world, const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = world.plan;
    arguments.insert(arguments.end(), {"--table", world.table});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return analyzed(arguments);
  }
  static json check(const json& card, const std::string& name) {
    for (const json& one : card["trust"]) {
      if (one["name"] == name) return one;
    }
    return nullptr;
  }

  Files files_;
};

// Over many worlds: how often a truth was missed, and how far off estimates are on average.
struct Errors {
  int answers = 0;
  int misses = 0;
  double sum = 0;
  double squares = 0;

  void see(const json& comparison, double truth) {
    const double error = comparison["estimate"].get<double>() - truth;
    ++answers;
    sum += error;
    squares += error * error;
    const bool holds = comparison["low"] <= truth && comparison["high"] >= truth;
    misses += holds ? 0 : 1;
  }
  double bias() const { return sum / answers; }
  double bias_error() const { return std::sqrt(squares / answers / answers); }
};

// 15 worlds with 20 metrics each, half of them without an effect. The naive difference is off by
// 0.697 (from the shares and levels above): it misses the truth every time. Within cohorts
// 5 % of 300 may miss: 15 with a Monte Carlo error of 3.8, so at most 28 (99.9 %), and
// the mean error is within four of its own Monte Carlo errors (near 0.003) of nothing.
TEST_F(EarlierTable, CohortsAreNotMixed) {
  Errors ours;
  Errors naive;
  for (int number = 0; number < 15; ++number) {
    const World world = this->world(number);
    const json card = with_plan(world);
    std::vector<std::string> plain = {"--table", world.table, "--variant", "arm"};
    for (int m = 0; m < kMetrics; ++m) {
      plain.insert(plain.end(), {"--metric", "m" + std::to_string(m) + ":mean"});
    }
    const json pooled = analyzed(plain);
    for (std::size_t m = 0; m < kMetrics; ++m) {
      const double truth = m % 2 == 1 ? kEffect : 0.0;
      ours.see(card["comparisons"][m], truth);
      naive.see(pooled["comparisons"][m], truth);
    }
    for (const json& one : card["units"]) {
      EXPECT_EQ(one["n"], world.units.at(one["variant"].get<std::string>()));
    }
    EXPECT_EQ(check(card, "sample_ratio")["status"], "ok") << check(card, "sample_ratio");
  }
  RecordProperty("misses", ours.misses);
  std::printf("of %d: naive misses %d, off by %.3f; within cohorts %d, off by %.4f +- %.4f\n",
              ours.answers, naive.misses, naive.bias(), ours.misses, ours.bias(),
              ours.bias_error());
  EXPECT_EQ(naive.misses, naive.answers);
  EXPECT_GT(naive.bias(), 0.5);
  EXPECT_LE(ours.misses, 28);
  EXPECT_GE(ours.misses, 4);
  EXPECT_LT(std::abs(ours.bias()), 4 * ours.bias_error());
}

// With the recorded variants the cohorts are the same, and so is everything else. What each cohort
// should have of each variant comes from its own weights; the newest alone call the split wrong.
TEST_F(EarlierTable, RecordedVariantsInTheirCohorts) {
  const World world = this->world(1);
  const json card = with_plan(world);
  const json recorded = with_plan(world, {"--variant", "arm"});
  EXPECT_EQ(recorded["comparisons"], card["comparisons"]);
  EXPECT_EQ(recorded["units"], card["units"]);
  EXPECT_EQ(check(recorded, "assignment")["message"],
            "The recorded variant is the assigned one in 2000 rows.");
  const std::vector<int>& cohorts = world.cohorts;
  const double control = (0.8 * cohorts[0] + 0.5 * cohorts[1] + 0.15 * cohorts[2]) / kUnits;
  EXPECT_NEAR(card["units"][0]["expected_share"].get<double>(), control, 1e-12);
  EXPECT_EQ(check(card, "sample_ratio")["status"], "ok");
  const json newest = analyzed({world.plan[0], "--table", world.table, "--variant", "arm"});
  EXPECT_EQ(check(newest, "sample_ratio")["status"], "failed");
  EXPECT_THAT(check(newest, "assignment")["message"].get<std::string>(),
              HasSubstr("have another variant than the plan assigns"));
}

// Chosen by hand at any time is chosen by hand.
TEST_F(EarlierTable, UnitsThatAnEarlierVersionChoseAreLeftOut) {
  const World world = this->world(2);
  std::vector<std::string> plan = world.plan;
  plan[2] = files_.write("o.yaml", version("w2", "0.3", 80, "overrides: {u1: control}\n"));
  plan.insert(plan.end(), {"--table", world.table});
  const json card = analyzed(plan);
  const int all = card["units"][0]["n"].get<int>() + card["units"][1]["n"].get<int>();
  EXPECT_EQ(all, kUnits - 1);
}

// The same of exposures without a column `override`, whose epochs are those of the versions.
TEST_F(EarlierTable, ExposuresOfUnitsThatAnEarlierVersionChoseAreLeftOut) {
  const World world = this->world(4);
  const std::string chose =
      files_.write("o.yaml", version("w4", "0.3", 80, "overrides: {u1: control, u2: treatment}\n"));
  const std::string seen = files_.write("seen.csv",
                                        "user,variant,time,epoch\n"
                                        "u1,control,2026-02-01T00:00:00Z,0\n"
                                        "u2,treatment,2026-02-01T00:00:00Z,0\n"
                                        "u3,treatment,2026-02-01T00:00:00Z,1\n");
  const std::string events = files_.write("e.csv", "user,name,time\nu1,e,2026-02-03T00:00:00Z\n");
  for (const char* command : {"analyze", "report"}) {
    const Ran ran = assay({command, world.plan[0], "--earlier", chose, "--earlier", world.plan[4],
                           "--exposures", seen, "--events", events, "--json"});
    ASSERT_EQ(ran.status, kOk) << ran.err;
    const json card = command == std::string("report") ? ran.json()["scorecard"] : ran.json();
    EXPECT_EQ(card["units"][0]["n"], 0) << command;
    EXPECT_EQ(card["units"][1]["n"], 1) << command;
  }
}

// Exposures that name no epoch, or not in every row: each unit has that of its id, as in the table.
TEST_F(EarlierTable, ExposuresWithoutEpochsAreOfThoseOfTheirIds) {
  const World world = this->world(5);
  const json table = with_plan(world);
  std::string events = "user,name,time,value";
  std::string seen = "user,variant,time";
  std::string some = "user,variant,time,epoch";
  std::ifstream rows(world.table);
  std::string row;
  std::getline(rows, row);
  while (std::getline(rows, row)) {
    std::istringstream cells(row);
    std::string unit, arm, value;
    std::getline(std::getline(std::getline(cells, unit, ','), arm, ','), value, ',');
    const std::string exposure = "\n" + unit + "," + arm + ",2026-02-01T00:00:00Z";
    seen += exposure;
    some += exposure + ",";
    events += "\n" + unit + ",e,2026-02-02T00:00:00Z," + value;
  }
  const std::string values = files_.write("values.csv", events + "\n");
  for (const std::string& text : {seen, some}) {
    std::vector<std::string> arguments = world.plan;
    arguments.insert(arguments.end(),
                     {"--exposures", files_.write("seen.csv", text + "\n"), "--events", values});
    const json card = analyzed(arguments);
    EXPECT_EQ(card["units"], table["units"]);
    EXPECT_EQ(check(card, "sample_ratio"), check(table, "sample_ratio"));
    const json& expected = table["comparisons"][0];
    const json& found = card["comparisons"][0];
    EXPECT_NEAR(found["estimate"].get<double>(), expected["estimate"].get<double>(), 1e-9);
    EXPECT_NEAR(found["std_error"].get<double>(), expected["std_error"].get<double>(), 1e-9);
  }
}

// Where ids do not tell, the rows must.
TEST_F(EarlierTable, ExposuresThatMustNameTheirEpochs) {
  const std::string events = files_.write("e.csv", "user,name,time\nu1,e,2026-02-03T00:00:00Z\n");
  const std::string without = files_.write("x.csv",
                                           "user,variant,time\n"
                                           "u1,control,2026-02-01T00:00:00Z\n");
  const std::string empty = files_.write("y.csv",
                                         "user,variant,time,epoch\n"
                                         "u1,control,2026-02-01T00:00:00Z,0\n"
                                         "u2,treatment,2026-02-01T00:00:00Z,\n");
  for (const char* more :
       {"sticky: true\n", "reshuffle: true\n", "layer: {name: page, share: 40%}\n"}) {
    const std::string first = files_.write("1.yaml", version("a", "0.3", 80, more));
    const std::string now = files_.write("2.yaml", version("a", "0.6", 50, more));
    const auto refused = [&](const std::string& exposures) {
      const Ran ran =
          assay({"analyze", now, "--earlier", first, "--exposures", exposures, "--events", events});
      EXPECT_EQ(ran.status, kBadInput) << more << ran.out;
      return ran.err;
    };
    EXPECT_THAT(refused(without), HasSubstr("x.csv:1: error: epoch: no column for it: expected one "
                                            "of epoch (its id does not tell when the unit came in"))
        << more;
    EXPECT_THAT(refused(empty), HasSubstr("y.csv:3: error: epoch: the epoch is missing (its id"))
        << more;
    // One version has one epoch.
    const Ran ran =
        assay({"analyze", now, "--earlier", now, "--exposures", without, "--events", events});
    EXPECT_EQ(ran.status, kOk) << more << ran.err;
  }
}

// Exposures of a server name their epochs; with the versions the split is held against the weights
// of each.
TEST_F(EarlierTable, ExposuresOfSeveralEpochs) {
  const World world = this->world(3);
  std::string exposures = "unit,variant,time,epoch\n";
  int unit = 0;
  for (const auto& [epoch, control, treatment] : {std::tuple{0, 400, 100}, {1, 300, 300}}) {
    for (int i = 0; i < control + treatment; ++i) {
      exposures += "u" + std::to_string(unit++) + (i < control ? ",control" : ",treatment") +
                   ",2026-02-0" + std::to_string(epoch + 1) + "T00:00:00Z," +
                   std::to_string(epoch) + "\n";
    }
  }
  const std::string seen = files_.write("exposures.csv", exposures);
  const std::string events = files_.write(
      "events.csv",
      "unit,name,time,value\nu1,e,2026-02-03T00:00:00Z,1\nu450,e,2026-02-03T00:00:00Z,2\n");
  const std::vector<std::string> files = {"--exposures", seen, "--events", events};
  const auto arguments = [&](std::vector<std::string> plan) {
    plan.insert(plan.end(), files.begin(), files.end());
    return plan;
  };
  const std::string& first = world.plan[2];
  const std::string& second = world.plan[4];
  const json card = analyzed(arguments({second, "--earlier", first}));
  EXPECT_EQ(check(card, "sample_ratio")["status"], "ok") << check(card, "sample_ratio");
  EXPECT_NEAR(card["units"][0]["expected_share"].get<double>(), (0.8 * 500 + 0.5 * 600) / 1100,
              1e-12);
  EXPECT_EQ(check(analyzed(arguments({second})), "sample_ratio")["status"], "failed");
  std::vector<std::string> decide = arguments({"decide", second, "--earlier", first});
  EXPECT_EQ(assay(decide).status, kOk);
  std::vector<std::string> too_few = arguments({"analyze", second, "--earlier", second});
  EXPECT_THAT(assay(too_few).err, HasSubstr("the exposures are of epoch 1, and the versions have 1 "
                                            "(name every version that changed traffic or weights"));
  const std::string other = files_.write("other.yaml", version("v", "0.3", 80));
  EXPECT_THAT(
      assay(arguments({"analyze", second, "--earlier", first, "--earlier", other})).err,
      testing::AllOf(HasSubstr("other.yaml: error: id: --earlier is for the versions of w3, and "
                               "this is v"),
                     testing::Not(HasSubstr("differs"))));
  const std::string bandit = files_.write(
      "bandit.yaml", version("w3", "0.6", 50, "sticky: true\nadaptive: {floor: 5%}\n"));
  EXPECT_THAT(assay(arguments({"analyze", bandit, "--earlier", bandit})).err,
              HasSubstr("bandit.yaml: error: adaptive: its weights were set while it ran"));
}

}  // namespace
}  // namespace assay::cli
