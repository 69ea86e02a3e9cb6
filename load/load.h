// Open-loop load: when each request leaves, and what work it asks for, is drawn before the run from the seed and never
// depends on replies. A request whose session still waits for a reply queues at the client; its latency counts from the
// schedule.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "base/ip.h"
#include "base/random.h"
#include "load/patterns.h"

namespace cats::load {

// CPU time that a request may ask for (GET /work); what is drawn beyond it counts as this.
inline constexpr Duration kMostWork = std::chrono::seconds(60);

// Sessions that open within the first interval and stay until the end.
struct PersistentLoad {
  unsigned sessions = 0;
  Duration interval{};                     // mean between requests of one session
  Arrivals arrivals = Arrivals::constant;  // or poisson
};

// Sessions that open at a rate, send their requests and close.
struct ShortLoad {
  double rate = 0;  // sessions per second, the mean
  ArrivalPattern arrivals = Arrivals::poisson;
  unsigned requests = 1;  // per session
  Duration gap{};         // between their scheduled times
};

// Exactly `count` flows over all hosts: when flow i opens and how long it lives is drawn from the seed alone, the same
// on every host, and the host at position i mod hosts sends it. A flow is a session that sends a request every `gap`
// while it lives, so that it costs CPU time in proportion to its life.
struct FlowLoad {
  unsigned count = 0;  // over all hosts
  unsigned hosts = 1;
  unsigned host = 0;  // position of this host, below `hosts`
  double rate = 0;    // flows per second over all hosts, the mean
  ArrivalPattern arrivals = Arrivals::poisson;
  RandomDuration duration = RandomDuration::exponential({});  // a flow's life
  Duration gap{};                                             // between the scheduled times of a flow's requests
};

// The n-th session that the generator opens, counted from load to load, has source port first + n mod count: the same
// 5-tuple does not come again before all ports were used.
struct SourcePorts {
  std::uint16_t first = 0;
  std::uint16_t count = 0;
};

// As JSON (`do: load` of docs/control.md); `persistent`, `short`, `flows` and `source_ports` may be absent:
//   {"trial": "t1", "seed": 7, "service": "2001:2::100", "port": 80,
//    "persistent": {"sessions": 8, "interval_ns": 100000000, "arrivals": "constant"},
//    "short": {"rate": 20.0, "arrivals": "poisson", "requests": 1, "gap_ns": 0},
//    "flows": {"count": 100, "hosts": 2, "host": 0, "rate": 50.0, "arrivals": "poisson", "duration_ns": 1000000000,
//              "gap_ns": 100000000},
//    "source_ports": {"first": 20000, "count": 1000},
//    "work_us": 500, "timeout_ns": 2000000000, "start_ns": …, "duration_ns": …}
//
// Beside "arrivals" may stand:
//    "arrivals": "modulated", "states": [{"level": 1.0, "stay_ns": 2000000000}, …]
//    "arrivals": "daily", "period_ns": 60000000000, "curve": [{"at_ns": 0, "level": 1.0}, …]
//    "arrivals": "trace", "trace": "traces/a.csv", "repeat_ns": 3000000000 (may be absent)
//
// In the place of "work_us" (always the same) a "work", and of a flow's "duration_ns" (exponential lives of that mean)
// a "duration":
//    {"distribution": "deterministic", "mean_ns": …}, {"distribution": "exponential", "mean_ns": …}
//    {"distribution": "log-normal", "mean_ns": …, "deviation_ns": …}
//    {"distribution": "pareto", "mean_ns": …, "shape": 1.5}
//    {"distribution": "trace", "trace": "traces/w.csv"}
//
// Traces are files of the run directory.
struct LoadDescription {
  std::string trial;
  std::uint64_t seed = 0;
  IpAddress service;
  std::uint16_t port = 0;
  std::optional<PersistentLoad> persistent;
  std::optional<ShortLoad> short_sessions;
  std::optional<FlowLoad> flows;
  std::optional<SourcePorts> source_ports;  // ephemeral ones when absent
  RandomDuration work;                      // CPU time that a request asks for
  Duration timeout{};                       // of connecting, and of each reply from when the request was sent
  Instant start;
  Duration duration{};

  Instant end() const { return start + duration; }
};

// `do` may be present. Error: everything wrong in one line.
Expected<LoadDescription> parse_load(const nlohmann::json& json);
nlohmann::ordered_json to_json(const LoadDescription& load);

// Reads the traces that the load names, below the run directory. Error: what is wrong with one of them; a trace that
// ends before all flows are open.
Expected<void> read_traces(LoadDescription& load, const std::filesystem::path& run_directory);

// Scheduled times of one persistent session: it opens at the first. Draws from stream
// "load/<host>/persistent/<session>".
class PersistentSchedule {
 public:
  PersistentSchedule(const LoadDescription& load, const std::string& host, unsigned session);
  std::optional<Instant> next();  // nothing from the load's end on

 private:
  PersistentLoad load_;
  Instant end_;
  RandomStream random_;
  Instant next_;
};

// Opening times of the short sessions of one host. Draws from stream "load/<host>/short".
class ShortSchedule {
 public:
  ShortSchedule(const LoadDescription& load, const std::string& host);
  std::optional<Instant> next();

 private:
  Instant end_;
  std::unique_ptr<ArrivalProcess> arrivals_;
};

struct Flow {
  Instant opens;
  Instant ends;
};

// All flows of load.flows, those of other hosts too, by when they open. Draws from the streams "load/flows/opens" and
// "load/flows/lives". One that would outlive the load ends with it. Fewer than `count` when a trace ends before.
std::vector<Flow> draw_flows(const LoadDescription& load);

// What the requests of one session ask for, one after another: whole microseconds, at most kMostWork. A trace begins
// anywhere in each session. Draws from the stream of that name.
class WorkDraws {
 public:
  // `work`: of the load's, made once for all its sessions.
  WorkDraws(const Distribution& work, std::uint64_t seed, const std::string& stream);
  Duration next();

 private:
  RandomStream random_;
  Distribution work_;
};

struct LoadCounts {
  std::uint64_t offered = 0;   // scheduled times that have passed
  std::uint64_t sent = 0;      // of them, written to a connection
  std::uint64_t answered = 0;  // of them, answered with status 200
};

}  // namespace cats::load
