// The simulator beside ns-3 on the same network of M/M/2 stations (bench/mmc_network.h): events per second, arrivals
// and departures being the events, on one core.
//   sim_ns3 [EVENTS [STATIONS...]]
//
// The same draws go to the simulator and to ns-3 with three of its schedulers, so they must take the same course: if
// counts or the sum of all sojourns differ by one nanosecond the program says so and fails. The last column is ns-3 as
// one writes it, with its default scheduler and its own random variables. Of ns-3 its core alone is used: a station is
// a counter and a queue, far less than one of the simulator's (sim/station.h), and nothing is a packet. Medians of
// rounds that take turns, EVENTS (2 000 000) each or 10 per station if that is more, and as many again per station
// before the clock starts.
#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/core.h>
#include <ns3/object-factory.h>
#include <ns3/random-variable-stream.h>
#include <ns3/simulator.h>

#include "base/error.h"
#include "base/prefetch.h"
#include "bench/mmc_network.h"
#include "sim/alarm.h"
#include "sim/engine.h"
#include "sim/ring.h"
#include "sim/station.h"
#include "tests/sim/closed_forms.h"

namespace {

using namespace cats;
using namespace cats::bench;

constexpr int kRounds = 3;
// ns-3's event queues; its default is the first. Not among them: a list, and the calendar, which takes minutes for a
// round of 100 000 stations.
constexpr const char* kMap = "ns3::MapScheduler";
constexpr const char* kHeap = "ns3::HeapScheduler";
constexpr const char* kPriorityQueue = "ns3::PriorityQueueScheduler";

class Ours {
 public:
  explicit Ours(std::size_t stations) : outside_(*this), link_(*this), departure_(*this) {
    sites_.reserve(stations);
    for (std::size_t i = 0; i < stations; ++i) sites_.emplace_back(shared_, i);
    begin(*this, stations);
  }
  Course run_until(std::int64_t end_ns) {
    engine_.run_until(from_ns(end_ns));
    return course_.until(end_ns);
  }

  void arrive(std::uint32_t i) {
    Site& site = sites_[i];
    course_.arrive(to_ns(engine_.now()));
    site.station.arrive(engine_.now(), 0, Duration(site.draws.demand_ns()));
    follow(site, i);
  }
  void after(std::int64_t ns, std::uint32_t i) { engine_.at(engine_.now() + Duration(ns), link_.number, i); }
  void after_gap(std::uint32_t i) {
    engine_.at(engine_.now() + Duration(sites_[i].draws.gap_ns()), outside_.number, i);
  }

 private:
  struct Site {
    Site(StreamDraws::Shared& shared, std::size_t i) : draws(shared, i) {}
    void expect(bool again) const {
      if (again) return station.prefetch_more();
      station.prefetch();
      prefetch(&alarm);
      draws.prefetch();
    }
    sim::Station station{{.workers = kWorkers, .capacity = {.cores = kWorkers}}};
    sim::Alarm alarm;
    StreamDraws draws;
  };
  template <void (Ours::*kHandle)(std::uint32_t)>
  struct Handler final : sim::EventHandler {
    explicit Handler(Ours& o) : ours(o), number(o.engine_.add(*this)) {}
    void on_event(std::uint32_t i) override { (ours.*kHandle)(i); }
    void expect(std::uint32_t i, bool again) const override { ours.sites_[i].expect(again); }
    Ours& ours;
    std::uint32_t number;
  };

  void from_outside(std::uint32_t i) {
    arrive(i);
    after_gap(i);
  }
  void depart(std::uint32_t i) {
    Site& site = sites_[i];
    if (!site.alarm.rang(engine_, departure_.number, i)) return;
    const sim::Job job = site.station.depart(engine_.now());
    follow(site, i);
    course_.depart(to_ns(engine_.now()), to_ns(job.arrived));
    const std::uint32_t next = next_station(site.draws.route(), sites_.size());
    if (next < sites_.size()) after(kLinkNs, next);
  }
  void follow(Site& site, std::uint32_t i) {
    if (const auto next = site.station.next_departure()) site.alarm.set(engine_, departure_.number, i, *next);
  }

  StreamDraws::Shared shared_;
  sim::Engine engine_;
  Handler<&Ours::from_outside> outside_;
  Handler<&Ours::arrive> link_;
  Handler<&Ours::depart> departure_;
  std::vector<Site> sites_;
  Course course_;
};

// ns-3's generator, a variable for each purpose.
class Ns3Draws {
 public:
  struct Shared {
    ns3::Ptr<ns3::ExponentialRandomVariable> exponential =
        ns3::CreateObject<ns3::ExponentialRandomVariable>();  // mean 1
    ns3::Ptr<ns3::UniformRandomVariable> uniform = ns3::CreateObject<ns3::UniformRandomVariable>();
  };
  Ns3Draws(Shared& shared, std::size_t) : shared_(&shared) {}

  std::int64_t gap_ns() { return static_cast<std::int64_t>(kGapNs * shared_->exponential->GetValue() + 0.5); }
  std::int64_t demand_ns() { return static_cast<std::int64_t>(kServiceNs * shared_->exponential->GetValue() + 0.5); }
  double route() { return shared_->uniform->GetValue(); }

 private:
  Shared* shared_;
};

// ns-3's simulator is one for the whole process: there may be one of these at a time. Its time steps are nanoseconds.
template <class Draws>
class Ns3 {
 public:
  Ns3(std::size_t stations, const char* scheduler, std::int64_t warm_ns, std::int64_t end_ns) {
    ns3::Simulator::SetScheduler(ns3::ObjectFactory(scheduler));
    // Before anything else of the same time, so that all of the last nanosecond is handled.
    for (const std::int64_t stop : {warm_ns, end_ns})
      ns3::Simulator::Stop(ns3::TimeStep(static_cast<std::uint64_t>(stop) + 1));
    sites_.reserve(stations);
    for (std::size_t i = 0; i < stations; ++i) sites_.emplace_back(shared_, i);
    begin(*this, stations);
  }
  ~Ns3() { ns3::Simulator::Destroy(); }
  Ns3(const Ns3&) = delete;
  Ns3& operator=(const Ns3&) = delete;

  Course run_until(std::int64_t end_ns) {
    ns3::Simulator::Run();
    return course_.until(end_ns);
  }

  void arrive(std::uint32_t i) {
    Site& site = sites_[i];
    const std::int64_t now = now_ns();
    course_.arrive(now);
    const std::int64_t work = site.draws.demand_ns();
    if (site.busy == kWorkers) {
      site.waiting.push({now, work});
      return;
    }
    ++site.busy;
    schedule(work, &Ns3::depart, i, now);
  }
  void after(std::int64_t ns, std::uint32_t i) { schedule(ns, &Ns3::arrive, i); }
  void after_gap(std::uint32_t i) { schedule(sites_[i].draws.gap_ns(), &Ns3::from_outside, i); }

 private:
  struct Waiting {
    std::int64_t arrived_ns;
    std::int64_t work_ns;
  };
  struct Site {
    Site(typename Draws::Shared& shared, std::size_t i) : draws(shared, i) {}
    sim::Ring<Waiting> waiting;
    std::uint32_t busy = 0;
    Draws draws;
  };

  static std::int64_t now_ns() { return ns3::Simulator::Now().GetTimeStep(); }
  template <class... Parameters, class... Arguments>
  void schedule(std::int64_t ns, void (Ns3::*handle)(Parameters...), Arguments... arguments) {
    ns3::Simulator::Schedule(ns3::TimeStep(static_cast<std::uint64_t>(ns)), handle, this, arguments...);
  }

  void from_outside(std::uint32_t i) {
    arrive(i);
    after_gap(i);
  }
  void depart(std::uint32_t i, std::int64_t arrived_ns) {
    Site& site = sites_[i];
    course_.depart(now_ns(), arrived_ns);
    if (site.waiting.empty()) {
      --site.busy;
    } else {
      const Waiting next = site.waiting.pop();
      schedule(next.work_ns, &Ns3::depart, i, next.arrived_ns);
    }
    const std::uint32_t next = next_station(site.draws.route(), sites_.size());
    if (next < sites_.size()) after(kLinkNs, next);
  }

  typename Draws::Shared shared_;
  std::vector<Site> sites_;
  Course course_;
};

double cpu_time_s() {
  timespec used{};
  check(::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used), "read the CPU clock");
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

struct Span {
  std::int64_t warm_ns;
  std::int64_t end_ns;
};
struct Measured {
  Course course;
  double rate = 0;  // million events per second of CPU time
};

template <class Network>
Measured measure(Network& network, const Span& span) {
  const Course before = network.run_until(span.warm_ns);
  const double start = cpu_time_s();
  const Course after = network.run_until(span.end_ns);
  const double passed = cpu_time_s() - start;
  const Course course = after - before;
  return {course, static_cast<double>(course.events()) / passed / 1e6};
}

struct Contestant {
  const char* name;
  const char* scheduler;  // of ns-3; nullptr: ours
  bool same_draws;
  std::vector<Measured> rounds = {};

  void round(std::size_t stations, const Span& span) {
    if (scheduler == nullptr) {
      Ours network(stations);
      rounds.push_back(measure(network, span));
    } else if (same_draws) {
      Ns3<StreamDraws> network(stations, scheduler, span.warm_ns, span.end_ns);
      rounds.push_back(measure(network, span));
    } else {
      Ns3<Ns3Draws> network(stations, scheduler, span.warm_ns, span.end_ns);
      rounds.push_back(measure(network, span));
    }
  }
  double median() const {
    std::vector<double> rates;
    for (const Measured& one : rounds) rates.push_back(one.rate);
    std::sort(rates.begin(), rates.end());
    return rates[rates.size() / 2];
  }
};

// Throws std::runtime_error when two that drew the same took different courses.
std::vector<Contestant> compare(std::size_t stations, double events) {
  const double per_ns = 2 * kArrivalsPerNs * static_cast<double>(stations);
  const double least = 10 * static_cast<double>(stations);
  const auto warm_ns = static_cast<std::int64_t>(least / per_ns);
  const Span span{warm_ns, warm_ns + static_cast<std::int64_t>(std::max(events, least) / per_ns)};
  std::vector<Contestant> all{{"simulator", nullptr, true},
                              {"map", kMap, true},
                              {"heap", kHeap, true},
                              {"priority queue", kPriorityQueue, true},
                              {"map, its draws", kMap, false}};
  for (int round = 0; round < kRounds; ++round)
    for (Contestant& one : all) one.round(stations, span);
  const Course& course = all.front().rounds.front().course;
  for (const Contestant& one : all)
    for (const Measured& measured : one.rounds)
      if (one.same_draws && measured.course != course)
        throw std::runtime_error(fmt::format(
            "{} stations: with {} {} departures and {} ns of sojourns, with the simulator {} and {}, of the same draws",
            stations, one.name, measured.course.departures, measured.course.sojourn_ns, course.departures,
            course.sojourn_ns));
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  const double events = argc > 1 ? std::atof(argv[1]) : 2e6;
  std::vector<std::size_t> sizes;
  for (int i = 2; i < argc; ++i) sizes.push_back(std::strtoull(argv[i], nullptr, 10));
  if (sizes.empty()) sizes = {3, 1000, 10'000, 100'000};
  if (!(events > 0) || std::find(sizes.begin(), sizes.end(), 0u) != sizes.end()) {
    fmt::print(stderr, "usage: sim_ns3 [EVENTS > 0 [STATIONS > 0...]]\n");
    return 2;
  }
  const double exact = 1e3 * sim::test::mmc_wait(kWorkers, kArrivalsPerNs * 1e9, 1e9 / kServiceNs) + kServiceNs / 1e6;
  fmt::print("M/M/{} at {:.0f} %: mean sojourn by Erlang C {:.3f} ms\n", kWorkers, 100 * kOffered / kWorkers, exact);
  fmt::print("million events per second; simulator ÷ ns-3; mean sojourn (ms)\n\n");
  try {
    for (const std::size_t stations : sizes) {
      const std::vector<Contestant> all = compare(stations, events);
      const double ours = all.front().median();
      fmt::print("{} stations, {} events\n", stations, all.front().rounds.front().course.events());
      for (const Contestant& one : all)
        fmt::print("  {:<22}  {:>6.2f}  {:>8}  {:.3f}\n",
                   one.scheduler == nullptr ? std::string(one.name) : fmt::format("ns-3, {}", one.name), one.median(),
                   one.scheduler == nullptr ? "" : fmt::format("{:.1f}×", ours / one.median()),
                   mean_sojourn_ms(one.rounds.front().course));
    }
  } catch (const std::exception& e) {
    fmt::print(stderr, "sim_ns3: {}\n", e.what());
    return 1;
  }
  return 0;
}
