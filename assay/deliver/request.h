// Reads the JSON bodies that ask for variants into assign::Context. Internal to deliver.
//
// Nested objects are reached by dots ("device.os"); where several ways lead to one attribute, the
// longest name counts, whatever the order. null is as good as missing; what a list holds beyond
// texts, numbers and booleans does not count. Bounded: 4 MiB and 64 levels. Texts put into a
// context are borrowed from this thread's parser and live until the next call on the same thread.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "assay/assign/assign.h"
#include "assay/base/expected.h"

namespace assay::deliver {

inline constexpr std::size_t kMaxBodyBytes = 4 << 20;
inline constexpr std::size_t kMaxDepth = 64;
inline constexpr std::size_t kMaxUnits = 10'000;

// What keeps a body from being read.
struct BodyFault {
  enum class Kind {
    kNotJson,    // Or too large, too deep, not UTF-8, or with a fault of json_text.h.
    kNoContext,  // Not an object with an object `context`; of a bare context: not an object.
    kBadKey      // `targetingKey` is there, but not a text.
  };
  Kind kind;
  Error error;
  std::string place = {};  // "context.country", where one member is to blame.
};
using Read = Expected<void, BodyFault>;

// {"context": {"targetingKey": "u1", "country": "IN", …}}; a missing targetingKey is no fault here.
Read read_context(std::string_view body, assign::Context& context);

// The context alone: {"targetingKey": "u1", "country": "IN", …}.
Read read_bare_context(std::string_view json, assign::Context& context);

// {"country": "IN", "device": {"os": "ios"}}: sets what it holds beside what is set.
Read read_attributes(std::string_view object, assign::Context& context);

// {"experiment": "x", "units": [{"id": "u1", "attributes": {…}}]}: calls `visit` for each unit with
// the context filled; `begin` first, with the experiment's id if there is one.
Result<void> read_units(std::string_view body, assign::Context& context,
                        const std::function<Result<void>(std::optional<std::string_view> experiment,
                                                         std::size_t units)>& begin,
                        const std::function<Result<void>()>& visit);

}  // namespace assay::deliver
