// The sessions of a load, without I/O: which open when, when their requests leave, and what became of them, as counts
// and rows of docs/event-log.md. The emulator has them on real connections, the simulator in virtual time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "base/histogram.h"
#include "load/load.h"
#include "load/samples.h"

namespace cats::load {

struct LoadStatus {
  bool running = false;
  std::string trial;  // the last one; empty before the first
  LoadCounts counts;
  unsigned open_sessions = 0;
  Histogram latency;  // scheduled → done of the answered
};

// As the commands `load_end` and `status` answer (docs/control.md).
nlohmann::ordered_json to_json(const LoadCounts& counts);
nlohmann::ordered_json to_json(const LoadStatus& status);

// Error: its start has passed; it is not reached from `source`.
Expected<void> can_start(const LoadDescription& load, Instant now, const std::optional<IpAddress>& source);

// A session's next request: when it is scheduled, and what CPU time it asks for. Nothing after the last.
struct Due {
  Instant at{};
  Duration work{};  // whole microseconds
};
using NextRequest = std::function<std::optional<Due>()>;

// It connects when its first request is due. A request leaves when it is due, or as soon as the reply to the one before
// is there.
struct Session {
  const char* kind = "";
  NextRequest next = {};
  std::optional<Instant> stays_until = {};  // open until then, at most until the schedule stops
  std::uint64_t number = 0;                 // of those of the load
  Instant started{};
  std::optional<Instant> connected = {};
  std::string source = {};  // what it connects from
  std::uint16_t port = 0;
  const char* outcome = "closed";
  bool usable = true;  // false: refused or broken; requests that become due are recorded as unsent
};

// A session that does not open before `at`.
struct Opening {
  Instant at;
  Session session;
};
// The next to open; nothing after the last.
using NextOpening = std::function<std::optional<Opening>()>;

// What came of a request that was to be sent.
struct Reply {
  enum class Failure : std::uint8_t { none, timeout, reset };
  Failure failure = Failure::none;
  std::optional<Instant> sent = {};
  Instant done{};
  unsigned status = 0;
  std::optional<std::string> instance = {};  // nothing: it does not say who answered
  std::optional<std::int64_t> queue_ns = {}, service_ns = {};
};

// A load that runs. Whoever has the sessions calls at the times of what happens.
class Run {
 public:
  // `sessions_before`: of the host's earlier loads. The load's traces are read (read_traces).
  Run(LoadDescription load, std::string host, std::uint64_t sessions_before, Samples& samples);
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  const LoadDescription& load() const { return load_; }
  // Of the schedule: the load's end, or earlier when told so.
  Instant stop() const { return stop_; }
  void stop_at(Instant when) { stop_ = std::min(stop_, when); }
  // Replies and queued requests are waited for until then.
  Instant drained_by() const { return stop_ + load_.timeout; }
  Duration patience(Instant now) const;  // how long to wait for what is begun now

  // Those that are there from the beginning.
  std::vector<Session> persistent() const;
  // Those that open one after another, each list by itself; not to be asked once the load is gone.
  std::vector<NextOpening> openings() const;
  // To be asked once for each session, in the order in which they open.
  std::uint64_t next_number() { return next_session_++; }
  std::uint64_t sessions() const { return next_session_; }
  std::uint16_t source_port(const Session& session) const;  // 0: ephemeral

  // A request is due: it counts as offered. The row is to be added once.
  RequestRow offer(const Session& session, const Due& due);
  void add(const RequestRow& row) { samples_.add(row); }

  void connected(Session& session, Instant now);
  void refused(Session& session, RequestRow& row, Instant now);
  void answered(RequestRow& row, const Reply& reply);
  // It was connected; the other side closed or reset it, or a reply did not come in time.
  void broken(Session& session, Instant now);
  // It has ended, whatever became of it.
  void closed(Session& session, Instant now);

  // All sessions have ended: the load's own row, and all rows are in the files.
  void finish();
  LoadStatus status(bool running) const { return {running, load_.trial, counts_, open_sessions_, latency_}; }

 private:
  void record(const Session& session, Instant now);
  WorkDraws work_of(const std::string& session) const;

  LoadDescription load_;
  Distribution work_;
  std::string host_;
  std::uint64_t sessions_before_;
  Samples& samples_;
  Instant stop_;
  LoadCounts counts_;
  Histogram latency_;
  unsigned open_sessions_ = 0;
  std::uint64_t next_session_ = 0;
};

}  // namespace cats::load
