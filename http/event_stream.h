// Server-sent events (WHATWG HTML, section 9.2): what a server keeps of a feed so that subscribers can resume it, and
// how a subscriber reads it. No I/O.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cats::http {

// The latest events of a feed. Ids are "INCARNATION-NUMBER": a server that was started anew has another incarnation, so
// that what a subscriber had seen of the one before is not taken for its own. Not thread-safe.
class EventFeed {
 public:
  // Data of an event `snapshot`, which stands for all events so far: for a subscriber that names none as its last, one
  // of another incarnation, or one from before those that are kept.
  using Snapshot = std::function<std::string()>;

  EventFeed(std::string incarnation, std::size_t keep, Snapshot snapshot)
      : incarnation_(std::move(incarnation)), keep_(keep), snapshot_(std::move(snapshot)) {}

  // One line of text each. Wakes those that wait.
  void publish(std::string_view name, std::string_view data);

  struct Position {
    std::uint64_t number = 0;  // of the last event that the subscriber has
    bool known = false;        // false: it has nothing, and gets the snapshot
  };
  // Of a `Last-Event-ID`; any other text: nothing.
  Position position(std::string_view last_event_id) const;

  // What follows, as it is sent, at most about `limit` octets; the position moves on. Empty: nothing new.
  std::string next(Position& position, std::size_t limit = 64 * 1024) const;

  // Called once after the next publish(). Returns a ticket to take it back with.
  std::uint64_t wait(std::function<void()> wake);
  void forget(std::uint64_t ticket);
  std::size_t waiting() const { return waiting_.size(); }

 private:
  struct Waiting {
    std::uint64_t ticket;
    std::function<void()> wake;
  };

  std::string message(std::uint64_t number, std::string_view name, std::string_view data) const;

  std::string incarnation_;
  std::size_t keep_;
  Snapshot snapshot_;
  std::uint64_t last_ = 0;          // number of the latest event
  std::deque<std::string> latest_;  // as sent; the back one is number last_
  std::vector<Waiting> waiting_;
  std::uint64_t tickets_ = 0;
};

struct StreamEvent {
  std::string name = "message";
  std::string data;
  std::string id;  // the last one that the stream named
};

// Octets in, events out.
class EventParser {
 public:
  static constexpr std::size_t kLongest = 16 * 1024 * 1024;  // octets of one event

  // Nothing when an event is longer than kLongest: the stream is of no more use.
  std::optional<std::vector<StreamEvent>> read(std::string_view octets);

  const std::string& last_event_id() const { return id_; }
  // A new connection begins; the last id stays.
  void reset();

 private:
  void line(std::string_view text, std::vector<StreamEvent>& events);

  std::string line_;
  bool after_cr_ = false;
  bool first_line_ = true;
  StreamEvent event_;
  bool has_data_ = false;
  std::string id_;
};

}  // namespace cats::http
