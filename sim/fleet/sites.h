// The sites of a fleet: stations that serve flows, and the metric that each tells of itself, window by window.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/histogram.h"
#include "sim/alarm.h"
#include "sim/engine.h"
#include "sim/fleet/feed.h"
#include "sim/fleet/handler.h"
#include "sim/fleet/settings.h"
#include "sim/fleet/sums.h"
#include "sim/station.h"

namespace cats::sim::fleet {

// Who wants to know what became of each flow.
class FlowEnds {
 public:
  virtual ~FlowEnds() = default;
  // It is the engine's now; the site no longer has the flow.
  virtual void served(std::uint32_t site, const Job& flow) = 0;
  // A site has failed, and these are lost with it.
  virtual void failed(std::uint32_t site, std::span<const Job> flows) = 0;
};

class Sites final : private EventHandler {
 public:
  // `publish` gets what sites tell. All are announced and idle at first, which nobody needs to be told. The settings
  // outlive this.
  Sites(Engine& engine, const Settings& settings, std::uint64_t seed, std::function<void(const Update&)> publish);
  Sites(const Sites&) = delete;
  Sites& operator=(const Sites&) = delete;

  // What an idle one tells.
  static double idle_load(const Metric& metric, const Site& site);

  std::size_t size() const { return sites_.size(); }

  // Of every flow that a site takes from now on. It must stay.
  void tell_ends(FlowEnds& listener) { ends_ = &listener; }

  // A new flow of so much CPU time; `tag` is its Job's. Whether the site took it: it may be down, or its queue full.
  bool arrive(std::uint32_t site, Duration work, std::uint64_t tag = 0) {
    One& one = sites_[site];
    ++one.flows;
    one.offered_ns += static_cast<std::uint64_t>(work.count());
    if (one.down) [[unlikely]] {
      ++one.lost;
      return false;
    }
    const auto admission = one.station.arrive(engine_.now(), tag, work);
    follow(one, site);
    return admission != Station::Admission::refused;
  }
  void prefetch(std::uint32_t site) const {
    sites_[site].station.prefetch();
    cats::prefetch(&sites_[site].alarm);
  }

  void fail(std::uint32_t site);  // jobs are lost, and flows that still come
  void come_back(std::uint32_t site);
  bool down(std::uint32_t site) const { return sites_[site].down; }
  // Whether it is announced, which is told when it changes.
  void announce(std::uint32_t site, bool on);

  SiteCounts counts(std::uint32_t site) const;                                            // since the beginning
  std::uint64_t active(std::uint32_t site) const { return sites_[site].station.jobs(); }  // flows there now

  std::uint64_t updates_sent() const { return updates_; }
  // Of flows that were served since forget_latencies(): arrival at the site to its end there.
  const Histogram& latency() const { return latency_; }
  double latency_sum_s() const { return latency_sum_s_; }
  void forget_latencies();

 private:
  // What an arrival and a departure touch lies together; the last line is for windows.
  struct alignas(64) One {
    explicit One(const Station::Settings& settings) : station(settings) {}
    Station station;
    Alarm alarm;
    std::uint64_t flows = 0;
    std::uint64_t offered_ns = 0;
    std::uint64_t lost = 0;  // while it is down
    bool down = false;
    bool announced = true;
    bool window_open = false;
    Instant window_begin;
    double cpu_before_s = 0;  // used when the window began
    double told_load = 0;
    bool load_told = true;  // since it was announced
    Instant told_at;
  };

  void follow(One& one, std::uint32_t site) {
    if (const auto next = one.station.next_departure()) one.alarm.set(engine_, depart_, site, *next);
  }
  void on_event(std::uint32_t site) override;  // a departure may be due
  void expect(std::uint32_t site, bool again) const override {
    if (again)
      sites_[site].station.prefetch_more();
    else
      prefetch(site);
  }
  void sample(std::uint32_t site);
  void end_window(One& one, std::uint32_t site);
  bool worth_telling(const One& one, double load) const;
  void tell(std::uint32_t site, Update::Kind kind, double load = 0);

  Engine& engine_;
  const Settings& settings_;
  std::function<void(const Update&)> publish_;
  std::vector<One> sites_;
  Histogram latency_;
  double latency_sum_s_ = 0;
  std::uint64_t updates_ = 0;
  FlowEnds* ends_ = nullptr;
  std::uint32_t depart_;  // number of this handler
  Handler<Sites, &Sites::sample> sample_;
};

}  // namespace cats::sim::fleet
