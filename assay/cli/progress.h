// Progress: how many units are done, on a terminal; nothing where the output goes to a file or a
// pipe.
#pragma once

#include <cstdint>
#include <iosfwd>

namespace assay::cli {

class Progress {
 public:
  explicit Progress(std::ostream& err);  // Shows only where `err` is the process's own terminal.
  Progress(std::ostream& err, bool shows) : err_(err), shows_(shows) {}
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void add(std::uint64_t units) {
    done_ += units;
    if (shows_ && done_ >= next_) show();
  }

 private:
  static constexpr std::uint64_t kStep = 1 << 18;
  void show();

  std::ostream& err_;
  bool shows_;
  std::uint64_t done_ = 0;
  std::uint64_t next_ = kStep;
};

}  // namespace assay::cli
