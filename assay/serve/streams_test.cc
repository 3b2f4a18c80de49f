#include "assay/serve/streams.h"

#include <gtest/gtest.h>

namespace assay::serve {
namespace {

// It may have asked for the flags just before the change.
TEST(Streams, AReaderWithoutAnIdIsToldOfAChangeForHalfAMinute) {
  const auto records = std::move(*io::sqlite::Records::open(":memory:"));
  const auto experiments = std::move(*Experiments::open(*records, {}, nullptr));
  Streams streams(1);
  streams.changed(*experiments->view(), {100 * kMicrosPerSecond});
  const auto is_told = [&](std::int64_t second) {
    const auto answer = streams.open_notices({}, {second * kMicrosPerSecond});
    EXPECT_TRUE(answer.stream) << "the one before was closed";
    return answer.body.find("refetchEvaluation") != std::string::npos;
  };
  EXPECT_TRUE(is_told(129));
  EXPECT_FALSE(is_told(130));
}

}  // namespace
}  // namespace assay::serve
