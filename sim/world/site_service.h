// The service of a site in virtual time: its connections, its requests, and the counters that the C-SMA reads of them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/flow_tuple.h"
#include "base/scheduler.h"
#include "collectors/sampler.h"
#include "load/connection_rows.h"
#include "sim/world/http_traffic.h"
#include "sim/world/site_cpu.h"

namespace cats::sim {

class SiteService {
 public:
  struct Config {
    std::string node;
    IpAddress csci;
    SiteCpu::Settings cpu;
    std::filesystem::path samples;  // directory of NODE.connections.csv; empty: none is written
  };

  // Throws SystemError.
  SiteService(Scheduler& scheduler, const Config& config);

  void accept(const FlowTuple& connection);  // one that is open ends before
  void close(const FlowTuple& connection);   // its requests are worked on all the same; nothing when it is not open
  bool is_open(const FlowTuple& connection) const { return open_.contains(connection); }
  std::size_t connections() const { return open_.size(); }

  // Of an open connection. `replied` is called when the reply leaves, at once when the queue is full, and not at all
  // when the connection is closed by then. Throws std::out_of_range for a connection that is not open.
  void request(const FlowTuple& connection, Duration work, std::function<void(const SiteReply&)> replied);
  // The process was killed: jobs, connections and loads are gone, without rows.
  void die();

  SiteCpu& cpu() { return cpu_; }
  const SiteCpu& cpu() const { return cpu_; }
  collectors::ServiceReading read();  // extremes begin anew
  // The fault `lost-count`.
  void lose_one_row();
  void lose_no_row();
  void flush();

 private:
  struct Connection {
    std::uint64_t number = 0;  // a 5-tuple may come again
    Instant accepted;
  };
  struct Asked {
    Instant received;
    FlowTuple connection;
    std::uint64_t number = 0;  // of the connection
    std::function<void(const SiteReply&)> replied;
  };

  void done(const Job& job);
  void note_length();
  void note_delay(Duration delay);

  Scheduler& scheduler_;
  std::optional<load::ConnectionRows> rows_;
  HttpTraffic traffic_;
  SiteCpu cpu_;
  std::map<FlowTuple, Connection> open_;
  std::map<std::uint64_t, Asked> jobs_;  // by tag, which ascends: the first is the oldest
  std::uint64_t connections_so_far_ = 0;
  std::uint64_t jobs_so_far_ = 0;

  std::uint64_t completed_ = 0;
  Duration delay_sum_{};
  Duration last_delay_{};
  // Since the last reading.
  unsigned queue_min_ = 0, queue_max_ = 0;
  std::optional<Duration> delay_min_;
  Duration delay_max_{};
};

}  // namespace cats::sim
