#include "suite/report/run_data.h"

#include <algorithm>
#include <limits>

#include "base/event_log.h"
#include "base/lines.h"
#include "suite/report/event_fields.h"
#include "suite/report/samples_csv.h"

namespace cats::suite {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using Events = std::map<std::string, std::vector<Event>, std::less<>>;
using Periods = std::vector<Period>;

constexpr const char* kRunnerLog = "runner.jsonl";

std::int64_t time_of_event(const Lines& line) {
  const Json event = Json::parse(line.text, nullptr, false);
  const auto time = event.is_object() ? event.find("t_ns") : event.end();
  if (time == event.end() || !time->is_number_integer())
    throw UsageError(fmt::format("{}: not an event: {}", line.where(0), line.text.substr(0, 80)));
  return time->get<std::int64_t>();
}

void read_events_of(const Lines& read, std::int64_t since_ns, Events& events) {
  auto lines = parse_events(read);
  if (!lines) throw UsageError(lines.error().message);
  for (Json& line : *lines) {
    const auto name = line.at("event").get<std::string>();
    const auto where = [&] {
      return fmt::format("{}: {} event {}", read.path.string(), name, line.dump().substr(0, 120));
    };
    if (!line["t_ns"].is_number_integer() || !line.contains("node") || !line["node"].is_string())
      throw UsageError(where() + ": no t_ns or no node");
    if (line["t_ns"].get<std::int64_t>() < since_ns) continue;
    if (const char* field = bad_field(line, name)) throw UsageError(where() + ": missing or bad " + field);
    Event event{line["t_ns"].get<std::int64_t>(), line["node"].get<std::string>(), {}};
    event.fields = std::move(line);
    events[name].push_back(std::move(event));
  }
}

void read_log(const fs::path& path, std::int64_t since_ns, const Periods& periods, Events& events) {
  for (const Period& period : periods) read_events_of(read_lines(path, period, time_of_event), since_ns, events);
}

std::vector<fs::path> files(const fs::path& directory, std::string_view ending) {
  std::vector<fs::path> found;
  if (fs::is_directory(directory))
    for (const auto& entry : fs::directory_iterator(directory))
      if (entry.path().string().ends_with(ending)) found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

std::string host_of(const fs::path& file) {
  return file.filename().string().substr(0, file.filename().string().find('.'));
}

void read_requests(const fs::path& directory, const Periods& periods, std::vector<Request>& requests) {
  for (const fs::path& file : files(directory, ".requests.csv")) {
    const CsvTable table(
        file, {"trial", "scheduled_ns", "sent_ns", "done_ns", "instance", "status", "session", "kind", "work_us"},
        "scheduled_ns", periods);
    for (std::size_t i = 0; i < table.rows(); ++i)
      requests.push_back({host_of(file), table.text(i, "trial"), table.integer(i, "scheduled_ns"),
                          table.time(i, "sent_ns"), table.time(i, "done_ns"), table.text(i, "instance"),
                          table.text(i, "status"), table.text(i, "session"), table.text(i, "kind"),
                          table.integer(i, "work_us")});
  }
}

void read_sessions(const fs::path& directory, const Periods& periods, std::vector<Session>& sessions) {
  for (const fs::path& file : files(directory, ".sessions.csv")) {
    const CsvTable table(
        file,
        {"trial", "session", "kind", "started_ns", "connected_ns", "closed_ns", "source", "port", "service", "outcome"},
        "started_ns", periods);
    for (std::size_t i = 0; i < table.rows(); ++i)
      sessions.push_back({host_of(file), table.text(i, "trial"), table.text(i, "session"), table.text(i, "kind"),
                          table.integer(i, "started_ns"), table.time(i, "connected_ns"), table.time(i, "closed_ns"),
                          table.text(i, "source"), table.text(i, "port"), table.text(i, "outcome")});
  }
}

void read_loads(const fs::path& directory, const Periods& periods, std::vector<Load>& loads) {
  for (const fs::path& file : files(directory, ".load.csv")) {
    const CsvTable table(file, {"trial", "start_ns", "end_ns", "offered", "sent", "answered"}, "start_ns", periods);
    for (std::size_t i = 0; i < table.rows(); ++i)
      loads.push_back({host_of(file), table.text(i, "trial"), table.integer(i, "start_ns"), table.integer(i, "end_ns"),
                       table.integer(i, "offered"), table.integer(i, "sent"), table.integer(i, "answered")});
  }
}

void read_connections(const fs::path& directory, const Periods& periods, std::vector<Connection>& connections) {
  for (const fs::path& file : files(directory, ".connections.csv")) {
    const CsvTable table(file, {"accepted_ns", "closed_ns", "source", "port"}, "accepted_ns", periods);
    for (std::size_t i = 0; i < table.rows(); ++i)
      connections.push_back({host_of(file), table.integer(i, "accepted_ns"), table.integer(i, "closed_ns"),
                             table.text(i, "source"), table.text(i, "port")});
  }
}

const std::vector<Event>& named(const Events& events, std::string_view name) {
  static const std::vector<Event> none;
  const auto found = events.find(name);
  return found == events.end() ? none : found->second;
}

std::vector<Trial> trials_of(const Events& events) {
  std::vector<Trial> trials;
  std::map<std::string, std::size_t> by_id;
  for (const Event& event : named(events, "trial_started")) {
    Trial& trial = trials.emplace_back();
    trial.id = event.text("trial");
    trial.test = event.text("test");
    trial.entry = event.text("entry");
    trial.index = event.at("index").get<int>();
    trial.attempt = event.at("attempt").get<int>();
    trial.seed = event.at("seed").get<std::uint64_t>();
    trial.started_ns = event.t_ns;
    trial.ended_ns = std::numeric_limits<std::int64_t>::max();
    trial.conditions = event.fields;
    trial.voided = "it did not end";
    if (!by_id.emplace(trial.id, trials.size() - 1).second) throw UsageError("two trials are called " + trial.id);
  }
  const auto of = [&](const Event& event) -> Trial& {
    const auto found = by_id.find(event.text("trial"));
    if (found == by_id.end()) throw UsageError("an event of trial " + event.text("trial") + ", which never started");
    return trials[found->second];
  };
  for (const Event& event : named(events, "trial_ended")) {
    Trial& trial = of(event);
    trial.ended_ns = event.t_ns;
    const Json& reason = event.at("void");
    trial.voided =
        reason.is_null() ? std::nullopt : std::optional(reason.is_string() ? reason.get<std::string>() : reason.dump());
  }
  for (const Event& event : named(events, "phase")) {
    Trial& trial = of(event);
    if (!trial.phases.empty()) trial.phases.back().to_ns = event.t_ns;
    trial.phases.push_back({event.text("name"), event.t_ns, trial.ended_ns});
  }
  return trials;
}

std::optional<std::int64_t> start_of_simulation(const Events& events) {
  const std::vector<Event>& started = named(events, "simulation_started");
  if (started.size() > 1) throw UsageError("two simulated parts in one run (event simulation_started)");
  return started.empty() ? std::nullopt : std::optional(started.front().t_ns);
}

bool earlier(const Event& event, std::int64_t t) { return event.t_ns < t; }

}  // namespace

const Phase* Trial::phase(std::string_view phase_name) const {
  for (const Phase& phase : phases)
    if (phase.name == phase_name) return &phase;
  return nullptr;
}

Expected<RunData> RunData::load(const fs::path& run_directory, std::int64_t since_ns) {
  return load(std::vector<fs::path>{run_directory}, since_ns);
}

// Fills Logs. Throws UsageError.
struct RunData::Reader {
  Logs& logs;

  static const Periods& always() {
    static const Periods all{Period{}};
    return all;
  }

  void runner(const fs::path& directory) const {
    if (files(directory / "events", ".jsonl").empty())
      throw UsageError(fmt::format("{}: no event logs (events/*.jsonl) there", directory.string()));
    if (const fs::path log = directory / "events" / kRunnerLog; fs::exists(log))
      read_log(log, 0, always(), logs.events);
  }

  void others(const fs::path& directory, std::int64_t since_ns, const Periods& periods) const {
    for (const fs::path& log : files(directory / "events", ".jsonl")) {
      logs.nodes.insert(log.stem().string());
      if (log.filename() != kRunnerLog) read_log(log, since_ns, periods, logs.events);
    }
    const fs::path samples = directory / "samples";
    read_requests(samples, periods, logs.requests);
    read_sessions(samples, periods, logs.sessions);
    read_loads(samples, periods, logs.loads);
    read_connections(samples, periods, logs.connections);
  }

  void finish() const {
    for (auto& [name, list] : logs.events)
      std::stable_sort(list.begin(), list.end(), [](const Event& a, const Event& b) { return a.t_ns < b.t_ns; });
    logs.simulated_from_ns = start_of_simulation(logs.events);
    logs.trials = trials_of(logs.events);
  }
};

RunData::RunData(Logs logs) {
  if (const auto& testbeds = named(logs.events, "testbed"); !testbeds.empty()) testbed_ = testbed_of(testbeds.back());
  logs_ = std::make_shared<const Logs>(std::move(logs));
}

Expected<RunData> RunData::load(const std::vector<fs::path>& directories, std::int64_t since_ns) {
  try {
    Logs logs;
    const Reader reader{logs};
    for (const fs::path& directory : directories) {
      reader.runner(directory);
      reader.others(directory, since_ns, Reader::always());
    }
    reader.finish();
    return RunData(std::move(logs));
  } catch (const std::exception& error) {
    return fail("{}", error.what());
  }
}

Expected<RunData> RunData::load_runner(const fs::path& run_directory) {
  try {
    Logs logs;
    const Reader reader{logs};
    reader.runner(run_directory);
    reader.finish();
    return RunData(std::move(logs));
  } catch (const std::exception& error) {
    return fail("{}", error.what());
  }
}

Expected<RunData> RunData::with(const fs::path& run_directory, const Periods& periods) const {
  try {
    Logs logs = *logs_;
    const Reader reader{logs};
    reader.others(run_directory, 0, periods);
    reader.finish();
    return RunData(std::move(logs));
  } catch (const std::exception& error) {
    return fail("{}", error.what());
  }
}

RunData::Testbed RunData::testbed_of(const Event& event) {
  Testbed testbed;
  for (const Json& site : event.at("sites"))
    testbed.sites.push_back({site.at("node").get<std::string>(), site.at("csci").get<std::string>(),
                             site.at("cs_id").get<std::string>(), site.at("egress").get<std::string>(),
                             site.at("quota_cores").get<double>()});
  event.at("ingresses").get_to(testbed.ingresses);
  for (const Json& one : event.at("steering"))
    testbed.steering.push_back({one.at("ingress").get<std::string>(), one.at("decider").get<std::string>(),
                                one.at("listener").get<std::string>()});
  for (const Json& one : event.at("receivers"))
    testbed.receivers.push_back({one.at("node").get<std::string>(), one.at("via").get<std::string>()});
  return testbed;
}

RunData RunData::in(const Trial& trial) const {
  RunData data;
  data.logs_ = logs_;
  data.testbed_ = testbed_;
  if (const auto from = simulated_from_ns()) (trial.started_ns >= *from ? data.from_ns_ : data.to_ns_) = *from;
  const Event* last = nullptr;
  for (const Event& event : data.events("testbed"))
    if (event.t_ns <= trial.started_ns) last = &event;
  if (last != nullptr) data.testbed_ = testbed_of(*last);
  return data;
}

const SteeringInfo& RunData::steering_of(const std::string& ingress) const {
  for (const SteeringInfo& one : testbed_.steering)
    if (one.ingress == ingress) return one;
  throw MeasurementError(fmt::format("the runner's log does not say who steers {} (event testbed)", ingress));
}

std::optional<std::string> RunData::way_to(const std::string& node) const {
  for (const ReceiverInfo& receiver : testbed_.receivers)
    if (receiver.node == node) return receiver.via;
  return std::nullopt;
}

std::int64_t RunData::world_of(const Trial& trial) const {
  std::int64_t began = 0;
  for (const Event& event : named(logs_->events, "world_started"))
    if (event.t_ns <= trial.started_ns) began = event.t_ns;
  return began;
}

std::int64_t RunData::steered_since(const Trial& trial) const {
  std::int64_t changed = 0;
  const Json* before = nullptr;
  for (const Event& event : events("testbed")) {
    if (event.t_ns > trial.started_ns) break;
    if (before != nullptr && event.at("steering") != *before) changed = event.t_ns;
    before = &event.at("steering");
  }
  // The event is logged when the agents have been told already: after the trial before it.
  std::int64_t since = world_of(trial);
  for (const Trial& other : trials())
    if (other.started_ns < changed)
      since = std::max(since, other.ended_ns < changed ? other.ended_ns : other.started_ns);
  return since;
}

std::span<const Event> RunData::events(std::string_view name) const {
  const std::vector<Event>& all = named(logs_->events, name);
  return {std::lower_bound(all.begin(), all.end(), from_ns_, earlier),
          std::lower_bound(all.begin(), all.end(), to_ns_, earlier)};
}

std::vector<const Event*> RunData::events(std::string_view name, std::int64_t from_ns, std::int64_t to_ns) const {
  const std::span<const Event> all = events(name);
  std::vector<const Event*> found;
  for (auto it = std::lower_bound(all.begin(), all.end(), from_ns, earlier); it != all.end() && it->t_ns < to_ns; ++it)
    found.push_back(&*it);
  return found;
}

bool RunData::has_log(std::string_view node) const { return logs_->nodes.contains(node); }

namespace {

template <class Row>
std::vector<const Row*> rows_of(const std::vector<Row>& rows, const std::string& trial) {
  std::vector<const Row*> found;
  for (const Row& row : rows)
    if (row.trial == trial) found.push_back(&row);
  return found;
}

}  // namespace

std::vector<const Request*> RunData::requests(const std::string& trial) const {
  return rows_of(logs_->requests, trial);
}
std::vector<const Session*> RunData::sessions(const std::string& trial) const {
  return rows_of(logs_->sessions, trial);
}
std::vector<const Load*> RunData::loads(const std::string& trial) const { return rows_of(logs_->loads, trial); }

std::vector<const Connection*> RunData::connections(std::int64_t from_ns, std::int64_t to_ns) const {
  std::vector<const Connection*> found;
  for (const Connection& row : logs_->connections)
    if (from_ns <= row.accepted_ns && row.accepted_ns < to_ns) found.push_back(&row);
  return found;
}

}  // namespace cats::suite
