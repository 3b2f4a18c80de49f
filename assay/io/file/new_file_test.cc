#include "assay/io/file/new_file.h"

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace assay::io::file {
namespace {

class NewFileTest : public testing::Test {
 protected:
  NewFileTest() {
    std::string name = (std::filesystem::temp_directory_path() / "assay_test_XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) folder_ = name;
  }
  ~NewFileTest() override { std::filesystem::remove_all(folder_); }

  std::string path() const { return (folder_ / "answers").string(); }
  static void fill(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
  }
  static std::string text_of(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  std::size_t files() const {
    const std::filesystem::directory_iterator all(folder_);
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }

  std::filesystem::path folder_;
};

TEST_F(NewFileTest, IsThereWholeOrNotAtAll) {
  {
    auto file = NewFile::create(path());
    ASSERT_TRUE(file) << file.error().message;
    fill(file->part(), "half");
    EXPECT_FALSE(std::filesystem::exists(path()));
  }
  EXPECT_EQ(files(), 0U);  // Not kept: nothing is left.
  auto file = NewFile::create(path());
  ASSERT_TRUE(file);
  fill(file->part(), "whole");
  ASSERT_TRUE(file->keep());
  EXPECT_EQ(text_of(path()), "whole");
  EXPECT_EQ(files(), 1U);
}

TEST_F(NewFileTest, WritesOverWhatAKilledProcessLeft) {
  fill(path() + ".part", "much more than will be written");
  auto file = NewFile::create(path());
  ASSERT_TRUE(file);
  EXPECT_EQ(text_of(file->part()), "");
  ASSERT_TRUE(file->keep());
  EXPECT_EQ(text_of(path()), "");
}

TEST_F(NewFileTest, LeavesWhatIsThere) {
  fill(path(), "precious");
  const auto file = NewFile::create(path());
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, Code::kInvalid);
  EXPECT_EQ(file.error().message, path() + " is there already");
  EXPECT_EQ(text_of(path()), "precious");
  EXPECT_EQ(files(), 1U);
}

TEST_F(NewFileTest, IsMadeByOneProcessAtATime) {
  const auto first = NewFile::create(path());
  ASSERT_TRUE(first);
  const auto second = NewFile::create(path());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kConflict);
  EXPECT_EQ(files(), 1U);  // The first one's part is still there.
}

TEST_F(NewFileTest, NamesAFolderThatIsNotThere) {
  const auto file = NewFile::create((folder_ / "none" / "answers").string());
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, Code::kInvalid);
  EXPECT_NE(file.error().message.find("No such file or directory"), std::string::npos);
  EXPECT_NE(file.error().hint.find("folder"), std::string::npos);
}

TEST_F(NewFileTest, LeavesWhatComesUpInTheMeantime) {
  {
    auto file = NewFile::create(path());
    ASSERT_TRUE(file);
    fill(file->part(), "answers");
    fill(path(), "precious");
    const auto kept = file->keep();
    ASSERT_FALSE(kept);
    EXPECT_EQ(kept.error().message, path() + " is there already");
  }
  EXPECT_EQ(text_of(path()), "precious");
  EXPECT_EQ(files(), 1U);
}

// Whoever makes a file of the name at the same moment keeps it, or fails: never both.
TEST_F(NewFileTest, WinsOrLosesARaceForTheName) {
  for (int round = 0; round < 100; ++round) {
    std::filesystem::remove(path());
    auto file = NewFile::create(path());
    ASSERT_TRUE(file);
    fill(file->part(), "ours");
    std::atomic<bool> go = false;
    bool is_theirs = false;
    std::thread other([&] {
      while (!go) {
      }
      const int descriptor = ::open(path().c_str(), O_WRONLY | O_CREAT | O_EXCL, 0644);
      is_theirs = descriptor >= 0 && ::write(descriptor, "theirs", 6) == 6;
      ::close(descriptor);
    });
    go = true;
    const bool is_ours = file->keep().has_value();
    other.join();
    ASSERT_NE(is_ours, is_theirs);
    ASSERT_EQ(text_of(path()), is_ours ? "ours" : "theirs");
  }
}

TEST_F(NewFileTest, SaysWhenItCannotBeNamed) {
  auto file = NewFile::create(path());
  ASSERT_TRUE(file);
  std::filesystem::remove(file->part());  // In the meantime.
  const auto kept = file->keep();
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().code, Code::kUnavailable);
}

}  // namespace
}  // namespace assay::io::file
