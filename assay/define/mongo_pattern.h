// Regular expressions that say no more than "one of these texts, at the start, at the end or
// anywhere": they become comparisons. Internal to define; see mongo.h.
//
//   "(Mobile|Tablet)"            contains Mobile or Tablet
//   "^/(cart|checkout)"          starts with /cart or /checkout
//   ".*@(acme|example)\\.com$"    ends with @acme.com or @example.com
//   "(?:a|b)(?![\\s\\S])"          ends with a or b: nothing comes after it
//   "^https?://shop$"            equals http://shop or https://shop
//
// Everything else is refused, so that no regular expression is ever run: no input can be slow. What
// a pattern stands for is bounded: as many texts as a file's list may hold, none longer than there,
// and few that are made by combining (`[ab][cd]?`).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "assay/define/condition.h"
#include "assay/define/fields.h"

namespace assay::define {

// Nothing after a problem, which is reported.
// Case is ignored by trying every spelling.
std::optional<Condition> pattern_condition(const std::string& attribute, const Value& regex,
                                           bool ignores_case = false);

struct SpellingOptions {
  std::size_t max = 0;
  bool has_kelvin = false;  // k is also the sign of kelvin, as toLowerCase of JavaScript has it.
};

// A text in all spellings by capital and small letters: us, uS, Us, US. Nothing where these are
// too many, or where there are letters beyond a to z.
std::optional<std::vector<std::string>> spellings(std::string_view text, SpellingOptions options);

}  // namespace assay::define
