#include "assay/io/file/new_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace assay::io::file {
namespace {

auto fail_errno(Code code, const std::string& path) {
  return fail(code, fmt::format("cannot write {}: {}", path, std::strerror(errno)),
              "the folder must exist, have room, and be writable");
}

bool is_there(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

auto fail_there(const std::string& path) {
  return fail(Code::kInvalid, fmt::format("{} is there already", path),
              "remove it, or name another file");
}

// Another process may have completed or given up the part between opening and locking it.
bool is_same_file(int descriptor, const std::string& path) {
  struct stat opened {};
  struct stat named {};
  return ::fstat(descriptor, &opened) == 0 && ::stat(path.c_str(), &named) == 0 &&
         opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

// In one step, for another process may be making a file of the name. Network file systems have no
// such rename, but links, which are not made over a file either. Where there are none, a look
// before must do.
bool rename_over_nothing(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno != EINVAL && errno != ENOSYS) return false;
  if (::link(from.c_str(), to.c_str()) == 0) {
    ::unlink(from.c_str());  // Whether or not: the file is whole and has its name.
    return true;
  }
  if (errno == EEXIST) return false;
  if (is_there(to)) {
    errno = EEXIST;
    return false;
  }
  return ::rename(from.c_str(), to.c_str()) == 0;
}

// A name is on the disk when its folder is. Where folders cannot be opened or synced, that is the
// file system's own care.
bool sync_folder(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const int descriptor =
      ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return true;
  const bool is_synced = ::fsync(descriptor) == 0 || errno == EINVAL;
  ::close(descriptor);
  return is_synced;
}

}  // namespace

Result<NewFile> NewFile::create(const std::string& path) {
  if (is_there(path)) return fail_there(path);
  NewFile file(path);
  const int descriptor = ::open(file.part_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) return fail_errno(Code::kInvalid, file.part_);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0 || !is_same_file(descriptor, file.part_)) {
    ::close(descriptor);
    return fail(Code::kConflict, fmt::format("another process is writing {}", path),
                "wait for it, or name another file");
  }
  file.descriptor_ = descriptor;
  if (::ftruncate(descriptor, 0) != 0) return fail_errno(Code::kUnavailable, file.part_);
  return file;
}

NewFile::NewFile(NewFile&& other) noexcept
    : path_(std::move(other.path_)),
      part_(std::move(other.part_)),
      descriptor_(std::exchange(other.descriptor_, -1)) {}

NewFile& NewFile::operator=(NewFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(part_, other.part_);
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

Result<void> NewFile::keep() {
  if (::fsync(descriptor_) != 0) return fail_errno(Code::kUnavailable, path_);
  if (!rename_over_nothing(part_, path_)) {
    return errno == EEXIST ? fail_there(path_) : fail_errno(Code::kUnavailable, path_);
  }
  ::close(std::exchange(descriptor_, -1));
  if (sync_folder(path_)) return {};
  auto failed = fail_errno(Code::kUnavailable, path_);
  ::unlink(path_.c_str());
  return failed;
}

NewFile::~NewFile() {
  if (descriptor_ < 0) return;
  ::unlink(part_.c_str());
  ::close(descriptor_);
}

}  // namespace assay::io::file
