#include "assay/stats/sizing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "assay/stats/distributions.h"
#include "assay/stats/golden_test.h"

namespace assay::stats {
namespace {

using testing::GoldenTable;
using ::testing::HasSubstr;

SizingOptions options_of(const GoldenTable& table, std::size_t row) {
  SizingOptions options;
  options.alpha = table.number(row, "alpha");
  options.power = table.number(row, "power");
  const double share = table.number(row, "treatment_share");
  options.weights = {1 - share, share};
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
    options.test = MeanTest::kNormal;
    const auto sizing = size_mean({.sd = table.number(row, "sd")}, options);
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
  EXPECT_NEAR(effect->mde_relative.value(), 0.1, 1e-5);
  EXPECT_NEAR(effect->mde_absolute, 0.01, 1e-6);
  const auto mean =
      size_mean({.mean = 20, .sd = 5}, {.n_per_variant = 63, .test = MeanTest::kNormal});
  ASSERT_TRUE(mean);
  // 63 is 0.5 sd rounded up, so a little less is found.
  EXPECT_NEAR(mean->mde_absolute, 2.5, 0.01);
  EXPECT_LT(mean->mde_absolute, 2.5);
  EXPECT_NEAR(mean->mde_relative.value(), 0.125, 0.001);
}

TEST(Sizing, CupedShrinksTheVariance) {
  const auto plain = size_mean({.mean = 10, .sd = 4}, {.effect = {.absolute = 0.1}});
  const auto cuped =
      size_mean({.mean = 10, .sd = 4}, {.effect = {.absolute = 0.1}, .correlation = 0.6});
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
  const auto even = size_mean({.mean = 10, .sd = 4}, {.effect = {.absolute = 0.1}});
  const auto skewed =
      size_mean({.mean = 10, .sd = 4}, {.effect = {.absolute = 0.1}, .weights = {0.9, 0.1}});
  ASSERT_TRUE(even && skewed);
  EXPECT_NEAR(static_cast<double>(skewed->n_total) / static_cast<double>(even->n_total),
              1 / (4 * 0.1 * 0.9), 1e-3);
}

TEST(Sizing, DurationIsInWholeWeeks) {
  const auto days = [](double daily) {
    return size_proportion(
               0.032, {.effect = {.relative = 0.10}, .traffic = Traffic{.curve = {{1, daily}}}})
        ->duration_days;
  };
  EXPECT_EQ(days(99554), 7);
  EXPECT_EQ(days(99554.0 / 7), 7);
  EXPECT_EQ(days(99553.0 / 7), 14);
  EXPECT_EQ(size_proportion(0.032, {.effect = {.relative = 0.10}})->duration_days, std::nullopt);
}

// R's power.prop.test and power.t.test, pwr's arcsine test: power at n, and back again.
TEST(Sizing, PowerAgreesWithTheGoldenTable) {
  GoldenTable table("sizing_power");
  for (std::size_t row = 0; row < table.size(); ++row) {
    const std::string kind = table.text(row, "kind");
    const double baseline = table.number(row, "baseline");
    const auto sized = [&](const SizingOptions& options) {
      return kind == "welch_t"
                 ? size_mean({.mean = baseline, .sd = table.number(row, "sd")}, options)
                 : size_proportion(baseline, options);
    };
    const std::int64_t n = table.integer(row, "n");
    SizingOptions options{.alpha = table.number(row, "alpha"),
                          .sides = table.text(row, "sides") == "two" ? Sides::kTwo : Sides::kOne,
                          .effect = {.absolute = table.number(row, "effect")},
                          .n_per_variant = n};
    if (kind == "arcsine") options.variance = ProportionVariance::kArcsine;
    const auto power = sized(options);
    ASSERT_TRUE(power) << to_text(power.error());
    table.compare(row, "power", power->power);
    options.effect = {};
    options.power = table.number(row, "power");
    const auto effect = sized(options);
    ASSERT_TRUE(effect) << to_text(effect.error());
    EXPECT_NEAR(effect->mde_absolute, table.number(row, "effect"),
                1e-9 * table.number(row, "effect"));
    options.effect.absolute = effect->mde_absolute;
    options.n_per_variant.reset();
    const auto size = sized(options);
    ASSERT_TRUE(size) << to_text(size.error());
    EXPECT_NEAR(static_cast<double>(size->n_per_variant), static_cast<double>(n), 1);
  }
}

TEST(Sizing, MarginsAndClustersAgreeWithTheGoldenTable) {
  GoldenTable table("sizing_margin");
  for (std::size_t row = 0; row < table.size(); ++row) {
    const std::string aim = table.text(row, "aim");
    SizingOptions options{.alpha = table.number(row, "alpha"),
                          .effect = {.absolute = table.number(row, "effect")},
                          .n_per_variant = table.integer(row, "n"),
                          .true_difference = table.number(row, "truth")};
    if (aim == "noninferiority") options.aim = Aim::kNonInferiority;
    if (aim == "equivalence") options.aim = Aim::kEquivalence;
    const ClusterDesign clusters{.size = table.number(row, "cluster_size"),
                                 .icc = table.number(row, "icc"),
                                 .size_cv = table.number(row, "size_cv")};
    if (clusters.size > 1) options.clusters = clusters;
    const auto power = size_mean({.sd = table.number(row, "sd")}, options);
    ASSERT_TRUE(power) << to_text(power.error());
    table.compare(row, "power", power->power);
    options.power = power->power;
    options.effect = {};
    options.downward = table.number(row, "effect") < 0;
    const auto margin = size_mean({.sd = table.number(row, "sd")}, options);
    ASSERT_TRUE(margin) << to_text(margin.error());
    EXPECT_NEAR(margin->mde_absolute / table.number(row, "effect"), 1, 1e-9) << row;
  }
}

double units(double baseline, const SizingOptions& options) {
  return static_cast<double>(size_proportion(baseline, options)->n_per_variant);
}

constexpr auto kUnpooled = ProportionVariance::kUnpooled;

// What guides to A/B tests get wrong.
TEST(Sizing, OnePercentOfTenPercentNeedsOverAMillionPerVariantNotFifteenThousand) {
  EXPECT_EQ(units(0.10, {.effect = {.relative = 0.01}, .variance = kUnpooled}), 1'419'070);
  EXPECT_NEAR(units(0.10, {.effect = {.relative = 0.10}, .variance = kUnpooled}), 14'748, 2);
}

TEST(Sizing, TwoPercentOfFivePercentNeedsThreeQuartersOfAMillionNotSixtyThousand) {
  EXPECT_NEAR(units(0.05, {.effect = {.relative = 0.02}, .variance = kUnpooled}), 753'000, 600);
  EXPECT_NEAR(units(0.05, {.effect = {.relative = 0.10}, .variance = kUnpooled}), 31'231, 5);
}

TEST(Sizing, NinetyToTenNeedsNearlyThreeTimesTheTrafficNot68PercentMore) {
  const auto even = size_mean({.mean = 10, .sd = 4}, {.effect = {.absolute = 0.1}});
  SizingOptions options{.effect = {.absolute = 0.1}, .weights = {0.9, 0.1}};
  const auto skewed = size_mean({.mean = 10, .sd = 4}, options);
  EXPECT_NEAR(static_cast<double>(skewed->n_total) / static_cast<double>(even->n_total), 2.778,
              0.001);
  options.n_per_variant = even->n_total * 9 / 10;
  EXPECT_NEAR(size_mean({.mean = 10, .sd = 4}, options)->power, 0.39, 0.005);
}

TEST(Sizing, NinetyPercentPowerCostsAThirdMoreAndDoublingBuys98Percent) {
  const auto n = [](double power) {
    return units(0.1, {.effect = {.relative = 0.1}, .power = power, .variance = kUnpooled});
  };
  EXPECT_NEAR(n(0.9) / n(0.8), 1.339, 0.001);
  const auto doubled = size_proportion(
      0.1, {.effect = {.relative = 0.1}, .n_per_variant = static_cast<std::int64_t>(2 * n(0.8))});
  EXPECT_NEAR(doubled->power, 0.977, 0.001);
}

TEST(Sizing, UnitsGrowWithTheSquareOfTheSmallnessNotExponentially) {
  const auto n = [](double effect) {
    return static_cast<double>(
        size_mean({.mean = 10, .sd = 4}, {.effect = {.relative = effect}})->n_per_variant);
  };
  EXPECT_NEAR(n(0.01) / n(0.04), 16, 0.02);
  EXPECT_NEAR(n(0.001) / n(0.01), 100, 0.01);
}

TEST(Sizing, TenMillionPerVariantDoNotSeeAHundredthOfAPercent) {
  const auto seen = size_proportion(0.1, {.n_per_variant = 10'000'000});
  EXPECT_NEAR(seen->mde_absolute, 0.000376, 1e-6);
  EXPECT_NEAR(seen->mde_relative.value(), 0.00376, 1e-5);
  EXPECT_NEAR(units(0.1, {.effect = {.relative = 0.0001}}), 1.413e10, 2e7);
  EXPECT_NEAR(units(0.1, {.effect = {.absolute = 0.0001}}), 141.3e6, 2e5);
}

TEST(Sizing, ThePooledVarianceIsAtTheMeanOfBothRates) {
  EXPECT_EQ(units(0.032, {.effect = {.relative = 0.10}}), 49'777);  // 48,168 at the baseline's.
  EXPECT_EQ(units(0.12, {.effect = {.relative = 0.05}}), 47'036);   // 46,342.
}

TEST(Sizing, SeveralTreatmentsShareAlphaAndTheControl) {
  SizingOptions options{.effect = {.relative = 0.1}, .weights = {1, 1, 1}};
  const auto plain = size_proportion(0.1, options);
  options.shared_alpha = SharedAlpha::kBonferroni;
  const auto bonferroni = size_proportion(0.1, options);
  options.shared_alpha = SharedAlpha::kDunnett;
  const auto dunnett = size_proportion(0.1, options);
  ASSERT_TRUE(plain && bonferroni && dunnett);
  EXPECT_EQ(plain->n_total, 3 * plain->n_per_variant);
  EXPECT_EQ(plain->alpha_comparison, 0.05);
  EXPECT_NEAR(bonferroni->alpha_comparison, 0.025, 1e-12);
  // C. W. Dunnett, Biometrics 20 (1964): 2.21 for two treatments and known variance.
  EXPECT_NEAR(dunnett->alpha_comparison, 2 * normal_sf(2.2121), 1e-5);
  EXPECT_LT(plain->n_total, dunnett->n_total);
  EXPECT_LT(dunnett->n_total, bonferroni->n_total);
  // A larger control is worth its units: √2 to 1 to 1.
  EXPECT_NEAR(best_control_share(2), std::sqrt(2) / (std::sqrt(2) + 2), 1e-12);
  options.weights = {std::sqrt(2), 1, 1};
  EXPECT_LT(size_proportion(0.1, options)->n_total, dunnett->n_total);
  EXPECT_EQ(units(0.1, {.effect = {.relative = 0.1}}), plain->n_per_variant);
}

TEST(Sizing, SeveralMetricsShareAlphaOrPower) {
  SizingOptions options{.effect = {.absolute = 0.1}, .metrics = 4};
  const MeanBaseline baseline{.mean = 1, .sd = 1};
  options.shared_alpha = SharedAlpha::kBonferroni;
  EXPECT_NEAR(size_mean(baseline, options)->alpha_comparison, 0.0125, 1e-4);
  options.all_metrics = true;
  const auto all = size_mean(baseline, options);
  EXPECT_NEAR(all->alpha_comparison, 0.05, 1e-4);
  const auto each = size_mean(baseline, {.effect = {.absolute = 0.1}, .power = 0.95});
  EXPECT_EQ(all->n_total, each->n_total);  // 20 % of misses over four metrics.
  options.n_per_variant = all->n_per_variant;
  EXPECT_NEAR(size_mean(baseline, options)->power, 0.8, 1e-3);
}

TEST(Sizing, ClustersAreWholeAndCostTheDesignEffect) {
  SizingOptions options{.effect = {.absolute = 0.1},
                        .clusters = ClusterDesign{.size = 50, .icc = 0.02}};
  const auto plain = size_mean({.mean = 1, .sd = 1}, {.effect = {.absolute = 0.1}});
  const auto clustered = size_mean({.mean = 1, .sd = 1}, options);
  ASSERT_TRUE(plain && clustered);
  EXPECT_NEAR(clustered->design_effect, 1.98, 1e-12);
  EXPECT_EQ(clustered->n_per_variant, *clustered->clusters_per_variant * 50);
  EXPECT_NEAR(static_cast<double>(clustered->n_per_variant),
              1.98 * static_cast<double>(plain->n_per_variant), 150);
  EXPECT_TRUE(clustered->warnings.empty());
  options.effect.absolute = 0.4;
  EXPECT_THAT(size_mean({.mean = 1, .sd = 1}, options)->warnings.at(0), HasSubstr("clusters"));
}

TEST(Sizing, MarginsGrowWithTheTrueDifference) {
  const MeanBaseline baseline{.mean = 10, .sd = 4};
  SizingOptions options{.aim = Aim::kNonInferiority, .effect = {.relative = -0.02}};
  const auto equal = size_mean(baseline, options);
  options.true_difference = -0.1;  // Half of the margin: four times the units.
  const auto worse = size_mean(baseline, options);
  ASSERT_TRUE(equal && worse);
  EXPECT_NEAR(static_cast<double>(worse->n_total) / static_cast<double>(equal->n_total), 4, 0.01);
  // Judged as treatment - 0.98 control: a little less variance than of the difference.
  options = {.aim = Aim::kNonInferiority, .effect = {.absolute = -0.2}};
  EXPECT_NEAR(static_cast<double>(equal->n_total) /
                  static_cast<double>(size_mean(baseline, options)->n_total),
              (1 + 0.98 * 0.98) / 2, 1e-3);
}

TEST(Sizing, ATestOfTheLiftPaysForItsOwnSize) {
  SizingOptions options{.effect = {.relative = 0.2}};
  const auto difference = size_mean({.mean = 10, .sd = 4}, options);
  options.scale = EffectScale::kLift;
  const auto lift = size_mean({.mean = 10, .sd = 4}, options);
  EXPECT_NEAR(static_cast<double>(lift->n_total) / static_cast<double>(difference->n_total),
              (1 + 1.2 * 1.2) / 2, 0.02);
}

// Rules with several looks: inflation of classical bounds is in sequential_power_test.cc.
TEST(Sizing, RulesWithSeveralLooksCostUnitsAndSaveThem) {
  SizingOptions options{.effect = {.relative = 0.1}, .variance = kUnpooled};
  const auto fixed = size_proportion(0.1, options);
  options.rule = {.rule = Rule::kGroupSequential, .looks = 5};
  const auto planned = size_proportion(0.1, options);
  options.rule = {.rule = Rule::kConfidenceSequence};
  const auto always = size_proportion(0.1, options);
  ASSERT_TRUE(fixed && planned && always);
  const auto inflation = [&](const Sizing& sizing) {
    return static_cast<double>(sizing.n_total) / static_cast<double>(fixed->n_total);
  };
  for (const Sizing* each : {&*planned, &*always}) {
    EXPECT_NEAR(each->sequential->inflation, inflation(*each), 1e-4);
    EXPECT_LT(each->sequential->expected_n_effect, static_cast<double>(each->n_total));
    EXPECT_LE(each->sequential->expected_n_null, static_cast<double>(each->n_total));
    EXPECT_LE(each->sequential->false_alarms, 0.05 + 1e-9);
  }
  EXPECT_NEAR(planned->sequential->inflation, 1.026, 0.002);
  EXPECT_GT(always->sequential->inflation, 1.5);
  // One look at the horizon alone would need more: δ = (bound + z(power)) standard errors.
  const double k = std::log(400) + std::log1p(std::log(400));
  const double bound = std::sqrt(2 * (1 + 1 / k) * (0.5 * std::log1p(k) + std::log(20)));
  const double z = normal_quantile(0.8);
  EXPECT_LT(always->sequential->inflation, std::pow((bound + z) / (normal_isf(0.025) + z), 2));
  // A sequence tuned to far fewer units is wider where it matters.
  options.rule.target_n = 4000;
  EXPECT_GT(size_proportion(0.1, options)->n_total, always->n_total);
  options.n_per_variant = always->n_per_variant;
  EXPECT_LT(size_proportion(0.1, options)->power, 0.8);
}

// With the same power, a rule ends on average at the same share of its units whatever it compares:
// treatment - 0.9·control, the lift, or the difference.
TEST(Sizing, TheAverageUseIsThatOfTheTestThatIsMade) {
  const MeanBaseline baseline{.mean = 1, .sd = 1};
  SizingOptions options{.aim = Aim::kNonInferiority,
                        .effect = {.relative = -0.1},
                        .rule = {.rule = Rule::kConfidenceSequence}};
  const auto share = [&](const SizingOptions& each) {
    const auto sizing = size_mean(baseline, each);
    return sizing->sequential->expected_n_effect / static_cast<double>(sizing->n_total);
  };
  SizingOptions absolute = options;
  absolute.effect = {.absolute = -0.1};
  EXPECT_NEAR(share(options), share(absolute), 1e-3);
  EXPECT_NEAR(share(options), 0.6209, 1e-3);  // Simulated: 0.616 ± 0.003.
  options.aim = absolute.aim = Aim::kSuperiority;
  options.scale = EffectScale::kLift;
  EXPECT_NEAR(share(options), share(absolute), 1e-3);
}

TEST(Sizing, APosteriorRuleNamesItsFalseAlarms) {
  SizingOptions options{.effect = {.relative = 0.1},
                        .rule = {.rule = Rule::kPosterior, .looks = 28}};
  const auto flat = size_proportion(0.1, options);
  options.rule.prior_sd = 0.005;
  const auto sceptical = size_proportion(0.1, options);
  ASSERT_TRUE(flat && sceptical);
  EXPECT_NEAR(flat->sequential->false_alarms, 0.24, 0.005);
  EXPECT_THAT(flat->warnings.at(0), HasSubstr("0.235"));
  EXPECT_LT(sceptical->sequential->false_alarms, 0.15);
  EXPECT_GT(sceptical->n_total, flat->n_total);
}

TEST(Sizing, WarnsWhereTheAnswerIsRough) {
  const auto rare = size_proportion(0.0001, {.effect = {.relative = 20}});
  ASSERT_TRUE(rare);
  EXPECT_THAT(rare->warnings.at(0), HasSubstr("conversions"));
  const auto slow = size_proportion(
      0.1, {.effect = {.relative = 0.01}, .traffic = Traffic{.curve = {{1, 1000}}}});
  EXPECT_THAT(slow->warnings.at(0), HasSubstr("Longer than a year"));
  const auto never =
      size_proportion(0.1, {.effect = {.relative = 0.01}, .traffic = Traffic{.curve = {{1, 1}}}});
  EXPECT_THAT(never->warnings.at(0), HasSubstr("100 years"));
  EXPECT_FALSE(never->duration_days);
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
  EXPECT_THAT(why(0.5, {.effect = {.relative = 0.1}, .metrics = 0}), HasSubstr("metrics"));
  EXPECT_THAT(why(0.5, {.effect = {.relative = 0.1}, .weights = {1}}), HasSubstr("weights"));
  // Numbers at the edge of what a double holds are refused, not searched for ever.
  EXPECT_THAT(why(5e-324, {.n_per_variant = 5000}), HasSubstr("baseline"));
  EXPECT_THAT(why(0.1, {.effect = {.relative = 0.1}, .weights = {1, 1e-300}}),
              HasSubstr("weights"));
  EXPECT_THAT(why(0.1, {.alpha = 1e-300, .effect = {.relative = 0.1}}), HasSubstr("alpha"));
  EXPECT_THAT(why(0.5, {.n_per_variant = 3}), HasSubstr("no possible effect"));
  EXPECT_THAT(
      why(0.1,
          {.aim = Aim::kNonInferiority, .effect = {.absolute = -0.01}, .true_difference = -0.02}),
      HasSubstr("not within the margin"));
  EXPECT_THAT(why(0.1, {.aim = Aim::kEquivalence, .effect = {.absolute = -0.01}}),
              HasSubstr("not above 0"));
  EXPECT_THAT(why(0.1, {.effect = {.absolute = 0.01}, .true_difference = 0.1}),
              HasSubstr("true_difference"));
  EXPECT_THAT(why(0.1, {.aim = Aim::kEquivalence,
                        .effect = {.absolute = 0.01},
                        .rule = {.rule = Rule::kGroupSequential}}),
              HasSubstr("one look"));
  EXPECT_THAT(why(0.1, {.effect = {.absolute = 0.01},
                        .shared_alpha = SharedAlpha::kDunnett,
                        .rule = {.rule = Rule::kConfidenceSequence}}),
              HasSubstr("Dunnett"));
  EXPECT_THAT(why(0.1, {.effect = {.absolute = 0.01},
                        .rule = {.rule = Rule::kPosterior, .ship_probability = 1}}),
              HasSubstr("ship_probability"));
  EXPECT_THAT(why(0.1, {.effect = {.absolute = 0.01},
                        .rule = {.rule = Rule::kGroupSequential, .looks = 0}}),
              HasSubstr("looks"));
  EXPECT_THAT(why(0.1, {.effect = {.absolute = 0.01}, .clusters = ClusterDesign{.size = 0}}),
              HasSubstr("cluster_size"));
  EXPECT_THAT(why(0.1, {.effect = {.absolute = 0.01}, .clusters = ClusterDesign{.icc = 2}}),
              HasSubstr("icc"));
  EXPECT_THAT(why(0, {.effect = {.relative = 1}}), HasSubstr("baseline: is not between"));
  EXPECT_THAT(why(0.1, {.alpha = 0, .effect = {.relative = 1}}), HasSubstr("alpha"));
  EXPECT_THAT(why(0.1, {.effect = {.relative = 1}, .power = 1}), HasSubstr("power"));
  EXPECT_THAT(why(0.1, {.effect = {.relative = 1}, .power = 0.01}), HasSubstr("power"));
  EXPECT_THAT(why(0.1, {.effect = {.relative = 1}, .power = 0.8, .n_per_variant = 9}),
              HasSubstr("leave out the one to solve for"));
  EXPECT_THAT(why(0.1, {.effect = {.relative = 1}, .weights = {0, 1}}), HasSubstr("share"));
  EXPECT_THAT(why(0.1, {.effect = {.relative = 1}, .correlation = 1}), HasSubstr("correlation"));
  EXPECT_THAT(why(0.1, {.effect = {.relative = 1}, .traffic = Traffic{.curve = {{1, 0}}}}),
              HasSubstr("traffic"));
  EXPECT_THAT(why(0.1, {.effect = {.relative = 1e-9}}), HasSubstr("too small"));
  EXPECT_THAT(why(0.1, {.n_per_variant = 1}), HasSubstr("n_per_variant"));
  EXPECT_FALSE(size_mean({.mean = 0, .sd = 1}, {.effect = {.relative = 0.1}}));
  EXPECT_FALSE(size_mean({.mean = 1, .sd = 0}, {.effect = {.relative = 0.1}}));
}

}  // namespace
}  // namespace assay::stats
