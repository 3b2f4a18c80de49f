#include "assay/deliver/ofrep.h"

#include <optional>

#include <fmt/format.h>

#include "assay/base/hash.h"
#include "assay/base/text.h"
#include "assay/deliver/request.h"

namespace assay::deliver {
namespace {

using assign::Assignment;
using assign::Context;
using assign::Handle;
using assign::Reason;

struct Failure {
  std::string_view code;
  std::string_view details;
  std::string_view attribute = {};  // The details say something of it.
};

std::string_view code_of(const BodyFault& fault) {
  return fault.kind == BodyFault::Kind::kNotJson ? "PARSE_ERROR" : "INVALID_CONTEXT";
}

constexpr Failure kNoKey = {"TARGETING_KEY_MISSING",
                            "the context has no targetingKey (or it is empty)"};

// Why there is no unit of this kind: an attribute of the kind's name that is no text is a mistake,
// and not as if there were none.
Failure no_unit(std::string_view kind, const Context& context) {
  const std::uint32_t attribute = context.schema().names.find(kind);
  const auto is = [&, types = context.types(attribute)](assign::ValueType type) {
    return (types & type) != 0;
  };
  const auto wrong = [&](std::string_view details) {
    return Failure{"INVALID_CONTEXT", details, kind};
  };
  if (is(assign::kNumber)) return wrong("is a number, but the id of a unit is a text");
  if (is(assign::kBool)) return wrong("is a boolean, but the id of a unit is a text");
  if (is(assign::kList)) return wrong("is a list, but the id of a unit is a text");
  if (is(assign::kOther)) return wrong("is an object, but the id of a unit is a text");
  if (is(assign::kText)) return {kNoKey.code, "is empty, so that there is no unit", kind};
  return kNoKey;
}

// "errorCode":"…","errorDetails":"…"
std::string to_json(const Failure& failure) {
  std::string details(failure.attribute);
  if (!details.empty()) details += ' ';
  details += failure.details;
  return R"("errorCode":")" + std::string(failure.code) + R"(","errorDetails":)" +
         json_quoted(details);
}

void append_failure(std::string_view key, const Failure& failure, std::string& body) {
  body += R"({"key":)" + json_quoted(key) + ',' + to_json(failure) + '}';
}

Answer flag_failure(int status, std::string_view key, const Failure& failure) {
  Answer answer{.status = status, .body = {}, .etag = {}, .exposures = {}};
  append_failure(key, failure, answer.body);
  return answer;
}

Answer bulk_failure(int status, const Failure& failure) {
  return {.status = status, .body = "{" + to_json(failure) + "}", .etag = {}, .exposures = {}};
}

std::uint64_t hash_from(std::size_t begin, std::string_view body) {
  return xxh3_64(body.substr(begin));
}

// Many flags' texts are hashed before anybody asks.
std::string etag_of(const std::vector<std::uint64_t>& hashes) {
  const auto* const bytes = reinterpret_cast<const char*>(hashes.data());
  return fmt::format("\"{:016x}\"", xxh3_64({bytes, hashes.size() * sizeof hashes[0]}));
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Weak comparison (RFC 9110, 13.1.2). Some clients send the tag without its quotes.
bool matches_any(std::string_view if_none_match, std::string_view etag) {
  const std::string_view bare = etag.substr(1, etag.size() - 2);
  while (!if_none_match.empty()) {
    const auto comma = std::min(if_none_match.find(','), if_none_match.size());
    std::string_view tag = trimmed(if_none_match.substr(0, comma));
    if (tag.substr(0, 2) == "W/") tag.remove_prefix(2);
    if (tag == "*" || tag == etag || tag == bare) return true;
    if_none_match.remove_prefix(std::min(comma + 1, if_none_match.size()));
  }
  return false;
}

}  // namespace

Ofrep::Ofrep(std::shared_ptr<const assign::Snapshot> snapshot, StickyStore* store)
    : snapshot_(std::move(snapshot)), store_(store), texts_(*snapshot_) {
  leaves_traces_.reserve(snapshot_->size());
  for (std::uint32_t e = 0; e < snapshot_->size(); ++e) {
    leaves_traces_.push_back(snapshot_->is_sticky({e}) || snapshot_->exposes_on_evaluation({e}));
  }
}

std::uint64_t Ofrep::append_no_unit(Handle experiment, const Assignment& assignment,
                                    const Context& context, std::string& body) const {
  const std::size_t begin = body.size();
  const bool lacks_time = assignment.test == assign::Outcome::kTrue;
  append_failure(snapshot_->id(experiment),
                 lacks_time ? Failure{"INVALID_CONTEXT", snapshot_->explain(assignment)}
                            : no_unit(snapshot_->unit_kind(experiment), context),
                 body);
  return hash_from(begin, body);
}

inline std::uint64_t Ofrep::append_flag(Handle experiment, const Assignment& assignment,
                                        const Context& context, std::string& body) const {
  return assignment.reason == Reason::kNoUnit
             ? append_no_unit(experiment, assignment, context, body)
             : texts_.append(experiment, assignment, body);
}

void Ofrep::leave_traces(Handle experiment, const Assignment& assignment, const Context& context,
                         Answer& answer) const {
  if (store_ != nullptr) {
    note_memories(*snapshot_, experiment, assignment, context, answer.memories);
  }
  if (!assignment.assigned() || !snapshot_->exposes_on_evaluation(experiment)) return;
  // The first answer after it counts, and would be a repeat of this one.
  if (assignment.reason == Reason::kBurnIn) return;
  const std::string_view unit = snapshot_->unit(experiment, assignment, context).id;
  if (unit.size() > kMaxUnitIdBytes) return;
  answer.exposures.push_back(exposure_of(*snapshot_, experiment, assignment, context));
}

Answer Ofrep::evaluate_flag(std::string_view key, std::string_view body,
                            std::optional<Timestamp> now, StoreFault fault) const {
  const auto experiment = snapshot_->find(key);
  if (!experiment) {
    return flag_failure(404, key, {"FLAG_NOT_FOUND", "no experiment of this id is running"});
  }
  Context context(*snapshot_);
  if (now) context.set_time(*now);
  if (const auto read = read_context(body, context); !read) {
    return flag_failure(400, key, {code_of(read.error()), to_text(read.error().error)});
  }
  const bool remembers = store_ != nullptr && snapshot_->needs_memory(*experiment);
  if (remembers && !recall(*snapshot_, *store_, context)) fault = StoreFault::kNotRead;
  const Assignment assignment = snapshot_->evaluate(*experiment, context);
  if (const auto why = withheld(*snapshot_, *experiment, assignment, fault)) {
    return flag_failure(503, key, {"GENERAL", to_text(*why)});
  }
  Answer answer;
  constexpr std::size_t kUsualBytes = 256;
  answer.body.reserve(kUsualBytes);
  append_flag(*experiment, assignment, context, answer.body);
  if (assignment.reason == Reason::kNoUnit) {
    answer.status = 400;
    return answer;
  }
  answer.evaluations.push_back({*experiment, assignment.variant, assignment.reason});
  if (leaves_traces_[experiment->index]) {
    leave_traces(*experiment, assignment, context, answer);
  }
  if (remembers) {
    note_prerequisites(*snapshot_, *experiment, assignment, context, answer.memories);
  }
  return answer;
}

Answer Ofrep::evaluate_bulk(std::string_view body, const BulkOptions& options) const {
  Context context(*snapshot_);
  if (options.now) context.set_time(*options.now);
  if (const auto read = read_context(body, context); !read) {
    return bulk_failure(400, {code_of(read.error()), to_text(read.error().error)});
  }
  if (context.has_no_unit()) return bulk_failure(400, kNoKey);
  StoreFault fault = options.fault;
  if (store_ != nullptr && !snapshot_->sticky().empty() && !recall(*snapshot_, *store_, context)) {
    fault = StoreFault::kNotRead;
  }
  Answer answer;
  std::vector<Assignment> assignments(snapshot_->size());
  snapshot_->evaluate_all(context, assignments);
  std::vector<std::uint64_t> hashes(assignments.size() + 1);  // Of each flag, and of the stream.
  constexpr std::size_t kRest = 200;
  answer.body.reserve(texts_.bytes() + kRest);
  answer.evaluations.reserve(assignments.size());
  answer.body = R"({"flags":[)";
  for (std::uint32_t i = 0; i < assignments.size(); ++i) {
    const Assignment& assignment = assignments[i];
    if (i > 0) answer.body += ',';
    if (fault != StoreFault::kNone) {
      if (const auto why = withheld(*snapshot_, Handle{i}, assignment, fault)) {
        const std::size_t begin = answer.body.size();
        append_failure(snapshot_->id(Handle{i}), {"GENERAL", to_text(*why)}, answer.body);
        hashes[i] = hash_from(begin, answer.body);
        continue;
      }
    }
    hashes[i] = append_flag(Handle{i}, assignment, context, answer.body);
    answer.evaluations.push_back({Handle{i}, assignment.variant, assignment.reason});
    if (leaves_traces_[i]) leave_traces(Handle{i}, assignment, context, answer);
  }
  answer.body += ']';
  if (!options.stream_target.empty()) {
    // Without an origin, the client takes its own: right behind any proxy.
    answer.body += R"(,"eventStreams":[{"type":"sse","endpoint":{"requestUri":)" +
                   json_quoted(options.stream_target) + "}}]";
    hashes.back() = xxh3_64(options.stream_target);
  }
  answer.body += '}';
  answer.etag = etag_of(hashes);
  if (matches_any(options.if_none_match, answer.etag)) {
    answer.status = 304;
    answer.body.clear();
  }
  return answer;
}

}  // namespace assay::deliver
