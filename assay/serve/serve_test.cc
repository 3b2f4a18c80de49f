#include "assay/serve/serve.h"

#include <gtest/gtest.h>

namespace assay::serve {
namespace {

TEST(Listen, ReadsAddressesAndPorts) {
  EXPECT_EQ(parse_listen("127.0.0.1:8080")->address, "127.0.0.1");
  EXPECT_EQ(parse_listen("127.0.0.1:8080")->port, 8080);
  EXPECT_EQ(parse_listen("[::1]:0")->address, "::1");
  EXPECT_EQ(parse_listen("localhost:1")->address, "127.0.0.1");
  EXPECT_EQ(parse_listen(":65535")->address, "0.0.0.0");
}

TEST(Listen, RefusesEverythingElse) {
  for (const char* bad :
       {"", "8080", "127.0.0.1", "a:", "a:x", "a:-1", "a:65536", "a:1.5", "::1:80"}) {
    const auto parsed = parse_listen(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_EQ(parsed.error().code, Code::kInvalid);
  }
}

TEST(Run, RefusesABadLogLevelAndAddressBeforeItTouchesAnything) {
  const auto never = [](const std::string&) { FAIL(); };
  EXPECT_EQ(run({.data_directory = "/nonexistent/x", .log_level = "loud"}, never).error().code,
            Code::kInvalid);
  EXPECT_EQ(run({.data_directory = "/nonexistent/x", .listen = "no"}, never).error().code,
            Code::kInvalid);
  EXPECT_EQ(
      run({.data_directory = "/nonexistent/x", .allowed_origins = {"shop"}}, never).error().code,
      Code::kInvalid);
  EXPECT_EQ(run({.data_directory = "/nonexistent/x", .client_keys = {"k"}}, never).error().code,
            Code::kInvalid);
  EXPECT_EQ(run({.catalogue_file = "/nonexistent.yaml"}, never).error().code, Code::kNotFound);
}

}  // namespace
}  // namespace assay::serve
