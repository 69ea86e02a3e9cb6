// A speaker that writes down what it hears, and an io_context that runs until something is true.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "bgp/speaker.h"

namespace cats::bgp::test {

using namespace std::chrono_literals;

template <class Predicate>
bool run_until(boost::asio::io_context& io, Duration limit, Predicate&& predicate) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!predicate()) {
    if (std::chrono::steady_clock::now() >= deadline) {
      return false;
    }
    io.restart();
    io.run_one_for(std::chrono::milliseconds(20));
  }
  return true;
}

struct Heard {
  Instant received;
  DecodedUpdate decoded;
  Bytes raw;
};

class Recorder {
 public:
  explicit Recorder(boost::asio::io_context& io, SpeakerConfig config)
      : speaker_(std::make_unique<Speaker>(io, std::move(config), callbacks())) {}

  Speaker& operator*() { return *speaker_; }
  Speaker* operator->() { return speaker_.get(); }
  bool established() const { return speaker_->state() == SessionState::established; }
  void destroy() { speaker_.reset(); }

  // The latest route for a prefix: null when it was never announced or is withdrawn.
  const Heard* route(const std::string& prefix, std::uint32_t path_id = 0) const {
    const Nlri wanted{IpPrefix::of(prefix), path_id};
    const Heard* found = nullptr;
    for (const Heard& one : updates) {
      const RouteChanges changes = route_changes(one.decoded);
      for (const auto& announced : changes.announced) {
        found = announced.nlri == wanted ? &one : found;
      }
      for (const Nlri& withdrawn : changes.withdrawn) {
        found = withdrawn == wanted ? nullptr : found;
      }
    }
    return found;
  }

  std::vector<std::pair<SessionState, std::string>> states;
  std::vector<Heard> updates;
  std::vector<std::pair<Notification, bool>> notifications;
  std::vector<Established> sessions;
  int drained = 0;
  bool keep_updates = true;
  std::size_t update_count = 0;

 private:
  SpeakerCallbacks callbacks() {
    SpeakerCallbacks all;
    all.on_state = [this](SessionState state, const std::string& why) { states.emplace_back(state, why); };
    all.on_established = [this](const Established& up) { sessions.push_back(up); };
    all.on_update = [this](Instant received, const DecodedUpdate& decoded, ByteView raw) {
      ++update_count;
      if (keep_updates) {
        updates.push_back({received, decoded, to_bytes(raw)});
      }
    };
    all.on_notification = [this](const Notification& notification, bool sent) {
      notifications.emplace_back(notification, sent);
    };
    all.on_drained = [this] { ++drained; };
    return all;
  }

  std::unique_ptr<Speaker> speaker_;
};

}  // namespace cats::bgp::test
