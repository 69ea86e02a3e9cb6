#include "suite/tests/session_table.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <tuple>

#include "base/error.h"

namespace cats::suite {
namespace {

using Endpoint = std::pair<std::string, std::string>;  // source address and port

TableEntry entry_of(const Event& event) {
  TableEntry entry;
  entry.ingress = event.node;
  if (event.at("instance").is_string()) entry.instance = event.text("instance");
  entry.first_ns = event.ns("first_ns");
  if (!event.at("gone_ns").is_null()) entry.gone_ns = event.ns("gone_ns");
  return entry;
}

std::map<Endpoint, std::vector<TableEntry>> entries_of(const RunData& data, const Trial& trial) {
  std::map<Endpoint, std::vector<TableEntry>> entries;
  // An entry is logged when it is first seen, when its mark changes, and when it is gone: the last line holds.
  for (const Event* event : data.events("flow", trial.started_ns, trial.ended_ns)) {
    const nlohmann::json& tuple = event->at("tuple");
    std::vector<TableEntry>& known =
        entries[{tuple.at("source").get<std::string>(), std::to_string(tuple.at("sport").get<int>())}];
    TableEntry entry = entry_of(*event);
    const auto same = std::find_if(known.begin(), known.end(),
                                   [&](const TableEntry& other) { return other.first_ns == entry.first_ns; });
    if (same == known.end())
      known.push_back(std::move(entry));
    else if (entry.gone_ns || !same->gone_ns)
      *same = std::move(entry);
  }
  return entries;
}

// A port may be used again: the entry that began nearest to the session.
std::optional<TableEntry> nearest(const std::vector<TableEntry>& entries, std::int64_t started_ns) {
  const auto distance = [&](const TableEntry& entry) { return std::abs(entry.first_ns - started_ns); };
  const auto found = std::min_element(entries.begin(), entries.end(), [&](const TableEntry& a, const TableEntry& b) {
    return distance(a) < distance(b);
  });
  return found == entries.end() ? std::nullopt : std::optional(*found);
}

}  // namespace

std::vector<std::string> TracedSession::answered() const {
  std::vector<const Request*> replies;
  for (const Request* request : requests)
    if (request->status == "ok" && request->done_ns) replies.push_back(request);
  std::stable_sort(replies.begin(), replies.end(),
                   [](const Request* a, const Request* b) { return *a->done_ns < *b->done_ns; });
  std::vector<std::string> instances;
  for (const Request* reply : replies) instances.push_back(reply->instance);
  return instances;
}

int TracedSession::instance_changes() const {
  const std::vector<std::string> instances = answered();
  int changes = 0;
  for (std::size_t i = 1; i < instances.size(); ++i) changes += instances[i] != instances[i - 1] ? 1 : 0;
  return changes;
}

bool TracedSession::matches_table() const {
  if (!entry || entry->instance.empty()) return false;
  if (entry->gone_ns && session->closed_ns && *entry->gone_ns < *session->closed_ns) return false;
  const std::vector<std::string> instances = answered();
  return std::all_of(instances.begin(), instances.end(),
                     [&](const std::string& instance) { return instance == entry->instance; });
}

double TracedSession::longest_stall_ms(std::int64_t until) const {
  std::int64_t longest = 0;
  std::int64_t last_done = 0;
  for (const Request* request : requests) {
    const std::int64_t done = request->done_ns.value_or(session->closed_ns.value_or(until));
    longest = std::max(longest, done - std::max(last_done, request->scheduled_ns));
    last_done = std::max(last_done, done);
  }
  return to_ms(Duration(longest));
}

std::optional<double> TracedSession::aging_error_ms(Duration timer, std::int64_t watched_until) const {
  if (!entry || session->outcome != "closed" || !session->closed_ns) return std::nullopt;
  const std::int64_t due = *session->closed_ns + timer.count();
  if (entry->gone_ns) return to_ms(Duration(*entry->gone_ns - due));
  if (watched_until - due < std::int64_t{1'000'000'000}) return std::nullopt;
  return to_ms(Duration(watched_until - due));
}

std::vector<TracedSession> trace_sessions(const RunData& data, const Trial& trial) {
  if (data.events("flow_poll", trial.started_ns, trial.ended_ns).empty())
    throw MeasurementError(
        fmt::format("trial {}: no ingress logged a dump of its session table (flow_poll)", trial.id));
  const auto entries = entries_of(data, trial);
  std::vector<TracedSession> traced = sessions_of(data, trial);
  for (TracedSession& row : traced)
    if (const auto found = entries.find({row.session->source, row.session->port}); found != entries.end())
      row.entry = nearest(found->second, row.session->started_ns);
  return traced;
}

std::vector<TracedSession> sessions_of(const RunData& data, const Trial& trial) {
  std::map<std::pair<std::string, std::string>, std::vector<const Request*>> requests;  // by host and session
  for (const Request* request : data.requests(trial.id)) requests[{request->host, request->session}].push_back(request);
  std::vector<TracedSession> traced;
  for (const Session* session : data.sessions(trial.id)) {
    TracedSession& row = traced.emplace_back();
    row.session = session;
    if (const auto found = requests.find({session->host, session->session}); found != requests.end())
      row.requests = found->second;
    std::stable_sort(row.requests.begin(), row.requests.end(),
                     [](const Request* a, const Request* b) { return a->scheduled_ns < b->scheduled_ns; });
  }
  return traced;
}

Duration longest_poll_gap(const RunData& data, const Trial& trial) {
  std::map<std::string, std::int64_t> last;  // by ingress
  std::int64_t longest = 0;
  for (const Event* poll : data.events("flow_poll", trial.started_ns, trial.ended_ns)) {
    if (const auto before = last.find(poll->node); before != last.end())
      longest = std::max(longest, poll->t_ns - before->second);
    last[poll->node] = poll->t_ns;
  }
  return Duration(longest);
}

}  // namespace cats::suite
