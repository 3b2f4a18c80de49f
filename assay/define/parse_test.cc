#include "assay/define/parse.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "assay/define/define.h"

namespace assay::define {
namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(Parse, TheGuidesSampleIsAcceptedAsItStands) {
  const std::filesystem::path path = ASSAY_SOURCE_DIR "/../shared/seeds/guide_experiment.yaml";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "absent: guide_experiment.yaml";
  const auto parsed = parse(read_file(path), {.file = "guide.yaml", .catalogue = {}});
  ASSERT_TRUE(parsed) << to_text(parsed.error());
  std::cerr << to_text(parsed->warnings) << canonical_json(parsed->experiment) << "\n";
}

}  // namespace
}  // namespace assay::define
