// A value, or why there is none. One template (tl::expected, with std::expected's names) under
// three meanings:
//
//   Result<T>   an expected failure of the world: one Error
//   Checked<T>  a person's input: all of its Problems
//   Stat<T>     a statistic that does not exist: the reason (declared in stats/estimate.h)
//
//   Result<File> open(const std::string& path);
//   Result<Plan> load(const std::string& path) {
//     ASSAY_TRY(auto file, open(path));
//     return parse(file);
//   }
#pragma once

#include <utility>

#include <tl/expected.hpp>

#include "assay/base/problem.h"

namespace assay {

template <typename T, typename E>
using Expected = tl::expected<T, E>;

template <typename T>
using Result = Expected<T, Error>;

template <typename T>
using Checked = Expected<T, Problems>;

template <typename E>
auto unexpected(E error) {
  return tl::unexpected<E>(std::move(error));
}

// The usual way to fail: return fail(Code::kNotFound, "no experiment ranker_v2", "GET
// /v1/experiments lists them");
inline auto fail(Code code, std::string message, std::string hint = {}) {
  return tl::unexpected<Error>(Error{code, std::move(message), std::move(hint)});
}

}  // namespace assay

#define ASSAY_CONCAT_(a, b) a##b
#define ASSAY_CONCAT(a, b) ASSAY_CONCAT_(a, b)
#define ASSAY_TRY_(name, declaration, ...)                        \
  auto name = (__VA_ARGS__);                                      \
  if (!name) return ::assay::unexpected(std::move(name).error()); \
  declaration = std::move(*name)

// ASSAY_TRY(auto x, f()): x is the value, or the error is returned to the caller.
#define ASSAY_TRY(declaration, ...) \
  ASSAY_TRY_(ASSAY_CONCAT(assay_try_, __LINE__), declaration, __VA_ARGS__)

// ASSAY_TRY_VOID(f()): for Result<void>.
#define ASSAY_TRY_VOID(...)                                          \
  do {                                                               \
    if (auto assay_try_void = (__VA_ARGS__); !assay_try_void)        \
      return ::assay::unexpected(std::move(assay_try_void).error()); \
  } while (false)
