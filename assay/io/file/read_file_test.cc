#include "assay/io/file/read_file.h"

#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace assay::io::file {
namespace {

std::string file_with(const std::string& text) {
  const std::string path = testing::TempDir() + "assay_read_file";
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

TEST(ReadFile, ReadsWhatWasWritten) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{200'000}}) {
    std::string text(size, 'x');
    if (size > 0) text[size / 2] = '\0';
    const auto read = read_file(file_with(text), 200'000);
    ASSERT_TRUE(read) << to_text(read.error());
    EXPECT_EQ(*read, text);
  }
}

TEST(ReadFile, SaysWhatIsWrong) {
  EXPECT_EQ(read_file("/nowhere/at.all", 10).error().code, Code::kNotFound);
  const auto directory = read_file(testing::TempDir(), 10);
  EXPECT_EQ(directory.error().code, Code::kInvalid);
  const auto too_long = read_file(file_with("12345678901"), 10);
  EXPECT_EQ(too_long.error().code, Code::kInvalid);
  EXPECT_NE(too_long.error().message.find("longer than 10 bytes"), std::string::npos);
}

}  // namespace
}  // namespace assay::io::file
