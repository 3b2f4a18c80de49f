#include "assay/io/file/read_file.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace assay::io::file {
namespace {

struct Descriptor {
  int value;
  bool owned;
  ~Descriptor() {
    if (owned && value >= 0) ::close(value);
  }
};

auto fail_reading(const std::string& path) {
  const Code code = errno == ENOENT || errno == ENOTDIR ? Code::kNotFound : Code::kUnavailable;
  return fail(code, fmt::format("cannot read {}: {}", path, std::strerror(errno)),
              code == Code::kNotFound ? "check the path" : "check the file's permissions");
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t max_bytes,
                              const std::string& hint_when_longer) {
  const bool standard_input = path == "-";
  const Descriptor file{standard_input ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC),
                        !standard_input};
  if (file.value < 0) return fail_reading(path);
  struct stat status {};
  if (fstat(file.value, &status) == 0 && S_ISDIR(status.st_mode)) {
    return fail(Code::kInvalid, fmt::format("{} is a directory", path), "name a file in it");
  }
  std::string text;
  for (std::size_t used = 0;;) {
    text.resize(used + (64 << 10));
    const ssize_t count = ::read(file.value, text.data() + used, text.size() - used);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_reading(path);
    used += static_cast<std::size_t>(count);
    if (used > max_bytes) {
      return fail(Code::kInvalid, fmt::format("{} is longer than {} bytes", path, max_bytes),
                  hint_when_longer);
    }
    text.resize(used);
    if (count == 0) return text;
  }
}

}  // namespace assay::io::file
