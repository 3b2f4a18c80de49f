#include "assay/io/file/directory_lock.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

namespace assay::io::file {
namespace {

std::string owner_text(int descriptor) {
  std::array<char, 32> buffer{};
  const ssize_t count = pread(descriptor, buffer.data(), buffer.size(), 0);
  std::string_view text(buffer.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
  text = text.substr(0, text.find('\n'));
  return text.empty() ? "another process" : fmt::format("process {}", text);
}

auto fail_errno(std::string_view what, const std::string& path) {
  return fail(Code::kUnavailable, fmt::format("cannot {} {}: {}", what, path, std::strerror(errno)),
              "check that the directory exists and that this user may write to it");
}

}  // namespace

Result<DirectoryLock> DirectoryLock::take(const std::string& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) {
    return fail(Code::kUnavailable,
                fmt::format("cannot create directory {}: {}", directory, error.message()));
  }
  const std::string path = directory + "/lock";
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) return fail_errno("open", path);
  DirectoryLock lock(descriptor);
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return fail_errno("lock", path);
    return fail(Code::kConflict,
                fmt::format("{} is in use by {}", directory, owner_text(descriptor)),
                "stop that process, talk to it over HTTP, or choose another data directory");
  }
  const std::string owner = fmt::format("{}\n", getpid());
  if (ftruncate(descriptor, 0) != 0 ||
      pwrite(descriptor, owner.data(), owner.size(), 0) != static_cast<ssize_t>(owner.size())) {
    return fail_errno("write", path);
  }
  return lock;
}

DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

DirectoryLock& DirectoryLock::operator=(DirectoryLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

// Closing releases the lock. The file stays: removing it would let two processes lock two files of
// the same name.
DirectoryLock::~DirectoryLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace assay::io::file
