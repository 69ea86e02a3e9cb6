// What sites tell, on its way to many receivers: routers with their batch windows. Every update is kept once, until the
// last receiver has read it; a receiver costs an event per window, not per update.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "sim/engine.h"
#include "sim/fleet/handler.h"

namespace cats::sim::fleet {

struct Update {
  enum class Kind : std::uint8_t {
    metric,    // the load at the end of a window; the site is announced
    announce,  // it is there, and has not told a load
    withdraw,
  };
  Instant sent;
  Instant window_end;
  double load = 0;
  std::uint32_t site = 0;
  Kind kind = Kind::metric;
};

class Feed {
 public:
  struct Receiver {
    Duration delay;  // of every update to it
    Duration batch;
  };
  // At the end of a window; perhaps nothing is left of it. At most one update of a site, the newest, in no order that
  // means anything.
  using Heard = std::function<void(std::uint32_t receiver, std::span<const Update> updates)>;
  struct Counts {
    std::uint64_t delivered = 0;  // updates times receivers
    std::uint64_t replaced = 0;   // by a newer one before the window ended
    std::uint64_t lost = 0;
  };

  // `loss`: the share of metric updates to each receiver that is lost, drawn from a stream per receiver, "NAME/i".
  Feed(Engine& engine, std::size_t sites, std::vector<Receiver> receivers, double loss, std::uint64_t seed,
       std::string_view name, Heard heard);

  // Its `sent` is now.
  void publish(const Update& update);
  const Counts& counts() const { return counts_; }
  std::size_t kept() const { return log_.size() - first_; }

 private:
  struct Way {
    Receiver receiver;
    RandomStream loss;
    std::uint64_t next = 0;  // number of the first update that has not arrived
  };

  const Update& update(std::uint64_t number) const { return log_[first_ + (number - dropped_)]; }
  std::uint64_t end() const { return dropped_ + (log_.size() - first_); }
  void open_window(std::uint32_t receiver, const Update& update);
  void end_window(std::uint32_t receiver);
  void collect(Way& way, std::uint64_t end);
  void drop_read();

  Engine& engine_;
  double loss_;
  Heard heard_;
  std::vector<Way> ways_;
  std::vector<std::uint32_t> idle_;  // receivers to whom nothing is on the way
  std::vector<Update> log_;          // from first_ on, ascending by `sent`
  std::size_t first_ = 0;
  std::uint64_t dropped_ = 0;        // number of log_[first_]
  std::vector<std::uint64_t> seen_;  // by site: the window that last had it
  std::uint64_t windows_ = 0;
  std::vector<Update> batch_;
  Counts counts_;
  Handler<Feed, &Feed::end_window> window_ended_;
};

}  // namespace cats::sim::fleet
