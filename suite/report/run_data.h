// The event logs and samples of one run directory (docs/event-log.md), read back: all that an analysis may look at.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/lines.h"

namespace cats::suite {

struct Event {
  std::int64_t t_ns = 0;
  std::string node;
  nlohmann::json fields;  // the whole line

  // A field that docs/event-log.md gives the event: RunData::load made sure that it is there.
  const nlohmann::json& at(const char* key) const { return fields.at(key); }
  std::int64_t ns(const char* key) const { return fields.at(key).get<std::int64_t>(); }
  const std::string& text(const char* key) const { return fields.at(key).get_ref<const std::string&>(); }
};

struct Phase {
  std::string name;
  std::int64_t from_ns = 0;
  std::int64_t to_ns = 0;  // the next phase, or the end of the trial

  bool contains(std::int64_t t_ns) const { return from_ns <= t_ns && t_ns < to_ns; }
};

struct Trial {
  std::string id;  // unique in the run
  std::string test;
  std::string entry;  // label of the case; the test's name in a scenario without studies
  int index = 0;      // from 0
  int attempt = 0;    // from 0
  std::uint64_t seed = 0;
  std::int64_t started_ns = 0;
  std::int64_t ended_ns = 0;          // of one that did not end: past all its events
  nlohmann::json conditions;          // trial_started as logged: algorithm, interval_ns, mode, parameters, …
  std::optional<std::string> voided;  // why it does not count
  std::vector<Phase> phases;

  const Phase* phase(std::string_view name) const;
};

// A row of samples/<host>.requests.csv. Times are absent where the request did not get that far.
struct Request {
  std::string host;
  std::string trial;
  std::int64_t scheduled_ns = 0;
  std::optional<std::int64_t> sent_ns, done_ns;
  std::string instance;
  std::string status;
  std::string session;
  std::string kind;
  std::int64_t work_us = 0;  // CPU time asked for
};

struct Session {
  std::string host;
  std::string trial;
  std::string session;
  std::string kind;
  std::int64_t started_ns = 0;
  std::optional<std::int64_t> connected_ns, closed_ns;
  std::string source;
  std::string port;
  std::string outcome;
};

struct Load {
  std::string host;
  std::string trial;
  std::int64_t start_ns = 0;
  std::int64_t end_ns = 0;
  std::int64_t offered = 0, sent = 0, answered = 0;
};

// A row of samples/<edge server>.connections.csv: a connection that a site accepted.
struct Connection {
  std::string site;  // the edge server
  std::int64_t accepted_ns = 0;
  std::int64_t closed_ns = 0;
  std::string source;
  std::string port;
};

// One place where the service runs, from a `testbed` event of the runner.
struct SiteInfo {
  std::string node;
  std::string csci;
  std::string cs_id;
  std::string egress;
  double quota_cores = 0;
};

// The C-PS that steers an ingress, and where the metrics that it reads first arrive (docs/event-log.md).
struct SteeringInfo {
  std::string ingress;
  std::string decider;
  std::string listener;
};

// Who gets metric updates, and by which way.
struct ReceiverInfo {
  std::string node;
  std::string via;  // "bgp", "rest"
};

class RunData {
 public:
  RunData() = default;

  // Reads events/*.jsonl and samples/*.csv. Missing directory, a bad line, a missing column or field, a trial that
  // never ended while a later one began: an error that names file and line.
  // Of all nodes but the runner, only events from `since_ns` on are kept: a long run's trial is checked in little
  // memory.
  static Expected<RunData> load(const std::filesystem::path& run_directory, std::int64_t since_ns = 0);
  // The same of several, as if they were one: parts of a simulated run whose times do not overlap.
  static Expected<RunData> load(const std::vector<std::filesystem::path>& directories, std::int64_t since_ns = 0);

  // What the runner alone logged: which trials there were, and what became of them.
  static Expected<RunData> load_runner(const std::filesystem::path& run_directory);
  // With what the others logged and sampled in `periods`, of whose ends all files are in order (base/lines.h).
  Expected<RunData> with(const std::filesystem::path& run_directory, const std::vector<Period>& periods) const;

  // All events of that name, of all nodes, by time. Empty when there is none.
  std::span<const Event> events(std::string_view name) const;
  // Those with from_ns ≤ t_ns < to_ns.
  std::vector<const Event*> events(std::string_view name, std::int64_t from_ns, std::int64_t to_ns) const;
  bool has_log(std::string_view node) const;  // events/<node>.jsonl exists

  const std::vector<Trial>& trials() const { return logs_->trials; }  // in the order they ran
  // Where a simulated part follows an emulated one (event simulation_started): from then on times are virtual.
  std::optional<std::int64_t> simulated_from_ns() const { return logs_->simulated_from_ns; }
  // The same logs, with sites, ingresses and who steers them as they were in that trial: in a study they may differ
  // from one to the next. Of a run on both engines, events() are those of the trial's engine alone: the other world's
  // decisions and updates have the same numbers and mean nothing in this one.
  RunData in(const Trial& trial) const;
  // Those of the last `testbed` event, unless in() chose.
  const std::vector<SiteInfo>& sites() const { return testbed_.sites; }
  const std::vector<std::string>& ingresses() const { return testbed_.ingresses; }
  const std::vector<SteeringInfo>& steering() const { return testbed_.steering; }
  const std::vector<ReceiverInfo>& receivers() const { return testbed_.receivers; }
  // Throw MeasurementError for an ingress that the `testbed` event does not name.
  const std::string& decider_of(const std::string& ingress) const { return steering_of(ingress).decider; }
  const std::string& listener_of(const std::string& ingress) const { return steering_of(ingress).listener; }
  // The way by which `node` gets metric updates; nothing when it gets none.
  std::optional<std::string> way_to(const std::string& node) const;
  // Since when the ingresses were steered as they were when that trial began. What they were told before, another C-PS
  // had decided; in the simulator, of another world: there ids of decisions and sequence numbers begin anew (event
  // world_started).
  std::int64_t steered_since(const Trial& trial) const;

  std::vector<const Request*> requests(const std::string& trial) const;
  std::vector<const Session*> sessions(const std::string& trial) const;
  std::vector<const Load*> loads(const std::string& trial) const;
  // Those with from_ns ≤ accepted_ns < to_ns, by site and then as they were closed.
  std::vector<const Connection*> connections(std::int64_t from_ns, std::int64_t to_ns) const;

 private:
  struct Logs {
    std::map<std::string, std::vector<Event>, std::less<>> events;
    std::set<std::string, std::less<>> nodes;
    std::optional<std::int64_t> simulated_from_ns;
    std::vector<Trial> trials;
    std::vector<Request> requests;
    std::vector<Session> sessions;
    std::vector<Load> loads;
    std::vector<Connection> connections;
  };
  struct Testbed {
    std::vector<SiteInfo> sites;
    std::vector<std::string> ingresses;
    std::vector<SteeringInfo> steering;
    std::vector<ReceiverInfo> receivers;
  };

  struct Reader;
  explicit RunData(Logs logs);

  static Testbed testbed_of(const Event& event);
  const SteeringInfo& steering_of(const std::string& ingress) const;
  std::int64_t world_of(const Trial& trial) const;  // when it began; 0 in the emulator

  std::shared_ptr<const Logs> logs_;
  Testbed testbed_;
  // Events outside are another engine's.
  std::int64_t from_ns_ = std::numeric_limits<std::int64_t>::min();
  std::int64_t to_ns_ = std::numeric_limits<std::int64_t>::max();
};

}  // namespace cats::suite
