#include "assay/define/variant_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "assay/define/testing.h"

namespace assay::define {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string plan(std::string_view variants) {
  return "id: x\nmetrics: {primary: [{name: m, type: proportion, event: e}]}\n" +
         std::string(variants) + "\n";
}

std::vector<std::uint32_t> weights(std::string_view variants) {
  std::vector<std::uint32_t> all;
  for (const Variant& variant : must_parse(plan(variants)).variants) all.push_back(variant.weight);
  return all;
}

TEST(Variants, SharesBecomeIntegersExactly) {
  EXPECT_THAT(weights("allocation: {a: 0.5, b: 0.5}"), ElementsAre(50, 50));
  EXPECT_THAT(weights("allocation: {a: 0.500, b: .5}"), ElementsAre(50, 50));
  EXPECT_THAT(weights("allocation: {a: 0.1, b: 0.2, c: 0.7}"), ElementsAre(10, 20, 70));
  EXPECT_THAT(weights("allocation: {a: 0.333, b: 0.667}"), ElementsAre(333, 667));
  EXPECT_THAT(weights("allocation: {a: 0.00000001, b: 0.99999999}"), ElementsAre(1, 99999999));
  EXPECT_THAT(weights("allocation: {a: 50%, b: \"50%\"}"), ElementsAre(50, 50));
  EXPECT_THAT(weights("allocation: {a: 33.3%, b: 66.7%}"), ElementsAre(333, 667));
  EXPECT_THAT(weights("allocation: {a: 33.3, b: 66.7}"), ElementsAre(3330, 6670));
  EXPECT_THAT(weights("allocation: {a: 1, b: 2}"), ElementsAre(1, 2));
  EXPECT_THAT(weights("allocation: {a: 1e-1, b: 9E-01}"), ElementsAre(10, 90));
  EXPECT_THAT(weights("allocation: {a: 1.25e-05, b: 0.009999875e2}"), ElementsAre(125, 9999875));
  EXPECT_THAT(weights("allocation: {a: 1e3, b: 2.5e+1}"), ElementsAre(1000, 25));
  EXPECT_THAT(weights("allocation: {a: 0, b: 2, c: 1}"), ElementsAre(0, 2, 1));
  EXPECT_THAT(weights("allocation: {a: 1.0, b: 0.0, c: 0}"), ElementsAre(100, 0, 0));
  EXPECT_THAT(weights("allocation: {a: 2147483646, b: 1}"), ElementsAre(2147483646, 1));
  EXPECT_THAT(weights("variants: {a: , b: {payload: 1}}"), ElementsAre(1, 1));
}

TEST(Variants, SharesThatDoNotAddUpSayWhatTheyAddTo) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"allocation: {a: 0.5, b: 0.4}", "shares add to 0.90 (fractions must add to exactly 1"},
      {"allocation: {a: 0.1, b: 0.8999999}", "shares add to 0.9999999"},
      {"allocation: {a: 50%, b: 40%}", "shares add to 90% (percentages"},
      {"allocation: {a: 60%, b: 50%}", "shares add to 110% (percentages"},
      {"allocation: {a: 50%, b: 0.5}", "mixes percentages"},
      {"allocation: {a: 0, b: 0}", "shares add to 0 (whole numbers need a sum between 1"},
      {"allocation: {a: 2147483647, b: 1}", "shares add to 2147483648"},
      {"allocation: {a: 9999999999, b: 9999999999}", "shares add to"},
      {"allocation: {a: 9999999999, b: 0.00000001}", "9999999999 is too large"},
      {"allocation: {a: -1, b: 2}", "allocation.a: -1 is negative"},
      {"allocation: {a: -0.5, b: 1.5}", "allocation.a: -0.5 is negative"},
      {"allocation: {a: .nan, b: 1}", "allocation.a: expected a share"},
      {"allocation: {a: 1e-1, b: 0.8}", "shares add to 0.90"},
      {"allocation: {a: 1e-1%, b: 99.9%}", "expected a share"},
      {"allocation: {a: 1e-9, b: 1}", "1e-9 has too many digits"},
      {"allocation: {a: 1e-99999999999, b: 1}", "expected a share"},
      {"allocation: {a: 1e-21, b: 1}", "expected a share"},
      {"allocation: {a: 0e999999999, b: 1}", "expected a share"},
      {"allocation: {a: -1e-1, b: 1}", "-1e-1 is negative"},
      {"allocation: {a: -1e-5, b: 1}", "-1e-5 is negative"},
      {"allocation: {a: 010, b: 1}", "010 starts with 0"},
      {"allocation: {a: \"1\", b: 1}", "expected a share"},
      {"allocation: {a: 99999999999, b: 1}", "99999999999 is too large"},
      {"allocation: {a: 0.1234567890, b: 0.876543211}", "too many digits"},
      {"allocation: {a: 10.1234567%, b: 89.8765433%}", "too many digits"},
      {"allocation: {a: 50.00000001, b: 49.99999999}", "shares add to 100.00000000"},
      {"allocation: {a: 05, b: 7}", "05 starts with 0, which YAML reads as octal"},
      {"allocation: {a: , b: 1}", "allocation.a: expected a share"},
      {"allocation: {a: 1}", "one variant is no test"},
      {"allocation: {}", "is an empty map"},
      {"allocation: [1, 2]", "expected a map"},
      {"allocation: {\"a b\": 1, c: 1}", "variant 'a b' has an unusable name"},
      {"variants: {a: {weight: 1}, b: {}}", "variant 'b' has no share"},
      {"variants: {a: {weight: 1}, b: }\nallocation: {a: 1, b: 1}", "keep one of them"},
      {"variants: {a: , b: }\nallocation: {a: 1, c: 1}", "no variant 'c'"},
      {"variants: [{key: a}, {key: a}]", "variant 'a' appears twice"},
      {"variants: [{key: a}, {wait: 1}]", "unknown key 'wait'"},
      {"variants: [{key: a}, {weight: 1}]", "key 'key' is missing"},
      {"variants: {a: , b: }\ncontrol: c", "'c' is not a variant; there are a, b"},
      {"allocation: {a: 1, b: 0}", "warning: one variant gets all units"},
  };
  for (const auto& wrong : cases) {
    EXPECT_THAT(complaints(plan(wrong.first)), HasSubstr(wrong.second)) << wrong.first;
  }
}

TEST(Variants, ControlIsNamedOrTheFirst) {
  EXPECT_EQ(must_parse(plan("allocation: {a: 1, b: 1}")).control, "a");
  EXPECT_EQ(must_parse(plan("allocation: {a: 1, control: 1}")).control, "control");
  EXPECT_EQ(must_parse(plan("allocation: {a: 1, b: 1}\ncontrol: b")).control, "b");
}

TEST(Variants, PayloadsAreAnyJson) {
  const Experiment parsed =
      must_parse(plan("variants:\n"
                      "  a: {payload: {k: 3, on: true, off: null, s: 'true', list: [1.5, x, +7]}}\n"
                      "  b: {payload: 12345678901234567890, endpoint: \"http://models/b\"}\n"
                      "  c: {payload: ~}\n"));
  EXPECT_EQ(parsed.variants[0].payload_json,
            R"({"k":3,"list":[1.5,"x",7],"off":null,"on":true,"s":"true"})");
  EXPECT_EQ(parsed.variants[1].payload_json, "12345678901234567890");
  EXPECT_EQ(parsed.variants[1].endpoint, "http://models/b");
  EXPECT_EQ(parsed.variants[2].payload_json, "null");
  EXPECT_THAT(complaints(plan("variants: {a: {payload: 010}, b: }")), HasSubstr("octal"));
  for (const char* beyond :
       {"1e400", "+1e400", "-1e400", ".inf", "-.Inf", ".nan", "[1, {k: .inf}]", "0x1f", "-0o17"}) {
    EXPECT_THAT(complaints(plan("variants: {a: {payload: " + std::string(beyond) + "}, b: }")),
                HasSubstr("is a number that JSON cannot hold"))
        << beyond;
  }
  EXPECT_THAT(complaints(plan("variants: {a: {payload: '1e400'}, b: {payload: inf}}")), "");
  EXPECT_THAT(complaints(plan("variants: {a: {payload: 0x}, b: {payload: 0o18}}")), "");
  EXPECT_THAT(complaints(plan("variants: {a: {payload: 1.7e308}, b: }")), "");
  EXPECT_THAT(complaints(plan("variants: {a: {payload: " + std::string(17000, 'x') + "}, b: }")),
              HasSubstr("bytes of JSON"));
}

TEST(Assignment, LayersAndTrafficAreSlots) {
  const Assignment one =
      must_parse(plan_with("layer: {name: l, slots: 0-499999}\ntraffic: 25%")).assignment;
  EXPECT_EQ(one.layer, "l");
  EXPECT_EQ(one.slots, (std::vector<SlotRange>{{0, 500000}}));
  EXPECT_EQ(one.traffic_ppm, 250000U);
  const Assignment two =
      must_parse(plan_with("layer: {name: l, slots: [[600000, 1000000], [0, 10]]}\ntraffic: "
                           "0.000001"))
          .assignment;
  EXPECT_EQ(two.slots, (std::vector<SlotRange>{{0, 10}, {600000, 1000000}}));
  EXPECT_EQ(two.traffic_ppm, 1U);
  EXPECT_EQ(must_parse(plan_with("layer: {name: l, slots: [0, 5]}")).assignment.slots,
            (std::vector<SlotRange>{{0, 5}}));
  EXPECT_EQ(must_parse(plan_with("layer: {name: l, slots: [0-4, 5-9]}")).assignment.slots.size(),
            2U);
  EXPECT_EQ(must_parse(plan_with("layer: l\ntraffic: 0")).assignment.traffic_ppm, 0U);
  EXPECT_EQ(must_parse(plan_with("traffic: 1e-06")).assignment.traffic_ppm, 1U)
      << "as programs write a millionth into JSON";
}

TEST(Assignment, WrongLayersTrafficAndOverridesSaySo) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"layer: {name: l, slots: 5-4}", "is not a range of slots"},
      {"layer: {name: l, slots: 0-1000000}", "is not a range of slots"},
      {"layer: {name: l, slots: [0, 1000001]}", "is not a range of slots"},
      {"layer: {name: l, slots: [0, -1]}", "is not a range of slots"},
      {"layer: {name: l, slots: [0-9, 9-12]}", "slot 9 is in two ranges"},
      {"layer: {slots: 0-9}", "key 'name' is missing"},
      {"traffic: 1.1", "traffic: 1.1 is more than everyone"},
      {"traffic: 101%", "more than everyone"},
      {"traffic: -0.1", "traffic: -0.1 is negative"},
      {"traffic: 0.0000001", "finer than one in a million"},
      {"traffic: 1e-07", "1e-07 is finer than one in a million"},
      {"overrides: {u1: treatmnt}",
       "'treatmnt' is not a variant; there are control, treatment "
       "(did you mean treatment?)"},
      {"hash: md6", "'md6' is not one of assay"},
      {"exposure: on_evaluatoin", "(did you mean on_evaluation?)"},
  };
  for (const auto& wrong : cases) {
    EXPECT_THAT(complaints(plan_with(wrong.first)), HasSubstr(wrong.second)) << wrong.first;
  }
}

TEST(Assignment, ForcedVariantsAreReadAndChecked) {
  const auto forced =
      must_parse(plan_with("forced:\n"
                           "  - {variant: treatment, when: {attribute: staff, equals: true}}\n"
                           "  - {variant: control, when: {countries: [IN]}}"))
          .assignment.forced;
  ASSERT_EQ(forced.size(), 2U);
  EXPECT_EQ(forced[0].variant, "treatment");
  EXPECT_EQ(to_text(forced[0].when), "staff equals true");
  EXPECT_EQ(forced[1].variant, "control");
  EXPECT_EQ(to_text(forced[1].when), "country in [IN]");
  EXPECT_THAT(complaints(plan_with("forced: [{variant: treatmnt, when: {countries: [IN]}}]")),
              HasSubstr("forced[0].variant: 'treatmnt' is not a variant"));
  EXPECT_THAT(complaints(plan_with("forced: [{variant: control}]")), HasSubstr("when"));
  EXPECT_THAT(complaints(plan_with("forced: [{when: {countries: [IN]}}]")), HasSubstr("variant"));
  EXPECT_THAT(complaints(plan_with("forced: [{variant: control, when: {}}]")),
              HasSubstr("is empty"));
}

TEST(Assignment, OverridesAndExposureAreRead) {
  const Assignment read =
      must_parse(plan_with("overrides: {u1: treatment, '007': control}\nexposure: on_evaluation\n"
                           "hash: growthbook_v2\nsalt: old-key\nunit: session\nreshuffle: true"))
          .assignment;
  EXPECT_THAT(read.overrides, ElementsAre(Override{"u1", "treatment"}, Override{"007", "control"}));
  EXPECT_TRUE(read.expose_on_evaluation);
  EXPECT_TRUE(read.reshuffle);
  EXPECT_EQ(read.hash, HashScheme::kGrowthbookV2);
  EXPECT_EQ(read.salt, "old-key");
  EXPECT_EQ(read.unit, "session");
}

}  // namespace
}  // namespace assay::define
