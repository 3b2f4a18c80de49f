#include "assay/cli/progress.h"

#include <iostream>

#include <fmt/format.h>
#include <unistd.h>

namespace assay::cli {

Progress::Progress(std::ostream& err)
    : Progress(err, &err == &std::cerr && isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  if (next_ > kStep) err_ << "\r\033[K" << std::flush;  // The line is gone when the work is done.
}

void Progress::show() {
  err_ << fmt::format("\r{} thousand units", done_ / 1000) << std::flush;
  next_ = done_ + kStep;
}

}  // namespace assay::cli
