// DirectoryLock: one process owns a data directory.
//
// Holds an advisory lock (flock) on <directory>/lock, which carries the owner's process id. The
// kernel releases it when the process ends, however it ends, so a crash leaves nothing to clean up.
//
//   ASSAY_TRY(auto lock, DirectoryLock::take(data_directory));  // held while `lock` lives
#pragma once

#include <string>

#include "assay/base/expected.h"

namespace assay::io::file {

class DirectoryLock {
 public:
  // Creates the directory where it is missing. kConflict when another process holds it.
  static Result<DirectoryLock> take(const std::string& directory);

  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&& other) noexcept;
  ~DirectoryLock();

 private:
  explicit DirectoryLock(int descriptor) : descriptor_(descriptor) {}

  int descriptor_ = -1;
};

}  // namespace assay::io::file
