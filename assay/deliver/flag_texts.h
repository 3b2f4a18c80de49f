// FlagTexts: the JSON of OFREP's flags as far as no request decides it, written and hashed once for
// a snapshot, so that an answer is copied more than it is written.
//
//   const FlagTexts texts(snapshot);
//   texts.append(experiment, snapshot.evaluate(experiment, context), body);
//   // {"key":"ranker_v2","reason":"SPLIT","variant":"treatment","value":"treatment",
//   //  "metadata":{"version":"1","epoch":0,"assay_reason":"split"}}
//
// Each text is an opening (experiment and variant) and an ending (why). Immutable, any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "assay/assign/assign.h"

namespace assay::deliver {

class FlagTexts {
 public:
  // The snapshot must stay.
  explicit FlagTexts(const assign::Snapshot& snapshot);

  // Any assignment but Reason::kNoUnit. Returns a hash of what it appends: the same for the same
  // text, another for another (but for chance).
  std::uint64_t append(assign::Handle experiment, const assign::Assignment& assignment,
                       std::string& body) const {
    const Flag& flag = flags_[experiment.index];
    if (assignment.reason != assign::Reason::kSplit || !is_written(flag, assignment)) {
      return append_parts(experiment, assignment, body);
    }
    const Text& text = variants_[flag.variants + static_cast<std::size_t>(assignment.variant)];
    body += view(text);
    return text.hash;
  }

  // About as many as all flags have together.
  std::size_t bytes() const { return bytes_of_all_; }

 private:
  struct Text {
    std::size_t begin = 0;  // In bytes_.
    std::size_t size = 0;
    std::uint64_t hash = 0;
  };
  struct Flag {
    // {"key":"ranker_v2","reason":"UNKNOWN","variant":"","value":"control",
    //  "metadata":{"version":"1","epoch":0,"assay_reason":"
    Text outside;
    std::uint32_t variants = 0;  // In variants_: the same with a variant, and split"}} at the end.
    std::uint32_t head = 0;      // The size of {"key":"ranker_v2","reason":"
    // The size of ,"metadata":{"version":"1","epoch":0,"assay_reason":"
    std::uint32_t metadata = 0;
    std::int64_t epoch = 0;
    bool is_stopped = false;
    bool tells_more = false;  // Propensity or kind of unit, which follow the reason.
  };
  static constexpr std::size_t kReasons = static_cast<std::size_t>(assign::Reason::kSplit) + 1;

  Text end_text(std::size_t begin) const;
  std::string_view view(const Text& text) const { return {bytes_.data() + text.begin, text.size}; }
  void add_flag(assign::Handle experiment);
  void add_endings();
  // The reason, and what it was that decided.
  void append_why(const assign::Assignment& why, std::string& body) const;
  const Text* ending_of(const assign::Assignment& assignment) const;
  std::string_view protocol_reason(assign::Handle experiment,
                                   const assign::Assignment& assignment) const;
  // Whether the opening is the whole truth up to the reason.
  static bool is_written(const Flag& flag, const assign::Assignment& assignment) {
    return !flag.tells_more && assignment.epoch == flag.epoch;
  }
  std::uint64_t append_parts(assign::Handle experiment, const assign::Assignment& assignment,
                             std::string& body) const;
  const Text& opening_of(const Flag& flag, const assign::Assignment& assignment) const;
  void append_opening(assign::Handle experiment, const assign::Assignment& assignment,
                      std::string& body) const;

  const assign::Snapshot& snapshot_;
  std::string bytes_;
  std::vector<Flag> flags_;  // By experiment.
  std::vector<Text> variants_;
  std::array<Text, kReasons> endings_{};  // Of reasons without a cause: traffic"}}
  std::vector<Text> unmet_;               // By attribute and test: why a condition is not met.
  std::size_t bytes_of_all_ = 0;
};

}  // namespace assay::deliver
