#include "suite/tests/flow_counts.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string_view>

#include "base/error.h"
#include "suite/stats/hashing.h"
#include "suite/tests/phases.h"
#include "suite/tests/test.h"

namespace cats::suite {
namespace {

using Endpoint = std::pair<std::string, std::string>;  // address, port

std::vector<const SiteInfo*> sites_of_first_service(const RunData& data) {
  std::vector<const SiteInfo*> sites;
  for (const SiteInfo& site : data.sites())
    if (site.cs_id == data.sites().front().cs_id) sites.push_back(&site);
  return sites;
}

void miscount(Round& round, std::int64_t flows, const std::string& what) {
  round.miscounted += flows;
  if (flows > 0 && round.first_miscount.empty()) round.first_miscount = what;
}

// Openings and closings in order; at the same instant, openings first.
std::vector<Round::Step> steps_of(const Round& round, const std::vector<const Connection*>& counted,
                                  const std::map<std::string, std::size_t>& position) {
  struct Change {
    std::int64_t t_ns;
    int by;
    std::size_t site;
  };
  std::vector<Change> changes;
  for (const Connection* row : counted) {
    changes.push_back({row->accepted_ns, 1, position.at(row->site)});
    changes.push_back({row->closed_ns, -1, position.at(row->site)});
  }
  std::stable_sort(changes.begin(), changes.end(),
                   [](const Change& a, const Change& b) { return a.t_ns != b.t_ns ? a.t_ns < b.t_ns : a.by > b.by; });
  std::vector<Round::Step> steps;
  Round::Step now{0, std::vector<std::int64_t>(round.sites.size()), 0};
  for (std::size_t i = 0; i + 1 < changes.size(); ++i) {
    now.active[changes[i].site] += changes[i].by;
    now.all += changes[i].by;
    now.length_ns = changes[i + 1].t_ns - changes[i].t_ns;
    if (now.length_ns > 0) steps.push_back(now);
  }
  return steps;
}

}  // namespace

std::vector<double> capacity_shares(const std::vector<const SiteInfo*>& sites) {
  double all = 0;
  for (const SiteInfo* site : sites) all += site->quota_cores;
  std::vector<double> shares;
  for (const SiteInfo* site : sites) shares.push_back(site->quota_cores / all);
  return shares;
}

double imbalance(const std::vector<std::int64_t>& flows, const std::vector<double>& weights) {
  double all = 0;
  for (const std::int64_t count : flows) all += static_cast<double>(count);
  double sum = 0;
  for (std::size_t i = 0; i < flows.size(); ++i) sum += std::abs(static_cast<double>(flows[i]) - all * weights[i]);
  return sum / all;
}

double Round::spread_over_time() const {
  const auto n = static_cast<std::int64_t>(sites.size());
  std::int64_t deviation = 0;
  std::int64_t flow_time = 0;
  for (const Step& step : steps) {
    std::int64_t sum = 0;
    for (const std::int64_t active : step.active) sum += std::abs(n * active - step.all);
    deviation += sum * step.length_ns;
    flow_time += step.all * step.length_ns;
  }
  return static_cast<double>(deviation) / static_cast<double>(n * flow_time);
}

double Round::imbalance_over_time(const std::vector<double>& weights) const {
  double deviation = 0;
  double flow_time = 0;
  for (const Step& step : steps) {
    const auto all = static_cast<double>(step.all);
    double sum = 0;
    for (std::size_t i = 0; i < weights.size(); ++i)
      sum += std::abs(static_cast<double>(step.active[i]) - all * weights[i]);
    deviation += sum * static_cast<double>(step.length_ns);
    flow_time += all * static_cast<double>(step.length_ns);
  }
  return deviation / flow_time;
}

double Round::hashed_over_time() const {
  std::map<std::int64_t, double> time_with;  // so many active flows, in flow-nanoseconds
  double flow_time = 0;
  for (const Step& step : steps) {
    const double weighted = static_cast<double>(step.all) * static_cast<double>(step.length_ns);
    time_with[step.all] += weighted;
    flow_time += weighted;
  }
  double sum = 0;
  for (const auto& [flows_then, weighted] : time_with)
    sum += weighted * stats::hash_mean(flows_then, static_cast<std::int64_t>(sites.size()));
  return sum / flow_time;
}

Round count_flows(const RunData& data, const Trial& trial, std::int64_t expected) {
  Round round;
  round.trial = &trial;
  round.expected = expected;
  round.sites = sites_of_first_service(data);
  round.flows.resize(round.sites.size());
  round.asked_us.resize(round.sites.size());
  std::map<std::string, std::size_t> position;
  for (std::size_t i = 0; i < round.sites.size(); ++i) position[round.sites[i]->node] = i;

  const Phase& measure = phase_of(trial, kMeasurePhase);
  std::map<Endpoint, std::vector<const Connection*>> rows;
  for (const Connection* row : data.connections(measure.from_ns, measure.to_ns))
    if (position.contains(row->site)) rows[{row->source, row->port}].push_back(row);

  std::vector<const Connection*> counted;
  std::map<std::pair<std::string_view, std::string_view>, std::size_t> site_of;  // host and session
  std::int64_t flows = 0;
  for (const Session* session : data.sessions(trial.id)) {
    if (session->kind != "flow") continue;
    ++flows;
    const auto found = rows.find({session->source, session->port});
    const std::int64_t times = found == rows.end() ? 0 : std::ssize(found->second);
    miscount(round, std::abs(times - 1),
             fmt::format("flow {} of {} (port {}) was counted {} times", session->session, session->host, session->port,
                         times));
    if (found == rows.end()) continue;
    counted.insert(counted.end(), found->second.begin(), found->second.end());
    site_of[{session->host, session->session}] = position.at(found->second.back()->site);
    rows.erase(found);
  }
  miscount(round, std::abs(expected - flows), fmt::format("hosts had {} of {} flows", flows, expected));
  for (const auto& [endpoint, more] : rows)
    miscount(round, std::ssize(more),
             fmt::format("{} counted a connection of {} port {}, which is no flow", more.front()->site, endpoint.first,
                         endpoint.second));
  if (counted.empty()) throw MeasurementError("trial " + trial.id + ": no site counted a flow");

  std::sort(counted.begin(), counted.end(),
            [](const Connection* a, const Connection* b) { return a->accepted_ns < b->accepted_ns; });
  for (const Connection* row : counted) {
    ++round.flows[position.at(row->site)];
    round.accepted.emplace_back(row->accepted_ns, position.at(row->site));
    round.to_ns = std::max(round.to_ns, row->closed_ns);
  }
  std::vector<std::int64_t> due;
  for (const Request* request : data.requests(trial.id)) {
    due.push_back(request->scheduled_ns);
    if (const auto site = site_of.find({request->host, request->session}); request->sent_ns && site != site_of.end())
      round.asked_us[site->second] += request->work_us;
  }
  if (!due.empty()) round.asking_ns = *std::ranges::max_element(due) - *std::ranges::min_element(due);
  round.from_ns = counted.front()->accepted_ns;
  round.steps = steps_of(round, counted, position);
  return round;
}

}  // namespace cats::suite
