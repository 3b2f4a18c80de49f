#include "assay/deliver/flag_texts.h"

#include <algorithm>

#include "assay/base/hash.h"
#include "assay/base/text.h"
#include "assay/deliver/answer.h"

namespace assay::deliver {
namespace {

using assign::Assignment;
using assign::Handle;
using assign::Outcome;
using assign::Reason;

constexpr std::string_view kSplitEnding = R"(split"}})";
constexpr std::size_t kTests = static_cast<std::size_t>(Outcome::kWrongType) + 1;

// ,"metadata":{"version":"1","epoch":0,"assay_reason":"
void append_metadata(std::uint32_t version, std::int64_t epoch, std::string& body) {
  body += R"(,"metadata":{"version":")";
  body += std::to_string(version);
  body += R"(","epoch":)";
  body += std::to_string(epoch);
  body += R"(,"assay_reason":")";
}

}  // namespace

FlagTexts::FlagTexts(const assign::Snapshot& snapshot) : snapshot_(snapshot) {
  flags_.reserve(snapshot.size());
  for (std::uint32_t e = 0; e < snapshot.size(); ++e) add_flag({e});
  add_endings();
  bytes_.shrink_to_fit();
}

FlagTexts::Text FlagTexts::end_text(std::size_t begin) const {
  const std::string_view text = std::string_view(bytes_).substr(begin);
  return {begin, text.size(), xxh3_64(text)};
}

void FlagTexts::add_flag(Handle experiment) {
  Flag flag;
  flag.variants = static_cast<std::uint32_t>(variants_.size());
  flag.epoch = snapshot_.epoch(experiment);
  flag.is_stopped = snapshot_.is_stopped(experiment);
  flag.tells_more = snapshot_.is_sticky(experiment) || snapshot_.has_fallback(experiment);
  const std::string head = R"({"key":)" + json_quoted(snapshot_.id(experiment)) + R"(,"reason":")";
  std::string metadata;
  append_metadata(snapshot_.version(experiment), flag.epoch, metadata);
  flag.head = static_cast<std::uint32_t>(head.size());
  flag.metadata = static_cast<std::uint32_t>(metadata.size());
  std::size_t largest = 0;
  const auto append = [&](const Assignment& like, std::string_view variant, std::size_t valued) {
    const std::size_t begin = bytes_.size();
    bytes_ += head;
    bytes_ += protocol_reason(experiment, like);
    bytes_ += R"(","variant":)";
    bytes_ += variant;
    const std::string_view payload = snapshot_.payload_json(experiment, valued);
    if (payload.empty()) {
      bytes_ += R"(,"value":)" + json_quoted(snapshot_.variant_key(experiment, valued));
    } else if (payload != "null") {
      bytes_ += R"(,"value":)";
      bytes_ += payload;
    }
    bytes_ += metadata;
    if (like.reason == Reason::kSplit) bytes_ += kSplitEnding;
    largest = std::max(largest, bytes_.size() - begin);
    return end_text(begin);
  };
  for (std::size_t v = 0; v < snapshot_.variant_count(experiment); ++v) {
    const Assignment split{.reason = Reason::kSplit,
                           .variant = static_cast<std::int16_t>(v),
                           .propensity = snapshot_.propensity(experiment, v)};
    variants_.push_back(append(split, json_quoted(snapshot_.variant_key(experiment, v)), v));
  }
  flag.outside = append({.reason = flag.is_stopped ? Reason::kStopped : Reason::kTraffic}, R"("")",
                        snapshot_.control(experiment));
  constexpr std::size_t kWhy = 64;
  bytes_of_all_ += largest + kWhy;
  flags_.push_back(flag);
}

void FlagTexts::add_endings() {
  const auto append = [this](const Assignment& why) {
    const std::size_t begin = bytes_.size();
    append_why(why, bytes_);
    bytes_ += "}}";
    return end_text(begin);
  };
  for (std::size_t i = 0; i < kReasons; ++i) {
    const auto reason = static_cast<Reason>(i);
    if (!names_a_cause(reason)) endings_[i] = append({.reason = reason});
  }
  for (std::uint32_t attribute = 0; attribute < snapshot_.schema().names.size(); ++attribute) {
    for (std::size_t test = 0; test < kTests; ++test) {
      unmet_.push_back(append({.reason = Reason::kTargeting,
                               .test = static_cast<Outcome>(test),
                               .attribute = attribute}));
    }
  }
}

void FlagTexts::append_why(const Assignment& why, std::string& body) const {
  body += reason_name(why.reason);
  body += '"';
  if (!names_a_cause(why.reason)) return;
  body += R"(,"assay_because":)";
  body += json_quoted(snapshot_.explain(why));
}

// Nothing where the cause is one of many.
const FlagTexts::Text* FlagTexts::ending_of(const Assignment& assignment) const {
  if (assignment.reason == Reason::kTargeting) {
    return &unmet_[assignment.attribute * kTests + static_cast<std::size_t>(assignment.test)];
  }
  if (names_a_cause(assignment.reason)) return nullptr;
  return &endings_[static_cast<std::size_t>(assignment.reason)];
}

std::string_view FlagTexts::protocol_reason(Handle experiment, const Assignment& assignment) const {
  switch (assignment.reason) {
    case Reason::kOverride:
      return "TARGETING_MATCH";
    case Reason::kStopped:
      return "DISABLED";
    case Reason::kSticky:
      return "SPLIT";
    case Reason::kSplit:
    case Reason::kBurnIn:
      break;
    default:
      return "UNKNOWN";
  }
  if (assignment.propensity < 1.0) return "SPLIT";
  return snapshot_.has_targeting(experiment) ? "TARGETING_MATCH" : "STATIC";
}

std::uint64_t FlagTexts::append_parts(Handle experiment, const Assignment& assignment,
                                      std::string& body) const {
  const Flag& flag = flags_[experiment.index];
  if (is_written(flag, assignment)) {
    const Text& opening = opening_of(flag, assignment);
    if (const Text* const ending = ending_of(assignment)) {
      if (!assignment.assigned() && flag.is_stopped == (assignment.reason == Reason::kStopped)) {
        body += view(opening);
      } else {
        append_opening(experiment, assignment, body);
      }
      body += view(*ending);
      return opening.hash + ending->hash;
    }
  }
  const std::size_t begin = body.size();
  append_opening(experiment, assignment, body);
  append_why(assignment, body);
  if (snapshot_.is_sticky(experiment) && assignment.assigned()) {
    body += R"(,"propensity":)" + number_text(assignment.propensity);
  }
  if (snapshot_.has_fallback(experiment)) {
    body += R"(,"unit_kind":)" + json_quoted(snapshot_.unit_kind(experiment, assignment));
  }
  body += "}}";
  return xxh3_64(std::string_view(body).substr(begin));
}

const FlagTexts::Text& FlagTexts::opening_of(const Flag& flag, const Assignment& assignment) const {
  if (!assignment.assigned()) return flag.outside;
  return variants_[flag.variants + static_cast<std::size_t>(assignment.variant)];
}

// With another of the protocol's reasons, or another epoch.
void FlagTexts::append_opening(Handle experiment, const Assignment& assignment,
                               std::string& body) const {
  const Flag& flag = flags_[experiment.index];
  std::string_view text = view(opening_of(flag, assignment));
  if (assignment.assigned()) text.remove_suffix(kSplitEnding.size());
  body += text.substr(0, flag.head);
  body += protocol_reason(experiment, assignment);
  text.remove_prefix(text.find('"', flag.head));
  if (assignment.epoch == flag.epoch) {
    body += text;
  } else {
    text.remove_suffix(flag.metadata);
    body += text;
    append_metadata(snapshot_.version(experiment), assignment.epoch, body);
  }
}

}  // namespace assay::deliver
