// What the benches of the control plane share: certificates, reports as edge servers make them, and a clock for the
// stages of a piece of work.
#pragma once

#include <algorithm>
#include <ctime>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/ip.h"
#include "collectors/manager.h"
#include "collectors/metric_report_json.h"
#include "http/tls.h"

namespace cats::bench {

inline constexpr double kGoal = 100'000;  // updates per second
inline const IpAddress kHere = IpAddress::of("::1");

inline Instant now() { return std::chrono::steady_clock::now(); }
inline IpAddress instance_address(std::size_t i) { return IpAddress::of("2001:2:0:1001::").plus(i + 1); }
inline IpAddress service_address(std::size_t i) { return IpAddress::of("2001:2:0:c5::").plus(i + 1); }

inline const collectors::WallClock& wall() {
  static const collectors::WallClock clock = collectors::WallClock::of_this_machine();
  return clock;
}

inline double thread_cpu_seconds() {
  timespec spent{};
  check(::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent), "clock_gettime");
  return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) / 1e9;
}

// Where the time goes. The first stage is what the others leave of the thread's CPU time.
class Stages {
 public:
  explicit Stages(std::vector<std::string> names) : names_(std::move(names)), spent_(names_.size()) {}

  void begin() {
    std::ranges::fill(spent_, Duration(0));
    cpu_before_ = thread_cpu_seconds();
  }
  void start() { last_ = now(); }
  // The time since start() or the last lap belongs to `stage`.
  void lap(std::size_t stage) {
    const Instant at = now();
    spent_[stage] += at - last_;
    last_ = at;
  }
  void tell(benchmark::State& state, std::size_t updates) const {
    const double cpu = thread_cpu_seconds() - cpu_before_;
    std::vector<double> shares;
    double rest = 100;
    for (const Duration spent : spent_) {
      shares.push_back(100 * to_seconds(spent) / cpu);
      rest -= shares.back();
    }
    shares.at(0) = rest;
    if (rest < 0) return state.SkipWithError("this thread was kept from its CPU: measure on an idle machine");
    for (std::size_t i = 0; i < names_.size(); ++i) state.counters[names_[i] + "_%"] = shares[i];
    const auto most = std::ranges::max_element(shares) - shares.begin();
    state.SetItemsProcessed(static_cast<std::int64_t>(updates));
    state.SetLabel(fmt::format("{:.2f} of the goal, most of it {}", static_cast<double>(updates) / cpu / kGoal,
                               names_[static_cast<std::size_t>(most)]));
  }

 private:
  std::vector<std::string> names_;
  std::vector<Duration> spent_;
  Instant last_;
  double cpu_before_ = 0;
};

struct Keys {
  http::Authority authority{"bench"};
  http::TlsContext server = http::server_context(authority.issue("manager", {kHere}));
  http::TlsContext client = http::client_context(authority.certificate());
};
inline const Keys& keys() {
  static const Keys all;
  return all;
}

// Four metrics of an instance, newer than any before.
inline std::string report_of(std::size_t instance, std::uint32_t sequence) {
  const collectors::MetricReport report{{{"norm_fi", static_cast<double>((instance + sequence) % 11)},
                                         {"compute_norm", 7},
                                         {"available_compute", 42},
                                         {"processing_delay", 3.25}},
                                        collectors::Stamp{sequence, now()},
                                        {}};
  return collectors::to_json(report, wall()).dump();
}
inline std::string target_of(std::size_t instance) {
  return fmt::format("/v1/instances/{}/metrics", instance_address(instance));
}

inline collectors::Manager::Config manager_config(std::size_t instances, std::size_t per_service) {
  collectors::Manager::Config config{.instances = {}, .tokens = {}, .incarnation = "bench", .wall = wall()};
  for (std::size_t i = 0; i < instances; ++i)
    config.instances.push_back({"es", instance_address(i), service_address(i / per_service)});
  config.tokens.add("edge", {"es", "edge-server"});
  config.tokens.add("control", {"sdn", "controller"});
  return config;
}

}  // namespace cats::bench
