#include "assay/base/base.h"

#include <gtest/gtest.h>

namespace assay {
namespace {

// 0 is the fixed point of every xorshift-multiply finalizer; the image of 1 is MurmurHash3's
// published one.
TEST(Hash, Fmix64IsMurmur3sFinalizer) {
  EXPECT_EQ(fmix64(0), 0u);
  EXPECT_EQ(fmix64(1), 0xb456bcfc34c2cb2cULL);
}

TEST(Hash, Sha256OfAbc) {  // FIPS 180-4, appendix example.
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Time, ReadsWhatPeopleWrite) {
  EXPECT_EQ(parse_time("1970-01-01T00:00:00Z"), Timestamp{0});
  EXPECT_EQ(parse_time("1970-01-01"), Timestamp{0});
  EXPECT_EQ(parse_time("2026-03-01T10:00:00.25+05:30"), parse_time("2026-03-01 04:30:00.250"));
  EXPECT_EQ(parse_time("1772359200"), parse_time("2026-03-01T10:00:00Z"));
  EXPECT_EQ(parse_time("1772359200000"), parse_time("2026-03-01T10:00:00Z"));
}

TEST(Time, RefusesWhatIsNoTime) {
  for (const char* text : {"", "2026-02-30", "2026-13-01", "2026-03-01T25:00:00Z", "yesterday",
                           "2026-03-01T10:00:00Zjunk", "-5", "2026-03-01T10:00:00+99:00"}) {
    EXPECT_EQ(parse_time(text), std::nullopt) << text;
  }
}

// Later, a difference of two times could overflow, and what to_text writes could not be read again.
TEST(Time, KnowsTheYearsOfFourDigits) {
  for (const char* text : {"0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"}) {
    const auto time = parse_time(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(to_text(*time), text);
    EXPECT_EQ(parse_time(to_text(*time)), time);
  }
  EXPECT_EQ(parse_time("253402300799999999"), parse_time("9999-12-31T23:59:59.999999Z"));
  for (const char* text : {"253402300800000000", "9223372036854775807", "9999-12-31T23:59:60Z",
                           "9999-12-31T23:59:59-00:01", "0000-01-01T00:00:00+00:01"}) {
    EXPECT_EQ(parse_time(text), std::nullopt) << text;
  }
}

TEST(Time, WritesWhatItReads) {
  for (const char* text :
       {"2026-03-01T10:00:00Z", "2026-03-01T10:00:00.25Z", "1969-12-31T23:59:59.999999Z"}) {
    EXPECT_EQ(to_text(*parse_time(text)), text);
  }
}

TEST(Text, NumbersReadBackTheSame) {
  for (const double value : {0.1, 1.0 / 3.0, 1e300, 5e-324, -0.0, 123456789.0}) {
    EXPECT_EQ(parse_number(number_text(value)), value);
  }
  EXPECT_EQ(number_text(0.1), "0.1");
  EXPECT_EQ(parse_number("nan"), std::nullopt);
  EXPECT_EQ(parse_number("1e999"), std::nullopt);
  EXPECT_EQ(parse_number("1x"), std::nullopt);
}

// As YAML 1.2, pandas and R read them.
TEST(Text, NumbersMayHaveAPlusAndBeTiny) {
  EXPECT_EQ(parse_number("+5"), 5.0);
  EXPECT_EQ(parse_number("+.5e+1"), 5.0);
  EXPECT_EQ(parse_number("5."), 5.0);
  EXPECT_EQ(parse_number("1e-400"), 0.0);
  EXPECT_EQ(parse_number("0." + std::string(400, '0') + "1"), 0.0);
  for (const char* text : {"+-5", "++5", "-+5", "+", "", " 5", "5 ", "+1e400", "-1e400", "inf",
                           "+inf", "0x10", "1e", "1_000"}) {
    EXPECT_EQ(parse_number(text), std::nullopt) << text;
  }
}

TEST(Text, DidYouMeanFindsTypos) {
  const std::string_view words[] = {"alpha", "power", "method"};
  EXPECT_EQ(did_you_mean("alhpa", words), "alpha");
  EXPECT_EQ(did_you_mean("powr", words), "power");
  EXPECT_EQ(did_you_mean("zzzzzz", words), std::nullopt);
}

TEST(Text, Utf8) {
  EXPECT_TRUE(is_utf8("plain, \xc3\xa9, \xe2\x82\xac, \xf0\x9f\x98\x80"));
  EXPECT_FALSE(is_utf8("eight or more before \xe9"));
  EXPECT_FALSE(is_utf8("\xe9 eight or more after"));
  EXPECT_FALSE(is_utf8("\xc0\x80"));          // Overlong.
  EXPECT_FALSE(is_utf8("\xed\xa0\x80"));      // Surrogate.
  EXPECT_FALSE(is_utf8("\xe2\x82"));          // Cut short.
  EXPECT_FALSE(is_utf8("\xf4\x90\x80\x80"));  // Beyond U+10FFFF.
}

TEST(Random, MomentsOfEachLaw) {
  Random random(7);
  double uniform = 0, normal = 0, exponential = 0, poisson = 0, gamma = 0;
  const int n = 200'000;
  for (int i = 0; i < n; ++i) {
    uniform += random.uniform();
    normal += random.normal();
    exponential += random.exponential(3.0);
    poisson += static_cast<double>(random.poisson(20.0));
    gamma += random.gamma(0.5, 2.0);
  }
  // Five standard errors of each mean.
  EXPECT_NEAR(uniform / n, 0.5, 5 * 0.2887 / 447.2);
  EXPECT_NEAR(normal / n, 0.0, 5 / 447.2);
  EXPECT_NEAR(exponential / n, 3.0, 5 * 3.0 / 447.2);
  EXPECT_NEAR(poisson / n, 20.0, 5 * 4.4722 / 447.2);
  EXPECT_NEAR(gamma / n, 1.0, 5 * 1.4143 / 447.2);
}

TEST(Problem, SaysPlaceFieldMessageHint) {
  EXPECT_EQ(to_text(Problem{.place = {"exp.yaml", 12, 7},
                            .field = "analysis.alpha",
                            .message = "1.5 is not between 0 and 1",
                            .hint = "0.05 is the usual choice"}),
            "exp.yaml:12:7: error: analysis.alpha: 1.5 is not between 0 and 1 (0.05 is the usual "
            "choice)");
  EXPECT_EQ(to_text(Problem{.place = {"data.csv", 2, 0}, .message = "is not UTF-8"}),
            "data.csv:2: error: is not UTF-8");
}

Result<int> half(int x) {
  if (x % 2 != 0) return fail(Code::kInvalid, "odd");
  return x / 2;
}
Result<int> quarter(int x) {
  ASSAY_TRY(const int h, half(x));
  ASSAY_TRY(const int q, half(h));
  return q;
}

TEST(Expected, TryReturnsTheError) {
  EXPECT_EQ(quarter(8), 2);
  EXPECT_EQ(quarter(6).error().message, "odd");
}

}  // namespace
}  // namespace assay
