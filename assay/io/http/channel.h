// Channel: one source of messages for many connections that stay open (server-sent events).
//
//   Channel channel({.max_subscribers = 1000});
//   router.add("GET", "/events", [&](Request, Respond respond) {
//     auto stream = channel.subscribe();
//     if (!stream) return respond(failure({Code::kUnavailable, "too many streams", "…"}));
//     respond({.content_type = "text/event-stream", .body = "retry: 3000\n\n",
//              .stream = std::move(stream)});
//   });
//   channel.publish("data: changed\n\n");
//
// Each message replaces the one before: a reader that is behind gets the newest only. So a slow
// reader holds at most the message on its way and one more, both shared with all others; whoever
// does not take a message within the server's write_timeout is cut off. Publishing never waits. Any
// thread; the channel may end before its subscriptions do.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace assay::io::http {

using SharedText = std::shared_ptr<const std::string>;

// One connection's place in a channel; giving it up makes room for another.
class Subscription {
 public:
  struct Hub;
  explicit Subscription(std::shared_ptr<Hub> hub) : hub_(std::move(hub)) {}
  ~Subscription();
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;

  // For the connection. `wake` is called from the publishing thread when there is a message, at
  // once if one is waiting; it must not block or publish.
  void on_message(std::function<void()> wake);
  SharedText take();  // The newest message that was not taken yet; null when there is none.

 private:
  friend class Channel;
  std::shared_ptr<Hub> hub_;
  std::function<void()> wake_;  // This and the next by the hub's mutex.
  SharedText waiting_;
};

struct ChannelOptions {
  std::size_t max_subscribers = 1000;
};

class Channel {
 public:
  explicit Channel(ChannelOptions options = {});

  std::shared_ptr<Subscription> subscribe();  // Null when all places are taken.
  void publish(std::string message);
  std::size_t subscribers() const;

 private:
  ChannelOptions options_;
  std::shared_ptr<Subscription::Hub> hub_;
};

}  // namespace assay::io::http
