// The only place in serve that reads the clock.
#pragma once

#include <chrono>

#include "assay/base/time.h"

namespace assay::serve {

inline Timestamp now() {
  using std::chrono::microseconds;
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<microseconds>(since_1970).count()};
}

// Seconds from construction to now.
class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace assay::serve
