#include "suite/report/run_data.h"

#include <algorithm>
#include <limits>

#include "base/event_log.h"
#include "suite/report/samples_csv.h"

namespace cats::suite {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using Events = std::map<std::string, std::vector<Event>, std::less<>>;

enum class Kind { integer, number, text, boolean, object, list, any };

struct Field {
  const char* name;
  Kind kind;
};

// What the analyses read of each event.
const std::map<std::string_view, std::vector<Field>>& required_fields() {
  using enum Kind;
  static const std::map<std::string_view, std::vector<Field>> fields{
      {"testbed", {{"sites", list}, {"ingresses", list}, {"steering", list}, {"receivers", list}}},
      {"trial_started",
       {{"trial", text}, {"test", text}, {"entry", text}, {"index", integer}, {"attempt", integer}, {"seed", integer}}},
      {"phase", {{"trial", text}, {"name", text}}},
      {"trial_ended", {{"trial", text}, {"void", any}}},
      {"host_idle", {{"trial", text}, {"share", number}}},
      {"sample",
       {{"source", text},
        {"window_start", integer},
        {"window_end", integer},
        {"raw", object},
        {"unquantised", object},
        {"accounting", object}}},
      {"metric_sent",
       {{"source", text},
        {"via", text},
        {"seq", integer},
        {"window_end", integer},
        {"values", object},
        {"known", any}}},
      {"hop_seen", {{"router", text}, {"tap", text}, {"source", text}, {"seq", integer}}},
      {"metric_received",
       {{"source", text},
        {"via", text},
        {"seq", integer},
        {"path", any},
        {"values", object},
        {"known", any},
        {"window_end", integer}}},
      {"decision", {{"id", integer}, {"inputs", list}, {"weights", object}}},
      {"route_installed", {{"decision", integer}, {"acked_ns", integer}}},
      {"flow", {{"tuple", object}, {"instance", any}, {"first_ns", integer}, {"gone_ns", any}}},
      {"multipath", {{"service", text}, {"seed", any}, {"next_hops", integer}}},
      {"site_usage", {{"trial", text}, {"source", text}, {"usage_ns", integer}}},
      {"load_changed", {{"source", text}, {"cores", number}}},
      {"burst",
       {{"rate", number}, {"batch", integer}, {"updates", integer}, {"first_seq", integer}, {"started_ns", integer}}},
      {"rest_sessions",
       {{"asked", integer}, {"held", integer}, {"refused", integer}, {"why", any}, {"clean", boolean}}},
      {"rest_released", {{"opened", integer}, {"held", integer}}},
      {"rest_load", {{"kind", text}, {"started_ns", integer}, {"messages", list}}},
      {"flows_held",
       {{"asked", integer},
        {"kept", integer},
        {"held", integer},
        {"refused", any},
        {"limit", integer},
        {"steered", integer}}},
      {"provisioned", {{"trial", text}, {"decision", integer}, {"asked_ns", integer}}},
      {"returned", {{"trial", text}, {"source", text}}},
      {"order_acknowledged", {{"router", text}, {"decision", integer}}},
      {"controller_state", {{"up", boolean}, {"why", text}}},
      {"manager_state", {{"up", boolean}, {"why", text}}},
      {"lost", {{"trial", text}, {"of", text}, {"part", text}}},
      {"restored", {{"trial", text}, {"of", text}, {"part", text}, {"started_ns", integer}}},
      {"link", {{"trial", text}, {"a", text}, {"b", text}, {"up", boolean}}},
      {"reachable", {{"trial", text}, {"ingress", text}, {"instances", list}}},
      {"topology", {{"nodes", list}, {"links", list}}},
  };
  return fields;
}

bool is(const Json& value, Kind kind) {
  switch (kind) {
    case Kind::integer:
      return value.is_number_integer();
    case Kind::number:
      return value.is_number();
    case Kind::text:
      return value.is_string();
    case Kind::boolean:
      return value.is_boolean();
    case Kind::object:
      return value.is_object();
    case Kind::list:
      return value.is_array();
    case Kind::any:
      break;
  }
  return true;
}

// The first field that is missing or of the wrong kind.
const char* bad_field(const Json& line, std::string_view event) {
  const auto known = required_fields().find(event);
  if (known == required_fields().end()) return nullptr;
  for (const Field& field : known->second) {
    const auto found = line.find(field.name);
    if (found == line.end() || !is(*found, field.kind)) return field.name;
  }
  return nullptr;
}

void read_log(const fs::path& path, std::int64_t since_ns, Events& events) {
  auto lines = read_events(path);
  if (!lines) throw UsageError(lines.error().message);
  for (Json& line : *lines) {
    const auto name = line.at("event").get<std::string>();
    const auto where = [&] { return fmt::format("{}: {} event {}", path.string(), name, line.dump().substr(0, 120)); };
    if (!line["t_ns"].is_number_integer() || !line.contains("node") || !line["node"].is_string())
      throw UsageError(where() + ": no t_ns or no node");
    if (line["t_ns"].get<std::int64_t>() < since_ns) continue;
    if (const char* field = bad_field(line, name)) throw UsageError(where() + ": missing or bad " + field);
    Event event{line["t_ns"].get<std::int64_t>(), line["node"].get<std::string>(), {}};
    event.fields = std::move(line);
    events[name].push_back(std::move(event));
  }
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

std::vector<Request> read_requests(const fs::path& directory) {
  std::vector<Request> requests;
  for (const fs::path& file : files(directory, ".requests.csv")) {
    const CsvTable table(file,
                         {"trial", "scheduled_ns", "sent_ns", "done_ns", "instance", "status", "session", "kind"});
    for (std::size_t i = 0; i < table.rows(); ++i)
      requests.push_back({host_of(file), table.text(i, "trial"), table.integer(i, "scheduled_ns"),
                          table.time(i, "sent_ns"), table.time(i, "done_ns"), table.text(i, "instance"),
                          table.text(i, "status"), table.text(i, "session"), table.text(i, "kind")});
  }
  return requests;
}

std::vector<Session> read_sessions(const fs::path& directory) {
  std::vector<Session> sessions;
  for (const fs::path& file : files(directory, ".sessions.csv")) {
    const CsvTable table(file, {"trial", "session", "kind", "started_ns", "connected_ns", "closed_ns", "source", "port",
                                "service", "outcome"});
    for (std::size_t i = 0; i < table.rows(); ++i)
      sessions.push_back({host_of(file), table.text(i, "trial"), table.text(i, "session"), table.text(i, "kind"),
                          table.integer(i, "started_ns"), table.time(i, "connected_ns"), table.time(i, "closed_ns"),
                          table.text(i, "source"), table.text(i, "port"), table.text(i, "outcome")});
  }
  return sessions;
}

std::vector<Load> read_loads(const fs::path& directory) {
  std::vector<Load> loads;
  for (const fs::path& file : files(directory, ".load.csv")) {
    const CsvTable table(file, {"trial", "start_ns", "end_ns", "offered", "sent", "answered"});
    for (std::size_t i = 0; i < table.rows(); ++i)
      loads.push_back({host_of(file), table.text(i, "trial"), table.integer(i, "start_ns"), table.integer(i, "end_ns"),
                       table.integer(i, "offered"), table.integer(i, "sent"), table.integer(i, "answered")});
  }
  return loads;
}

std::vector<Connection> read_connections(const fs::path& directory) {
  std::vector<Connection> connections;
  for (const fs::path& file : files(directory, ".connections.csv")) {
    const CsvTable table(file, {"accepted_ns", "closed_ns", "source", "port"});
    for (std::size_t i = 0; i < table.rows(); ++i)
      connections.push_back({host_of(file), table.integer(i, "accepted_ns"), table.integer(i, "closed_ns"),
                             table.text(i, "source"), table.text(i, "port")});
  }
  return connections;
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

}  // namespace

const Phase* Trial::phase(std::string_view phase_name) const {
  for (const Phase& phase : phases)
    if (phase.name == phase_name) return &phase;
  return nullptr;
}

Expected<RunData> RunData::load(const fs::path& run_directory, std::int64_t since_ns) {
  try {
    Logs logs;
    logs.directory = run_directory;
    for (const fs::path& log : files(run_directory / "events", ".jsonl")) {
      logs.nodes.push_back(log.stem().string());
      read_log(log, logs.nodes.back() == "runner" ? 0 : since_ns, logs.events);
    }
    if (logs.nodes.empty()) return fail("{}: no event logs (events/*.jsonl) there", run_directory.string());
    for (auto& [name, list] : logs.events)
      std::stable_sort(list.begin(), list.end(), [](const Event& a, const Event& b) { return a.t_ns < b.t_ns; });
    logs.trials = trials_of(logs.events);
    const fs::path samples = run_directory / "samples";
    logs.requests = read_requests(samples);
    logs.sessions = read_sessions(samples);
    logs.loads = read_loads(samples);
    logs.connections = read_connections(samples);
    RunData data;
    if (const auto& testbeds = named(logs.events, "testbed"); !testbeds.empty())
      data.testbed_ = testbed_of(testbeds.back());
    data.logs_ = std::make_shared<const Logs>(std::move(logs));
    return data;
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
  RunData data = *this;
  for (const Event& event : events("testbed"))
    if (event.t_ns <= trial.started_ns) data.testbed_ = testbed_of(event);
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

std::int64_t RunData::steered_since(const Trial& trial) const {
  std::int64_t changed = 0;
  const Json* before = nullptr;
  for (const Event& event : events("testbed")) {
    if (event.t_ns > trial.started_ns) break;
    if (before != nullptr && event.at("steering") != *before) changed = event.t_ns;
    before = &event.at("steering");
  }
  // The event is logged when the agents have been told already: after the trial before it.
  std::int64_t since = 0;
  for (const Trial& other : trials())
    if (other.started_ns < changed)
      since = std::max(since, other.ended_ns < changed ? other.ended_ns : other.started_ns);
  return since;
}

const std::vector<Event>& RunData::events(std::string_view name) const { return named(logs_->events, name); }

std::vector<const Event*> RunData::events(std::string_view name, std::int64_t from_ns, std::int64_t to_ns) const {
  const std::vector<Event>& all = events(name);
  const auto before = [](const Event& event, std::int64_t t) { return event.t_ns < t; };
  std::vector<const Event*> found;
  for (auto it = std::lower_bound(all.begin(), all.end(), from_ns, before); it != all.end() && it->t_ns < to_ns; ++it)
    found.push_back(&*it);
  return found;
}

bool RunData::has_log(std::string_view node) const {
  return std::find(logs_->nodes.begin(), logs_->nodes.end(), node) != logs_->nodes.end();
}

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
