#include "assay/stats/sizing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "assay/stats/golden_test.h"

namespace assay::stats {
namespace {

using testing::GoldenTable;
using ::testing::HasSubstr;

SizingOptions options_of(const GoldenTable& table, std::size_t row) {
  SizingOptions options;
  options.alpha = table.number(row, "alpha");
  options.power = table.number(row, "power");
  options.treatment_share = table.number(row, "treatment_share");
  return options;
}

TEST(Sizing, ProportionsAgreeWithTheGoldenTable) {
  const GoldenTable table("sizing_proportion");
  for (std::size_t row = 0; row < table.size(); ++row) {
    SizingOptions options = options_of(table, row);
    options.effect.relative = table.number(row, "relative");
    const auto sizing = size_proportion(table.number(row, "baseline"), options);
    ASSERT_TRUE(sizing) << to_text(sizing.error());
    EXPECT_EQ(sizing->n_control, table.integer(row, "n_control")) << row;
    EXPECT_EQ(sizing->n_treatment, table.integer(row, "n_treatment")) << row;
  }
}

TEST(Sizing, MeansAgreeWithTheGoldenTable) {
  const GoldenTable table("sizing_mean");
  for (std::size_t row = 0; row < table.size(); ++row) {
    SizingOptions options = options_of(table, row);
    options.effect.absolute = table.number(row, "absolute");
    const auto sizing = size_mean(0, table.number(row, "sd"), options);
    ASSERT_TRUE(sizing) << to_text(sizing.error());
    EXPECT_EQ(sizing->n_control, table.integer(row, "n_control")) << row;
    EXPECT_EQ(sizing->n_treatment, table.integer(row, "n_treatment")) << row;
  }
}

// The example of the header, and the same by the unpooled textbook formula.
TEST(Sizing, TheFormulaUsedIsNamed) {
  const auto pooled = size_proportion(0.032, {.effect = {.relative = 0.10}});
  ASSERT_TRUE(pooled);
  EXPECT_EQ(pooled->n_per_variant, 49777);
  EXPECT_THAT(pooled->formula, HasSubstr("pooled null variance"));
  const auto unpooled = size_proportion(
      0.10, {.effect = {.relative = 0.01}, .variance = ProportionVariance::kUnpooled});
  ASSERT_TRUE(unpooled);
  EXPECT_EQ(unpooled->n_per_variant, 1'419'070);
  EXPECT_THAT(unpooled->formula, HasSubstr("unpooled"));
}

TEST(Sizing, PowerAndEffectInvertTheSize) {
  const auto sized = size_proportion(0.1, {.effect = {.relative = 0.1}});
  ASSERT_TRUE(sized);
  const auto power =
      size_proportion(0.1, {.effect = {.relative = 0.1}, .n_per_variant = sized->n_per_variant});
  ASSERT_TRUE(power);
  EXPECT_NEAR(power->power, 0.8, 1e-4);
  const auto effect = size_proportion(0.1, {.n_per_variant = sized->n_per_variant});
  ASSERT_TRUE(effect);
  EXPECT_NEAR(effect->mde_relative, 0.1, 1e-5);
  EXPECT_NEAR(effect->mde_absolute, 0.01, 1e-6);
  const auto mean = size_mean(20, 5, {.n_per_variant = 63});
  ASSERT_TRUE(mean);
  // 63 is 0.5 sd rounded up, so a little less is found.
  EXPECT_NEAR(mean->mde_absolute, 2.5, 0.01);
  EXPECT_LT(mean->mde_absolute, 2.5);
  EXPECT_NEAR(mean->mde_relative, 0.125, 0.001);
}

TEST(Sizing, CupedShrinksTheVariance) {
  const auto plain = size_mean(10, 4, {.effect = {.absolute = 0.1}});
  const auto cuped = size_mean(10, 4, {.effect = {.absolute = 0.1}, .correlation = 0.6});
  ASSERT_TRUE(plain && cuped);
  EXPECT_NEAR(static_cast<double>(cuped->n_per_variant),
              static_cast<double>(plain->n_per_variant) * 0.64, 1);
  const auto rate = size_proportion(0.1, {.effect = {.relative = 0.1}});
  const auto cuped_rate = size_proportion(0.1, {.effect = {.relative = 0.1}, .correlation = -0.6});
  ASSERT_TRUE(rate && cuped_rate);
  EXPECT_NEAR(static_cast<double>(cuped_rate->n_per_variant),
              static_cast<double>(rate->n_per_variant) * 0.64, 1);
}

TEST(Sizing, AnUnequalSplitCostsUnits) {
  const auto even = size_mean(10, 4, {.effect = {.absolute = 0.1}});
  const auto skewed = size_mean(10, 4, {.effect = {.absolute = 0.1}, .treatment_share = 0.1});
  ASSERT_TRUE(even && skewed);
  EXPECT_NEAR(static_cast<double>(skewed->n_total) / static_cast<double>(even->n_total),
              1 / (4 * 0.1 * 0.9), 1e-3);
}

TEST(Sizing, DurationIsInWholeWeeks) {
  const auto days = [](double daily) {
    return size_proportion(0.032, {.effect = {.relative = 0.10}, .daily_units = daily})
        ->duration_days;
  };
  EXPECT_EQ(days(99554), 7);
  EXPECT_EQ(days(99554.0 / 7), 7);
  EXPECT_EQ(days(99553.0 / 7), 14);
  EXPECT_EQ(size_proportion(0.032, {.effect = {.relative = 0.10}})->duration_days, std::nullopt);
}

TEST(Sizing, ImpossibleQuestionsAreProblems) {
  const auto why = [](double baseline, const SizingOptions& options) {
    const auto sizing = size_proportion(baseline, options);
    return sizing ? std::string("fine") : to_text(sizing.error());
  };
  EXPECT_THAT(why(0.1, {}), HasSubstr("effect: is missing"));
  EXPECT_THAT(why(0.1, {.effect = {.relative = 0}}), HasSubstr("to find nothing"));
  EXPECT_THAT(why(0.1, {.effect = {.absolute = 0.1, .relative = 0.1}}), HasSubstr("given twice"));
  EXPECT_THAT(why(0.5, {.effect = {.relative = 1}}), HasSubstr("rate would be 1"));
  EXPECT_THAT(why(0, {.effect = {.relative = 1}}), HasSubstr("baseline: is not between"));
  EXPECT_THAT(why(0.1, {.alpha = 0, .effect = {.relative = 1}}), HasSubstr("alpha"));
  EXPECT_THAT(why(0.1, {.effect = {.relative = 1}, .power = 1}), HasSubstr("power"));
  EXPECT_THAT(why(0.1, {.effect = {.relative = 1}, .power = 0.01}), HasSubstr("power"));
  EXPECT_THAT(why(0.1, {.effect = {.relative = 1}, .power = 0.8, .n_per_variant = 9}),
              HasSubstr("leave out the one to solve for"));
  EXPECT_THAT(why(0.1, {.effect = {.relative = 1}, .treatment_share = 1}), HasSubstr("share"));
  EXPECT_THAT(why(0.1, {.effect = {.relative = 1}, .correlation = 1}), HasSubstr("correlation"));
  EXPECT_THAT(why(0.1, {.effect = {.relative = 1}, .daily_units = 0}), HasSubstr("daily_units"));
  EXPECT_THAT(why(0.1, {.effect = {.relative = 1e-9}}), HasSubstr("too small"));
  EXPECT_THAT(why(0.1, {.n_per_variant = 1}), HasSubstr("n_per_variant"));
  EXPECT_FALSE(size_mean(0, 1, {.effect = {.relative = 0.1}}));
  EXPECT_FALSE(size_mean(1, 0, {.effect = {.relative = 0.1}}));
}

}  // namespace
}  // namespace assay::stats
