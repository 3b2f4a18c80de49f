// The words of the experiment file for each enumeration, in one table that the parser, the schema
// and the canonical form share. The first word of a value is the one we write; others are accepted.
#pragma once

#include <span>
#include <string_view>

#include "assay/define/experiment.h"

namespace assay::define {

template <typename E>
struct Word {
  std::string_view text;
  E value;
};

std::span<const Word<Role>> words(Role);
std::span<const Word<Direction>> words(Direction);
std::span<const Word<Method>> words(Method);
std::span<const Word<VarianceReduction>> words(VarianceReduction);
std::span<const Word<Correction>> words(Correction);
std::span<const Word<HashScheme>> words(HashScheme);
std::span<const Word<MetricType>> words(MetricType);
std::span<const Word<Aggregation>> words(Aggregation);
std::span<const Word<Op>> words(Op);

// The word we write for a value: to_word(Method::kSequential) == "frequentist_sequential".
template <typename E>
std::string_view to_word(E value) {
  for (const Word<E>& word : words(value)) {
    if (word.value == value) return word.text;
  }
  return {};
}

template <typename E>
std::optional<E> from_word(std::string_view text) {
  for (const Word<E>& word : words(E{})) {
    if (word.text == text) return word.value;
  }
  return std::nullopt;
}

}  // namespace assay::define
