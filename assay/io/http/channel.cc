#include "assay/io/http/channel.h"

#include <mutex>
#include <unordered_set>
#include <vector>

namespace assay::io::http {

struct Subscription::Hub {
  std::mutex mutex;
  std::unordered_set<Subscription*> members;
};

Subscription::~Subscription() {
  const std::scoped_lock lock(hub_->mutex);
  hub_->members.erase(this);
}

void Subscription::on_message(std::function<void()> wake) {
  bool is_behind = false;
  {
    const std::scoped_lock lock(hub_->mutex);
    wake_ = wake;
    is_behind = waiting_ != nullptr;
  }
  if (is_behind) wake();
}

SharedText Subscription::take() {
  const std::scoped_lock lock(hub_->mutex);
  return std::move(waiting_);
}

Channel::Channel(ChannelOptions options)
    : options_(options), hub_(std::make_shared<Subscription::Hub>()) {}

std::shared_ptr<Subscription> Channel::subscribe() {
  auto made = std::make_shared<Subscription>(hub_);
  const std::scoped_lock lock(hub_->mutex);
  if (hub_->members.size() >= options_.max_subscribers) return nullptr;
  hub_->members.insert(made.get());
  return made;
}

void Channel::publish(std::string message) {
  const auto text = std::make_shared<const std::string>(std::move(message));
  std::vector<std::function<void()>> wakes;
  {
    const std::scoped_lock lock(hub_->mutex);
    for (Subscription* member : hub_->members) {
      // Whoever is behind was woken for the message that this one replaces.
      if (member->waiting_ == nullptr && member->wake_) wakes.push_back(member->wake_);
      member->waiting_ = text;
    }
  }
  for (const auto& wake : wakes) wake();
}

std::size_t Channel::subscribers() const {
  const std::scoped_lock lock(hub_->mutex);
  return hub_->members.size();
}

}  // namespace assay::io::http
