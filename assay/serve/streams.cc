#include "assay/serve/streams.h"

#include <fmt/format.h>

#include "assay/base/hash.h"

namespace assay::serve {
namespace {

using io::http::Request;
using io::http::Response;

// Longer than a client takes from its fetch to its stream.
constexpr std::int64_t kRecentSeconds = 30;

Response too_many() {
  return io::http::failure({Code::kUnavailable, "too many event streams are open",
                            "ask again later, or let clients poll with If-None-Match"});
}

Response event_stream(std::shared_ptr<io::http::Subscription> stream, std::string beginning) {
  Response response{.content_type = "text/event-stream", .body = std::move(beginning)};
  response.headers.emplace_back("Cache-Control", "no-store");
  // A proxy (nginx) that gathers a long answer first would keep every notice to itself.
  response.headers.emplace_back("X-Accel-Buffering", "no");
  response.stream = std::move(stream);
  return response;
}

struct Features {
  std::string json;
  std::size_t left_out = 0;
};

Features features_of(const View& view, Timestamp now) {
  Features features;
  std::vector<assign::Running> told;
  for (const assign::Running* one : running_of(view.experiments)) {
    if (deliver::why_not_growthbook(one->plan).empty()) {
      told.push_back(*one);
    } else {
      ++features.left_out;
    }
  }
  features.json = fmt::format(R"({{"status":200,"features":{},"dateUpdated":"{}"}})",
                              deliver::growthbook_payload(told).features_json, to_text(now));
  return features;
}

std::string features_event(const std::string& payload) {
  return "event: features\ndata: " + payload + "\n\n";
}

}  // namespace

std::string flag_state(const View& view) {
  const assign::Snapshot& snapshot = view.served->ofrep.snapshot();
  std::string text;
  for (const auto& one : view.experiments) {
    const auto handle = snapshot.find(one->record.id);
    if (!handle) continue;
    text += fmt::format("{} {} {} {}\n", one->record.id, snapshot.version(*handle),
                        snapshot.epoch(*handle), one->is_running());
  }
  return fmt::format("{:016x}", xxh3_64(text));
}

void Streams::changed(const View& view, Timestamp now) {
  std::string state = flag_state(view);
  {
    const std::scoped_lock lock(mutex_);
    if (state == state_) return;
  }
  // Written before others have to wait for it.
  Features features = features_of(view, now);
  const std::scoped_lock lock(mutex_);
  const bool is_first = state_.empty();
  state_ = std::move(state);
  notice_ = fmt::format(
      "id: {0}\ndata: {{\"type\":\"refetchEvaluation\",\"etag\":\"{0}\",\"lastModified\":{1}}}\n\n",
      state_, now.micros / kMicrosPerSecond);
  growthbook_json_ = std::move(features.json);
  left_out_ = features.left_out;
  // Also at a start: who fetched from the process before may have missed its last change.
  changed_at_ = now;
  if (is_first) return;
  notices_.publish(notice_);
  features_.publish(features_event(growthbook_json_));
}

Response Streams::open_notices(const Request& request, Timestamp now) {
  auto stream = notices_.subscribe();
  if (!stream) return too_many();
  const std::scoped_lock lock(mutex_);
  const auto seen = request.header("last-event-id");
  const bool is_behind =
      seen ? *seen != state_ : now.micros - changed_at_.micros < kRecentSeconds * kMicrosPerSecond;
  // An event without data only says where the reader stands.
  return event_stream(std::move(stream),
                      "retry: 3000\n" + (is_behind ? notice_ : "id: " + state_ + "\n\n"));
}

Response Streams::growthbook_features(const Request& request) const {
  Response response;
  {
    const std::scoped_lock lock(mutex_);
    response.body = growthbook_json_;
    response.headers.emplace_back("X-Assay-Left-Out", std::to_string(left_out_));
  }
  response.headers.emplace_back("X-SSE-Support", "enabled");
  response.headers.emplace_back("Cache-Control", "no-cache");
  const std::string etag = io::http::etag_of(response.body);
  return io::http::with_etag(request, std::move(response), etag);
}

// The SDK has just fetched, or lost its stream: either way it gets the payload as it is now.
Response Streams::open_growthbook() {
  auto stream = features_.subscribe();
  if (!stream) return too_many();
  const std::scoped_lock lock(mutex_);
  return event_stream(std::move(stream), "retry: 3000\n" + features_event(growthbook_json_));
}

}  // namespace assay::serve
