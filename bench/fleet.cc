// Simulating a fleet (sim/fleet) beside a plain loop of M/M/1 stations on a binary heap: events per second, arrivals
// and departures being the events, on one core.
//   sim_fleet [FLOWS [ALGORITHM]]        10 to 10 000 sites, FLOWS (2 000 000) each
//   sim_fleet FLOWS ALGORITHM SITES INGRESSES [INTERVAL_S]
//
// Demands of 10 ms and a load of 0.7 at every site. The first column is the fewest things that such a run can do: each
// station has its own Poisson arrivals, and nobody steers. Of a fleet, what updates, deliveries and decisions cost is
// in the time; they are no events here.
#include "sim/fleet/fleet.h"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <string>
#include <sys/resource.h>
#include <vector>

#include <fmt/core.h>

#include "base/error.h"
#include "base/ziggurat.h"
#include "bench/event_heaps.h"

namespace {

using namespace cats;

constexpr double kDemandS = 0.01;
constexpr double kLoad = 0.7;

double cpu_time_s() {
  timespec used{};
  check(::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used), "read the CPU clock");
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

// Million events per second.
double plain(std::size_t stations, std::uint64_t events) {
  bench::BinaryHeap queue;
  std::vector<std::uint32_t> jobs(stations);
  RandomStream random(1, "plain");
  const auto gap = [&](double mean_s) {
    return static_cast<std::int64_t>(1e9 * mean_s * standard_exponential(random) + 0.5);
  };
  for (std::uint32_t i = 0; i < stations; ++i) queue.push({gap(kDemandS / kLoad), 0, i});
  const double start = cpu_time_s();
  sim::Event event;
  for (std::uint64_t left = events; left > 0 && queue.pop_until(sim::EventQueue::kForever, event); --left) {
    std::uint32_t& here = jobs[event.argument];
    if (event.handler == 0) {
      queue.push({event.at_ns + gap(kDemandS / kLoad), 0, event.argument});
      if (here++ > 0) continue;
    } else if (--here == 0) {
      continue;
    }
    queue.push({event.at_ns + gap(kDemandS), 1, event.argument});
  }
  return static_cast<double>(events) / (cpu_time_s() - start) / 1e6;
}

struct Outcome {
  double events = 0;
  double cpu_s = 0;
  sim::fleet::Sums sums;
};

Outcome fleet(const std::string& algorithm, std::size_t sites, std::size_t ingresses, double flows, double interval_s) {
  sim::fleet::Settings settings;
  settings.sites.resize(sites);
  for (sim::fleet::Site& site : settings.sites) site.station.queue_limit = 1000;
  settings.ingresses.resize(ingresses);
  const double rate = kLoad / kDemandS * static_cast<double>(sites);
  for (sim::fleet::Ingress& ingress : settings.ingresses)
    ingress.arrivals = [rate, ingresses](RandomStream random) {
      return load::poisson_arrivals(rate / static_cast<double>(ingresses), random);
    };
  settings.demand = load::Distribution::exponential(kDemandS);
  settings.algorithm = algorithm;
  settings.updates.interval = from_seconds(interval_s);
  settings.updates.window = std::min(settings.updates.interval, Duration(std::chrono::milliseconds(100)));
  const double start = cpu_time_s();
  sim::fleet::Fleet fleet(settings, 1);
  fleet.run_until(Instant(from_seconds(flows / rate)));
  Outcome outcome{0, cpu_time_s() - start, fleet.sums()};
  outcome.events = static_cast<double>(outcome.sums.flows + outcome.sums.served());
  return outcome;
}

double peak_memory_mb() {
  rusage usage{};
  check(::getrusage(RUSAGE_SELF, &usage), "read what the process used");
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

void one_run(const std::string& algorithm, std::size_t sites, std::size_t ingresses, double flows, double interval_s) {
  const Outcome outcome = fleet(algorithm, sites, ingresses, flows, interval_s);
  const sim::fleet::Sums& sums = outcome.sums;
  fmt::print("{} sites, {} ingresses, {}, T = {} s: {} flows in {:.1f} s of CPU time, {:.0f} MB\n", sites, ingresses,
             algorithm, interval_s, sums.flows, outcome.cpu_s, peak_memory_mb());
  fmt::print("{:.1f} million events/s; {} updates delivered, {} decisions, {:.1f} s simulated\n",
             outcome.events / outcome.cpu_s / 1e6, sums.updates_delivered, sums.decisions, to_seconds(sums.time));
  fmt::print("latency {:.1f} ms (p99 {:.1f}), refused {}, bias {:.3f}, peak {:.2f}\n", 1e3 * sums.mean_latency_s(),
             to_ms(sums.latency.percentile(0.99)), sums.refused, evenness_offered(sums).bias, sums.peak_offered);
}

}  // namespace

int main(int argc, char** argv) {
  const double flows = argc > 1 ? std::atof(argv[1]) : 2e6;
  const std::string algorithm = argc > 2 ? argv[2] : "ecmp";
  const std::size_t sites = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 10;
  const std::size_t ingresses = argc > 4 ? std::strtoull(argv[4], nullptr, 10) : 1;
  const double interval_s = argc > 5 ? std::atof(argv[5]) : 1;
  if (!(flows > 0 && interval_s > 0) || sites == 0 || ingresses == 0 || argc == 4 ||
      cpsel::find_algorithm(algorithm) == nullptr) {
    fmt::print(stderr, "usage: sim_fleet [FLOWS [ALGORITHM [SITES INGRESSES [INTERVAL_S]]]]\n");
    return 2;
  }
  if (argc > 3) {
    one_run(algorithm, sites, ingresses, flows, interval_s);
    return 0;
  }
  fmt::print("million events per second of CPU time; {}, T = 1 s\n\n{:>6}  {:>9}  {:>10}  {:>15}\n", algorithm, "sites",
             "ingresses", "plain heap", "fleet");
  for (const std::size_t size : {10, 100, 1000, 10'000}) {
    const std::size_t doors = std::clamp<std::size_t>(size / 100, 1, 100);
    const double heap = plain(size, static_cast<std::uint64_t>(2 * flows));
    const Outcome outcome = fleet(algorithm, size, doors, flows, 1);
    const double rate = outcome.events / outcome.cpu_s / 1e6;
    fmt::print("{:>6}  {:>9}  {:>10.1f}  {:>7.1f} ({:.2f}×)\n", size, doors, heap, rate, rate / heap);
  }
  return 0;
}
