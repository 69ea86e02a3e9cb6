// The network that bench/sim_ns3 gives to simulators: M/M/c stations side by side, each with Poisson arrivals from
// outside; of the jobs that a station has served a share goes on to a station drawn at random, over a link of fixed
// delay, and the others leave. An open network of Jackson's, so each station is M/M/c by itself: Erlang C says how long
// a job is there.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <fmt/format.h>

#include "base/prefetch.h"
#include "base/random.h"
#include "base/ziggurat.h"

namespace cats::bench {

inline constexpr std::uint32_t kWorkers = 2;
inline constexpr double kServiceNs = 1e6;                        // mean, exponential
inline constexpr double kOffered = 0.8 * kWorkers;               // busy workers, mean
inline constexpr double kArrivalsPerNs = kOffered / kServiceNs;  // at each station
inline constexpr double kOnward = 0.5;                           // share that goes on
inline constexpr std::int64_t kLinkNs = 1'000'000;
inline constexpr double kGapNs = 1 / (kArrivalsPerNs * (1 - kOnward));  // of arrivals from outside

// What two runs of the same draws have in common, to the nanosecond.
struct Course {
  std::uint64_t arrivals = 0;
  std::uint64_t departures = 0;
  std::uint64_t sojourn_ns = 0;  // of the jobs that departed
  std::uint64_t jobs_ns = 0;     // integral of the number of jobs at stations over time, modulo 2^64

  // Jobs that are there now have been since they arrived.
  void arrive(std::int64_t now_ns) {
    ++arrivals;
    jobs_ns -= static_cast<std::uint64_t>(now_ns);
  }
  void depart(std::int64_t now_ns, std::int64_t arrived_ns) {
    ++departures;
    sojourn_ns += static_cast<std::uint64_t>(now_ns - arrived_ns);
    jobs_ns += static_cast<std::uint64_t>(now_ns);
  }
  Course until(std::int64_t end_ns) const {
    Course course = *this;
    course.jobs_ns += (arrivals - departures) * static_cast<std::uint64_t>(end_ns);
    return course;
  }
  std::uint64_t events() const { return arrivals + departures; }
  bool operator==(const Course&) const = default;
};

inline Course operator-(const Course& a, const Course& b) {
  return {a.arrivals - b.arrivals, a.departures - b.departures, a.sojourn_ns - b.sojourn_ns, a.jobs_ns - b.jobs_ns};
}

// By Little's law: jobs that were there before the course began, or are at its end, do no harm.
inline double mean_sojourn_ms(const Course& course) {
  return static_cast<double>(course.jobs_ns) / static_cast<double>(course.arrivals) / 1e6;
}

// The project's own draws, a stream for each station and purpose: whoever handles the events gets the same ones.
class StreamDraws {
 public:
  struct Shared {};
  StreamDraws(Shared&, std::size_t station)
      : arrivals_(1, fmt::format("arrivals/{}", station)),
        demand_(1, fmt::format("demand/{}", station)),
        route_(1, fmt::format("route/{}", station)) {}

  std::int64_t gap_ns() { return rounded(kGapNs * standard_exponential(arrivals_)); }
  std::int64_t demand_ns() { return rounded(kServiceNs * standard_exponential(demand_)); }
  double route() { return route_.uniform(); }
  void prefetch() const { cats::prefetch(&route_); }  // its last line

 private:
  static std::int64_t rounded(double ns) { return static_cast<std::int64_t>(ns + 0.5); }

  RandomStream arrivals_;
  RandomStream demand_;
  RandomStream route_;
};

// Where the job goes whose draw was `route`, of 0 ≤ route < 1; `stations`: nowhere.
inline std::uint32_t next_station(double route, std::size_t stations) {
  return route < kOnward ? static_cast<std::uint32_t>(route / kOnward * static_cast<double>(stations))
                         : static_cast<std::uint32_t>(stations);
}

// How many jobs a station has at any time.
inline std::uint32_t jobs_in_equilibrium(RandomStream& random) {
  const auto weight = [](std::uint32_t n) {  // relative to none
    double w = 1;
    for (std::uint32_t i = 1; i <= n; ++i) w *= kOffered / std::min(i, kWorkers);
    return w;
  };
  double sum = weight(kWorkers) / (1 - kOffered / kWorkers);
  for (std::uint32_t n = 0; n < kWorkers; ++n) sum += weight(n);
  double left = random.uniform() * sum;
  std::uint32_t n = 0;
  for (double w = 1; left >= w && w > 0; w = weight(++n)) left -= w;
  return n;
}

// Begins in equilibrium, so that nothing has to settle. Network: arrive(station) now, and after(ns, station) over a
// link, and after_gap(station) from outside.
template <class Network>
void begin(Network& network, std::size_t stations) {
  RandomStream random(1, "begin");
  for (std::uint32_t i = 0; i < stations; ++i) {
    for (std::uint32_t jobs = jobs_in_equilibrium(random); jobs > 0; --jobs) network.arrive(i);
    const double gap_ns = 1 / (kArrivalsPerNs * kOnward);
    for (double at = gap_ns * standard_exponential(random); at < static_cast<double>(kLinkNs);
         at += gap_ns * standard_exponential(random))
      network.after(static_cast<std::int64_t>(at), i);
    network.after_gap(i);
  }
}

}  // namespace cats::bench
