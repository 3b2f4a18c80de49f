#include "assay/stats/multiplicity.h"

#include <cmath>

#include <gtest/gtest.h>

#include "assay/stats/golden_test.h"

namespace assay::stats {
namespace {

using P = std::vector<std::optional<double>>;

void expect_near(const P& actual, const std::vector<double>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i)
    EXPECT_NEAR(*actual[i], expected[i], 1e-14) << i;
}

const P kFamily{0.01, 0.04, 0.03, 0.005};

TEST(EBh, AgreesWithTheDefinition) {
  testing::GoldenTable table("e_bh");
  for (std::size_t row = 0; row < table.size(); ++row) {
    std::vector<std::optional<double>> family;
    std::size_t at = 0;
    for (std::size_t i = 0; i < table.size(); ++i) {
      if (table.text(i, "family") != table.text(row, "family")) continue;
      if (i == row) at = family.size();
      family.push_back(table.number(i, "log_e"));
    }
    table.compare(row, "rejected", e_bh(family, 0.05)[at] ? 1 : 0);
  }
}

// Worked by hand from the definitions (the sorted family is 0.005, 0.01, 0.03, 0.04; the harmonic
// sum of 4 is 25/12).
TEST(Multiplicity, KnownFamily) {
  expect_near(adjust(kFamily, Correction::kNone), {0.01, 0.04, 0.03, 0.005});
  expect_near(adjust(kFamily, Correction::kBonferroni), {0.04, 0.16, 0.12, 0.02});
  expect_near(adjust(kFamily, Correction::kHolm), {0.03, 0.06, 0.06, 0.02});
  expect_near(adjust(kFamily, Correction::kHochberg), {0.03, 0.04, 0.04, 0.02});
  expect_near(adjust(kFamily, Correction::kBenjaminiHochberg), {0.02, 0.04, 0.04, 0.02});
  const double by = 25.0 / 12.0;
  expect_near(adjust(kFamily, Correction::kBenjaminiYekutieli),
              {0.02 * by, 0.04 * by, 0.04 * by, 0.02 * by});
}

TEST(Multiplicity, MissingDoNotCount) {
  const P adjusted = adjust(P{0.01, std::nullopt, 0.02}, Correction::kBonferroni);
  EXPECT_NEAR(*adjusted[0], 0.02, 1e-15);
  EXPECT_FALSE(adjusted[1]);
}

TEST(Multiplicity, BoundsTiesAndNothing) {
  for (const Correction correction :
       {Correction::kBonferroni, Correction::kHolm, Correction::kHochberg,
        Correction::kBenjaminiHochberg, Correction::kBenjaminiYekutieli}) {
    const P adjusted = adjust(P{0.0, 1.0, 0.5, 0.5}, correction);
    EXPECT_EQ(*adjusted[0], 0.0);
    EXPECT_EQ(*adjusted[1], 1.0);
    EXPECT_EQ(*adjusted[2], *adjusted[3]);
    EXPECT_TRUE(adjust(P{}, correction).empty());
  }
}

TEST(EBenjaminiHochberg, RejectsTheLargestKThatStand) {
  const auto log_of = [](double e) { return std::optional<double>(std::log(e)); };
  // K = 4 at 0.05: the bounds are 80, 40, 26.7, 20.
  const std::vector<std::optional<double>> values = {log_of(30), log_of(1), log_of(45), log_of(29)};
  EXPECT_EQ(e_bh(values, 0.05), (std::vector<bool>{true, false, true, true}));
  const std::vector<std::optional<double>> weaker = {log_of(26), log_of(1), log_of(39), log_of(29)};
  EXPECT_EQ(e_bh(weaker, 0.05), (std::vector<bool>{false, false, false, false}));
}

TEST(EBenjaminiHochberg, MissingOnesDoNotCountAndEvidenceNeverHurts) {
  const std::vector<std::optional<double>> one = {std::nullopt, std::log(21.0), std::nullopt};
  EXPECT_EQ(e_bh(one, 0.05), (std::vector<bool>{false, true, false}));
  EXPECT_TRUE(e_bh({}, 0.05).empty());
  const std::vector<std::optional<double>> huge = {1e6, -1e6, 5.0};
  EXPECT_EQ(e_bh(huge, 0.05), (std::vector<bool>{true, false, true}));
}

TEST(Adjust, AgreesWithStatsmodels) {
  testing::GoldenTable table("multiplicity");
  const std::vector<std::pair<Correction, std::string>> corrections = {
      {Correction::kBonferroni, "bonferroni"},
      {Correction::kHolm, "holm"},
      {Correction::kHochberg, "hochberg"},
      {Correction::kBenjaminiHochberg, "benjamini_hochberg"},
      {Correction::kBenjaminiYekutieli, "benjamini_yekutieli"}};
  for (std::size_t begin = 0, end = 0; begin < table.size(); begin = end) {
    P family;
    while (end < table.size() && table.text(end, "family") == table.text(begin, "family")) {
      family.emplace_back(table.number(end++, "p"));
    }
    for (const auto& [correction, name] : corrections) {
      const P adjusted = adjust(family, correction);
      for (std::size_t i = 0; i < family.size(); ++i) {
        table.compare(begin + i, name, *adjusted[i]);
      }
    }
  }
}

// "At least" K/(αk): an e-value on the bound is rejected.
TEST(EBh, AnEValueOnTheBoundStands) {
  EXPECT_TRUE(e_bh(P{std::log(1 / 0.5)}, 0.5)[0]);
  EXPECT_FALSE(e_bh(P{std::log(1.99)}, 0.5)[0]);
}

}  // namespace
}  // namespace assay::stats
