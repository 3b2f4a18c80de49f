// What JSON may say that two readers take for two things, and numbers that some of them do not
// read.
//
// RFC 8259 leaves open what an object says that has one name twice: some readers take the first
// member, some the last, some both. So here it says nothing, at every door: a request, a line of a
// list, an event. Neither does a number that no double holds (1e400); but 1e-400 is 0, and a whole
// number beyond 64 bits is the double next to it. Nor what only some readers take: NaN, Infinity,
// a comma behind the last member.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "assay/base/problem.h"

namespace assay {

// The first such fault; its field is where it is: "units[3].attributes.country". Names are compared
// as they are read: "\u0061" is "a". Says nothing else of what is no JSON. Takes the time of
// sorting the names of each object.
std::optional<Problem> json_fault(std::string_view json);

// The same JSON, with a fraction (".0") behind whole numbers that 64 bits do not hold: simdjson
// reads them only so.
std::string with_fractions(std::string_view json);

}  // namespace assay
