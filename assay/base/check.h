// ASSAY_CHECK: a condition that only a bug of ours can break. On in every build: prints the place
// and aborts.
//
//   ASSAY_CHECK(low <= high);
#pragma once

namespace assay {

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace assay

#define ASSAY_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::assay::check_failed(#condition, __FILE__, __LINE__))
