#include "assay/cli/earlier.h"

#include <cmath>
#include <map>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "assay/base/random.h"
#include "assay/cli/testing.h"

namespace assay::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr int kUnits = 3000;

// A version of an experiment: its share of traffic and its weights.
std::string version(const std::string& id, const std::string& traffic, const std::string& control,
                    const std::string& more = "") {
  return "id: " + id + "\ntraffic: " + traffic + "\nallocation: {control: " + control +
         "%, treatment: " + std::to_string(100 - std::stoi(control)) + "%}\n" +
         "metrics: {primary: [{name: paid, type: mean, event: payment}]}\n" + more;
}

class Earlier : public testing::Test {
 protected:
  // The variant of each unit; those of no variant are left out.
  std::map<std::string, std::string> assigned(std::vector<std::string> arguments) {
    std::string list = "unit\n";
    for (int i = 0; i < kUnits; ++i) list += "u" + std::to_string(i) + "\n";
    arguments.insert(arguments.begin(), "assign");
    arguments.insert(arguments.end(), {"--units", files_.write("list.csv", list)});
    const Ran ran = assay(arguments);
    EXPECT_EQ(ran.status, kOk) << ran.err;
    std::map<std::string, std::string> variants;
    std::istringstream lines(ran.out);
    std::string line;
    std::getline(lines, line);
    while (std::getline(lines, line)) {
      const std::size_t unit = line.find(',');
      const std::string variant = line.substr(unit + 1, line.find(',', unit + 1) - unit - 1);
      if (!variant.empty()) variants[line.substr(0, unit)] = variant;
    }
    return variants;
  }
  std::string refused(const std::vector<std::string>& arguments) {
    const Ran ran = assay(arguments);
    EXPECT_EQ(ran.status, kBadInput) << ran.out;
    return ran.err;
  }

  Files files_;
  const std::string first_ = files_.write("1.yaml", version("a", "0.3", "90"));
  const std::string second_ = files_.write("2.yaml", version("a", "0.6", "50"));
  const std::string present_ = files_.write("3.yaml", version("a", "1", "10"));
};

TEST_F(Earlier, WhoIsInStaysAndWhoComesInGetsTheNewWeights) {
  const auto at_first = assigned({first_});
  const auto then = assigned({second_, "--earlier", first_});
  const auto now = assigned({present_, "--earlier", first_, "--earlier", second_});
  const auto by_new_weights = assigned({present_});
  EXPECT_NEAR(static_cast<double>(at_first.size()), 0.3 * kUnits, 100);
  EXPECT_NEAR(static_cast<double>(then.size()), 0.6 * kUnits, 110);
  ASSERT_EQ(now.size(), kUnits);
  int moved = 0;
  for (const auto& [unit, variant] : now) {
    const bool was_first = at_first.contains(unit);
    const bool was_second = then.contains(unit);
    const std::string& expected = was_first    ? at_first.at(unit)
                                  : was_second ? then.at(unit)
                                               : by_new_weights.at(unit);
    ASSERT_EQ(variant, expected) << unit;
    if (was_first) {
      ASSERT_EQ(then.at(unit), variant) << unit;
    }
    moved += variant == by_new_weights.at(unit) ? 0 : 1;
  }
  EXPECT_GT(moved, kUnits / 4) << "the newest weights alone are another answer";
}

TEST_F(Earlier, AStepThatChangesNoSplitIsNone) {
  const std::string named = files_.write(
      "named.yaml", version("a", "1", "10", "name: Again\noverrides: {u1: control}\n"));
  auto expected = assigned({present_});
  EXPECT_EQ(assigned({present_, "--earlier", present_, "--earlier", named}), expected);
  // More traffic with the same weights moves nobody either.
  const std::string less = files_.write("less.yaml", version("a", "0.2", "10"));
  EXPECT_EQ(assigned({present_, "--earlier", less}), expected);
  expected["u1"] = "control";
  EXPECT_EQ(assigned({named, "--earlier", less, "--earlier", present_}), expected);
}

// Of the two the last weights hold for everybody: that is what the word says.
TEST_F(Earlier, AReshuffledPlanAnswersByItsLastWeights) {
  const auto file = [&](const std::string& control) {
    return files_.write(control + ".yaml", version("a", "1", control, "reshuffle: true\n"));
  };
  EXPECT_EQ(assigned({file("10"), "--earlier", file("90")}), assigned({present_}));
  EXPECT_THAT(refused({"analyze", file("10"), "--earlier", file("90"), "--table",
                       files_.write("t.csv", "user,paid\nu1,1\n")}),
              HasSubstr("reshuffle: new weights moved units, and a row has one variant (analyze it "
                        "from --exposures and --events)"));
}

// Each file goes to the plan of its id, also to one that runs beside it.
TEST_F(Earlier, OfSeveralPlans) {
  const std::string other = files_.write("b.yaml", version("b", "1", "50"));
  const std::string before = files_.write("b1.yaml", version("b", "0.5", "5"));
  const std::string list = files_.write("l.csv", "unit\nu1\nu2\nu3\nu4\nu5\nu6\nu7\nu8\nu9\n");
  const auto one = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "assign");
    arguments.insert(arguments.end(), {"--units", list});
    const Ran ran = assay(arguments);
    EXPECT_EQ(ran.status, kOk) << ran.err;
    return ran.out;
  };
  const std::string both =
      one({present_, other, "--earlier", first_, "--earlier", before, "--earlier", second_});
  std::istringstream expected_a(one({present_, "--earlier", first_, "--earlier", second_}));
  std::istringstream expected_b(one({other, "--earlier", before}));
  std::istringstream rows(both);
  std::string a;
  std::string b;
  std::string row;
  std::getline(expected_a, a), std::getline(expected_b, b), std::getline(rows, row);
  EXPECT_EQ(row, "unit,a,b");
  const auto variant = [](const std::string& line) {
    return line.substr(line.find(',') + 1, line.rfind(',') - line.find(',') - 1);
  };
  while (std::getline(expected_a, a) && std::getline(expected_b, b) && std::getline(rows, row)) {
    EXPECT_EQ(row, a.substr(0, a.find(',')) + "," + variant(a) + "," + variant(b));
  }
  // Needs control of b, as b was split at first.
  const std::string needs = files_.write(
      "c.yaml", version("c", "1", "50", "prerequisites: [{experiment: b, variants: [control]}]\n"));
  const auto of_b = assigned({other, "--earlier", before});
  const auto of_c = assigned({needs, "--with", other, "--earlier", before});
  for (const auto& [unit, its] : of_b) EXPECT_EQ(its == "control", of_c.contains(unit)) << unit;
}

TEST_F(Earlier, SaysWhatIsWrong) {
  const std::string list = files_.write("l.csv", "unit\nu1\n");
  const auto assign = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "assign");
    arguments.insert(arguments.end(), {"--units", list});
    return refused(arguments);
  };
  EXPECT_THAT(assign({present_, "--earlier", second_, "--earlier", first_}),
              testing::AllOf(HasSubstr("1.yaml: error: traffic, allocation.control, "
                                       "allocation.treatment: differs from "),
                             HasSubstr("2.yaml, and cannot change while a runs (--earlier takes "
                                       "the versions oldest first;")));
  const std::string same_traffic = files_.write("s.yaml", version("a", "1", "20"));
  EXPECT_THAT(assign({present_, "--earlier", same_traffic}),
              HasSubstr("3.yaml: error: allocation.control, allocation.treatment: differs from "));
  const std::string alpha = files_.write("al.yaml", version("a", "0.3", "10", "salt: other\n"));
  EXPECT_THAT(assign({present_, "--earlier", alpha}), HasSubstr(": salt: differs from"));
  const std::string other = files_.write("b.yaml", version("b", "0.3", "90"));
  EXPECT_THAT(assign({present_, "--earlier", other}),
              HasSubstr("b.yaml: error: id: --earlier is for the versions of a, and this is b "
                        "(an experiment that runs beside it goes to --with)"));
  EXPECT_THAT(assign({present_, "--earlier", files_.file("none.yaml")}), HasSubstr("none.yaml"));
  EXPECT_THAT(assign({present_, "--earlier", files_.write("bad.yaml", "id: a\ntrafic: 1\n")}),
              HasSubstr("trafic"));
  const auto sticky = [&](const std::string& name, const std::string& control) {
    return files_.write(name, version("a", "1", control, "sticky: true\n"));
  };
  EXPECT_THAT(assign({sticky("y.yaml", "10"), "--earlier", sticky("z.yaml", "90")}),
              HasSubstr("y.yaml: error: sticky: what units were given before is in the "
                        "server's store, and no earlier file has it"));
  EXPECT_THAT(assign({present_, "--earlier", first_, "--balance", "unit"}),
              HasSubstr("--balance finds the salt of an experiment before it starts"));
  EXPECT_THAT(refused({"analyze", "--table", list, "--variant", "v", "--metric", "x:mean",
                       "--earlier", first_}),
              HasSubstr("--earlier requires file"));
}

// The share of a layer is found once; the versions before had the same slots.
TEST_F(Earlier, AShareOfALayer) {
  const std::string layer = "layer: {name: page, share: 40%}\n";
  const std::string other =
      files_.write("o.yaml", version("o", "1", "50", "layer: {name: page, slots: 0-499999}\n"));
  const std::string old = files_.write("old.yaml", version("a", "0.5", "90", layer));
  const std::string now = files_.write("now.yaml", version("a", "1", "10", layer));
  const auto at_first = assigned({old, "--with", other});
  const auto after = assigned({now, "--with", other, "--earlier", old});
  EXPECT_NEAR(static_cast<double>(at_first.size()), 0.2 * kUnits, 90);
  EXPECT_NEAR(static_cast<double>(after.size()), 0.4 * kUnits, 110);
  for (const auto& [unit, variant] : at_first) ASSERT_EQ(after.at(unit), variant) << unit;
  // Of a neighbour's share nobody knows what was found for it.
  EXPECT_THAT(refused({"assign", other, "--with", now, "--units", files_.write("u", "unit\nu1\n")}),
              HasSubstr("now.yaml: error: layer.share: which slots were found for it is not in the "
                        "file (where it runs, GET /v1/experiments/a has its slots: write layer: "
                        "{name: page, slots: [begin, end]}, in its earlier versions too)"));
}

}  // namespace
}  // namespace assay::cli
