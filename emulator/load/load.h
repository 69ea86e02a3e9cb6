// Open-loop load: when each request leaves is drawn before the run from the seed and never depends on replies. A
// request whose session still waits for a reply queues at the client; its latency counts from the schedule.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "base/histogram.h"
#include "base/ip.h"
#include "base/random.h"

namespace boost::asio {
class io_context;
}

namespace cats::load {

enum class Arrivals { poisson, constant };

// Sessions that open within the first interval and stay until the end.
struct PersistentLoad {
  unsigned sessions = 0;
  Duration interval{};  // mean between requests of one session
  Arrivals arrivals = Arrivals::constant;
};

// Sessions that open at a rate, send their requests and close.
struct ShortLoad {
  double rate = 0;  // sessions per second
  Arrivals arrivals = Arrivals::poisson;
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
  double rate = 0;    // flows per second over all hosts
  Arrivals arrivals = Arrivals::poisson;
  Duration duration{};  // mean of a flow's life, exponential
  Duration gap{};       // between the scheduled times of a flow's requests
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
struct LoadDescription {
  std::string trial;
  std::uint64_t seed = 0;
  IpAddress service;
  std::uint16_t port = 0;
  std::optional<PersistentLoad> persistent;
  std::optional<ShortLoad> short_sessions;
  std::optional<FlowLoad> flows;
  std::optional<SourcePorts> source_ports;  // ephemeral ones when absent
  std::uint64_t work_us = 0;
  Duration timeout{};  // of connecting, and of each reply from when the request was sent
  Instant start;
  Duration duration{};

  Instant end() const { return start + duration; }
};

// `do` may be present. Error: everything wrong in one line.
Expected<LoadDescription> parse_load(const nlohmann::json& json);
nlohmann::ordered_json to_json(const LoadDescription& load);

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
  ShortLoad load_;
  Instant start_;
  Instant end_;
  RandomStream random_;
  double at_;  // s after the start
};

struct Flow {
  Instant opens;
  Instant ends;
};

// All flows of load.flows, those of other hosts too, by when they open. Draws from the streams "load/flows/opens" and
// "load/flows/lives". One that would outlive the load ends with it.
std::vector<Flow> draw_flows(const LoadDescription& load);

struct LoadCounts {
  std::uint64_t offered = 0;   // scheduled times that have passed
  std::uint64_t sent = 0;      // of them, written to a connection
  std::uint64_t answered = 0;  // of them, answered with status 200
};

struct LoadStatus {
  bool running = false;
  std::string trial;  // the last one; empty before the first
  LoadCounts counts;
  unsigned open_sessions = 0;
  Histogram latency;  // scheduled → done of the answered
};

struct GeneratorConfig {
  std::string host;                 // node name: file names and random streams
  std::optional<IpAddress> source;  // bound to when given
  std::filesystem::path samples;    // directory of the CSV files of docs/event-log.md
};

// One load at a time, on the thread that runs the io_context.
class Generator {
 public:
  // Creates or appends to the CSV files. Throws SystemError.
  Generator(boost::asio::io_context& io, GeneratorConfig config);
  ~Generator();
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;

  // Error: a load is running, or its start has passed.
  Expected<void> start(const LoadDescription& load);
  // Stops the schedule if it still runs, lets outstanding replies arrive (at most the load's timeout), closes the
  // sessions, flushes the files; then calls `done`. Without a load: at once, with the last counts.
  void end(std::function<void(const LoadCounts&)> done);
  LoadStatus status() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace cats::load
