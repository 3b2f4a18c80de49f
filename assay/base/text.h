// Numbers and words as text, in one place.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace assay {

// 17 significant digits at most, and the shortest text that reads back to the same double ("0.1",
// not "0.10000000000000001"). Not for NaN or infinity, which never leave the house.
std::string number_text(double value);

// The whole text as a finite double, or nothing: "5", "+5", "-.5" and "1e-400" (which is 0), as
// YAML 1.2, pandas and R read them; not "1e400", "inf" or "0x10".
std::optional<double> parse_number(std::string_view text);

// The candidate nearest to `word` in edits (Levenshtein), if it is near enough to be what was
// meant.
std::optional<std::string> did_you_mean(std::string_view word,
                                        std::span<const std::string_view> candidates);

// True for well-formed UTF-8 (no surrogates, no overlong forms).
bool is_utf8(std::string_view text);

}  // namespace assay
