#include "assay/serve/tokens.h"

#include <gtest/gtest.h>

namespace assay::serve {
namespace {

using io::sqlite::Records;

TEST(Tokens, OnlyTheHashIsKept) {
  const auto records = std::move(*Records::open(":memory:"));
  const auto token = Tokens::create(*records, "ci", {Timestamp{1}, "test"});
  ASSERT_TRUE(token);
  const auto stored = records->tokens();
  ASSERT_EQ(stored->size(), 1u);
  EXPECT_EQ(stored->front().hash.rfind("$argon2id$", 0), 0u);
  EXPECT_EQ(stored->front().hash.find(token->substr(3)), std::string::npos);
}

TEST(Tokens, AreRecalledOnlyAfterVerification) {
  const auto records = std::move(*Records::open(":memory:"));
  const auto token = Tokens::create(*records, "ci", {Timestamp{1}, "test"});
  const auto tokens = std::move(*Tokens::load(*records));
  EXPECT_TRUE(tokens->any());
  EXPECT_FALSE(tokens->recall(*token));
  EXPECT_FALSE(tokens->verify(*token + "x"));
  EXPECT_EQ(tokens->verify(*token), "ci");
  EXPECT_EQ(tokens->recall(*token), "ci");
}

TEST(Tokens, ANewOneReplacesItsNamesake) {
  const auto records = std::move(*Records::open(":memory:"));
  const auto old = Tokens::create(*records, "ci", {Timestamp{1}, "test"});
  const auto fresh = Tokens::create(*records, "ci", {Timestamp{2}, "test"});
  const auto tokens = std::move(*Tokens::load(*records));
  EXPECT_FALSE(tokens->verify(*old));
  EXPECT_TRUE(tokens->verify(*fresh));
}

TEST(Tokens, RefuseOddNames) {
  const auto records = std::move(*Records::open(":memory:"));
  for (const char* name : {"", "a.b", "a b", "ä"}) {
    EXPECT_EQ(Tokens::create(*records, name, {Timestamp{1}, "test"}).error().code, Code::kInvalid)
        << name;
  }
}

TEST(Tokens, NamesHaveAtMost64Characters) {
  const auto records = std::move(*Records::open(":memory:"));
  EXPECT_TRUE(Tokens::create(*records, std::string(64, 'a'), {Timestamp{1}, "test"}));
  EXPECT_FALSE(Tokens::create(*records, std::string(65, 'a'), {Timestamp{1}, "test"}));
}

TEST(SameSecret, NeedsEveryByte) {
  EXPECT_TRUE(same_secret("secret", "secret"));
  for (const char* other : {"", "secre", "secrets", "Secret", "secreT"}) {
    EXPECT_FALSE(same_secret("secret", other)) << other;
    EXPECT_FALSE(same_secret(other, "secret")) << other;
  }
}

TEST(Bearer, ReadsTheScheme) {
  EXPECT_EQ(bearer("Bearer abc"), "abc");
  EXPECT_EQ(bearer("bearer abc"), "abc");
  EXPECT_EQ(bearer("Basic abc"), std::nullopt);
  EXPECT_EQ(bearer("Bearer "), std::nullopt);
  EXPECT_EQ(bearer(std::nullopt), std::nullopt);
}

}  // namespace
}  // namespace assay::serve
