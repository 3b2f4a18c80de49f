#include "assay/io/file/directory_lock.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace assay::io::file {
namespace {

std::string fresh_directory(const std::string& name) {
  const std::string path = testing::TempDir() + "assay_lock_" + name;
  std::filesystem::remove_all(path);
  return path;
}

TEST(DirectoryLock, KeepsASecondOwnerOutAndNamesTheFirst) {
  const std::string directory = fresh_directory("second") + "/deep";
  const auto first = DirectoryLock::take(directory);
  ASSERT_TRUE(first) << to_text(first.error());
  const auto second = DirectoryLock::take(directory);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kConflict);
  EXPECT_EQ(second.error().message,
            directory + " is in use by process " + std::to_string(getpid()));
  EXPECT_FALSE(second.error().hint.empty());
}

TEST(DirectoryLock, IsFreeAgainWhenItsOwnerLetsGo) {
  const std::string directory = fresh_directory("again");
  {
    auto first = DirectoryLock::take(directory);
    ASSERT_TRUE(first);
    const DirectoryLock moved = std::move(*first);
    EXPECT_FALSE(DirectoryLock::take(directory));
  }
  EXPECT_TRUE(DirectoryLock::take(directory));
}

TEST(DirectoryLock, OutlivesNoProcess) {
  const std::string directory = fresh_directory("death");
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto lock = DirectoryLock::take(directory);
    _exit(lock ? 0 : 1);  // No destructor runs: as after kill -9.
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_TRUE(DirectoryLock::take(directory));
}

TEST(DirectoryLock, SaysWhyADirectoryCannotBeMade) {
  const std::string file = fresh_directory("file");
  std::ofstream(file) << "a file";
  const auto lock = DirectoryLock::take(file + "/data");
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().code, Code::kUnavailable);
}

}  // namespace
}  // namespace assay::io::file
