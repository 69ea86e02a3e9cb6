// Events per second of M/M/1 stations side by side, arrivals of each and departures being the events, on one core.
//   sim_events [SECONDS [STATIONS...]]
//
// The first table is the queue of events alone: the same loop, with the same draws, on a std::priority_queue, on a heap
// with four children to a node, and on sim::EventQueue. A station is a counter here. The second is the simulator as it
// runs: sim::Engine, sim::Station, an arrival process and demands with a random stream each. Medians of rounds that
// take turns, SECONDS (0.3) each.
#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <tuple>
#include <vector>

#include <fmt/core.h>

#include "base/error.h"
#include "base/prefetch.h"
#include "base/ziggurat.h"
#include "bench/event_heaps.h"
#include "load/arrival_process.h"
#include "load/distribution.h"
#include "sim/alarm.h"
#include "sim/engine.h"
#include "sim/station.h"

namespace {

using namespace cats;
using namespace cats::bench;

constexpr double kServiceNs = 1e6;
constexpr double kLoad = 0.8;
constexpr int kRounds = 5;

template <class Queue>
class Counters {
 public:
  explicit Counters(std::size_t stations) : jobs_(stations), random_(1, "counters") {
    for (std::uint32_t i = 0; i < stations; ++i) queue_.push({gap(kServiceNs / kLoad), 0, i});
  }
  void run(std::uint64_t events) {
    sim::Event event;
    for (; events > 0 && queue_.pop_until(sim::EventQueue::kForever, event); --events) {
      std::uint32_t& jobs = jobs_[event.argument];
      if (event.handler == 0) {
        queue_.push({event.at_ns + gap(kServiceNs / kLoad), 0, event.argument});
        if (jobs++ > 0) continue;
      } else if (--jobs == 0) {
        continue;
      }
      queue_.push({event.at_ns + gap(kServiceNs), 1, event.argument});
    }
  }

 private:
  std::int64_t gap(double mean_ns) { return static_cast<std::int64_t>(mean_ns * standard_exponential(random_) + 0.5); }

  Queue queue_;
  std::vector<std::uint32_t> jobs_;
  RandomStream random_;
};

class Stations {
 public:
  explicit Stations(std::size_t count) : arrive_(*this), depart_(*this) {
    arrive_number_ = engine_.add(arrive_);
    depart_number_ = engine_.add(depart_);
    sites_.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      Site& site = sites_.emplace_back(i);
      engine_.at(*site.arrivals->next(), arrive_number_, i);
    }
  }
  void run(std::uint64_t events) {
    left_ = events;
    engine_.run_until(sim::Engine::kForever);
  }

 private:
  struct Site {
    explicit Site(std::uint32_t i)
        : arrivals(load::poisson_arrivals(kLoad * 1e9 / kServiceNs, RandomStream(1, fmt::format("arrivals/{}", i)))),
          demand(1, fmt::format("demand/{}", i)) {}
    void prefetch(bool again) const {
      if (again) {
        station.prefetch_more();
        cats::prefetch(arrivals.get());
      } else {
        station.prefetch();
        cats::prefetch(&alarm);
      }
    }
    sim::Station station{{}};
    sim::Alarm alarm;
    std::unique_ptr<load::ArrivalProcess> arrivals;
    RandomStream demand;
  };
  struct Arrive final : sim::EventHandler {
    explicit Arrive(Stations& s) : all(s) {}
    void on_event(std::uint32_t i) override { all.arrive(i); }
    void expect(std::uint32_t i, bool again) const override { all.sites_[i].prefetch(again); }
    Stations& all;
  };
  struct Depart final : sim::EventHandler {
    explicit Depart(Stations& s) : all(s) {}
    void on_event(std::uint32_t i) override { all.depart(i); }
    void expect(std::uint32_t i, bool again) const override { all.sites_[i].prefetch(again); }
    Stations& all;
  };

  void arrive(std::uint32_t i) {
    Site& site = sites_[i];
    site.station.arrive(engine_.now(), 0, load::duration_of_ns(kServiceNs * standard_exponential(site.demand)));
    follow(site, i);
    engine_.at(*site.arrivals->next(), arrive_number_, i);
    count();
  }
  void depart(std::uint32_t i) {
    Site& site = sites_[i];
    if (!site.alarm.rang(engine_, depart_number_, i)) return;
    site.station.depart(engine_.now());
    follow(site, i);
    count();
  }
  void follow(Site& site, std::uint32_t i) {
    if (const auto next = site.station.next_departure()) site.alarm.set(engine_, depart_number_, i, *next);
  }
  void count() {
    if (--left_ == 0) engine_.stop();
  }

  sim::Engine engine_;
  Arrive arrive_;
  Depart depart_;
  std::uint32_t arrive_number_ = 0;
  std::uint32_t depart_number_ = 0;
  std::vector<Site> sites_;
  std::uint64_t left_ = 0;
};

double cpu_time_s() {
  timespec used{};
  check(::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used), "read the CPU clock");
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

// Events per second, over rounds of about `seconds`.
template <class Loop>
class Contestant {
 public:
  explicit Contestant(std::size_t stations) : loop_(std::make_unique<Loop>(stations)) {
    loop_->run(10 * stations + 100'000);
  }
  void round(double seconds) {
    std::uint64_t events = 0;
    const double start = cpu_time_s();
    double passed = 0;
    for (; passed < seconds; passed = cpu_time_s() - start) {
      loop_->run(kBatch);
      events += kBatch;
    }
    rates_.push_back(static_cast<double>(events) / passed / 1e6);
  }
  double median() {
    std::sort(rates_.begin(), rates_.end());
    return rates_[rates_.size() / 2];
  }

 private:
  static constexpr std::uint64_t kBatch = 100'000;
  std::unique_ptr<Loop> loop_;
  std::vector<double> rates_;
};

template <class... Loops>
std::vector<double> compare(std::size_t stations, double seconds) {
  std::tuple<Contestant<Loops>...> all{Contestant<Loops>(stations)...};
  for (int round = 0; round < kRounds; ++round) std::apply([&](auto&... one) { (one.round(seconds), ...); }, all);
  return std::apply([](auto&... one) { return std::vector<double>{one.median()...}; }, all);
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 0.3;
  std::vector<std::size_t> sizes;
  for (int i = 2; i < argc; ++i) sizes.push_back(std::strtoull(argv[i], nullptr, 10));
  if (sizes.empty()) sizes = {3, 1000, 10'000, 100'000};
  if (!(seconds > 0) || std::find(sizes.begin(), sizes.end(), 0u) != sizes.end()) {
    fmt::print(stderr, "usage: sim_events [SECONDS > 0 [STATIONS > 0...]]\n");
    return 2;
  }
  fmt::print("million events per second, and as a multiple of the binary heap\n\n");
  fmt::print("{:>8}  {:>11}  {:>16}  {:>16}  {:>16}\n", "stations", "binary heap", "4-ary heap", "EventQueue",
             "simulator");
  for (const std::size_t stations : sizes) {
    const auto rates =
        compare<Counters<BinaryHeap>, Counters<FourAryHeap>, Counters<sim::EventQueue>, Stations>(stations, seconds);
    fmt::print("{:>8}  {:>11.1f}", stations, rates[0]);
    for (std::size_t i = 1; i < rates.size(); ++i) fmt::print("  {:>8.1f} ({:.2f}×)", rates[i], rates[i] / rates[0]);
    fmt::print("\n");
  }
  return 0;
}
