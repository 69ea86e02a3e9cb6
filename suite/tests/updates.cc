#include "suite/tests/updates.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>

#include "base/error.h"
#include "base/ip.h"
#include "cpsel/known_sequence.h"
#include "suite/tests/phases.h"
#include "suite/tests/test.h"

namespace cats::suite {
namespace {

constexpr const char* kRest = "rest";

// The ways that have a receiver, the listeners' first.
std::vector<WayUpdates> empty_ways(const RunData& data) {
  if (data.ingresses().empty()) throw MeasurementError("the runner's log names no ingress (event testbed)");
  const std::string& listener = data.listener_of(data.ingresses().front());
  const auto first = data.way_to(listener);
  if (!first)
    throw MeasurementError(fmt::format("the runner's log names no way of metrics to {} (event testbed)", listener));
  std::vector<WayUpdates> ways{{*first, {}, {}}};
  for (const ReceiverInfo& receiver : data.receivers()) {
    auto way = std::ranges::find(ways, receiver.via, &WayUpdates::via);
    if (way == ways.end()) {
      ways.push_back({receiver.via, {}, {}});
      way = std::prev(ways.end());
    }
    way->receivers.push_back(receiver.node);
  }
  return ways;
}

Update* find_update(WayUpdates& way, const Event& event) {
  const auto source = way.sources.find(event.text("source"));
  if (source == way.sources.end()) return nullptr;
  const auto update = source->second.find(event.ns("seq"));
  return update == source->second.end() ? nullptr : &update->second;
}

bool intact(const Event& sent, const Event& received, std::uint64_t seed) {
  const auto csci = IpAddress::parse(sent.text("source"));
  if (!csci) return false;
  const auto known = cpsel::known_value(seed, *csci, static_cast<std::uint32_t>(sent.ns("seq")));
  return received.at("known") == nlohmann::json(known) && received.at("values") == sent.at("values");
}

}  // namespace

std::vector<WayUpdates> updates_of(const RunData& data, const Trial& trial) {
  const Phase& phase = phase_of(trial, kMeasurePhase);
  std::vector<WayUpdates> ways = empty_ways(data);
  for (WayUpdates& way : ways) {
    for (const Event* sent : data.events("metric_sent", phase.from_ns, phase.to_ns))
      if (sent->text("via") == way.via) way.sources[sent->text("source")][sent->ns("seq")].sent = sent;
    for (const Event* event : data.events("metric_received", phase.from_ns, trial.ended_ns)) {
      if (event->text("via") != way.via) continue;
      if (Update* update = find_update(way, *event)) update->received[event->node].push_back(event);
    }
    for (const Event* event : data.events("hop_seen", phase.from_ns, trial.ended_ns)) {
      if ((event->text("tap") == kRest) != (way.via == kRest)) continue;
      if (Update* update = find_update(way, *event)) update->hops.try_emplace(event->text("router"), event->t_ns);
    }
    for (const SiteInfo& site : data.sites())
      if (!way.sources.contains(site.csci))
        throw MeasurementError(
            fmt::format("trial {}: {} logged no metric_sent by {} in the phase measure: an update without "
                        "sequence (refresh: on-change) cannot be followed",
                        trial.id, site.node, way.via));
  }
  return ways;
}

UpdateCounts count_updates(const WayUpdates& updates, const Trial& trial) {
  UpdateCounts counts;
  for (const std::string& receiver : updates.receivers)
    for (const auto& [source, by_sequence] : updates.sources) {
      std::vector<std::pair<std::int64_t, std::int64_t>> arrivals;  // time, sequence: the first copy of each
      for (const auto& [sequence, update] : by_sequence) {
        ++counts.sent;
        const auto found = update.received.find(receiver);
        if (found == update.received.end()) continue;
        ++counts.received;
        std::map<std::string, int> copies;  // by path
        for (const Event* copy : found->second) {
          if (++copies[copy->at("path").dump()] > 1) ++counts.duplicated;
          if (!intact(*update.sent, *copy, trial.seed)) ++counts.altered;
        }
        arrivals.emplace_back(found->second.front()->t_ns, sequence);
      }
      std::stable_sort(arrivals.begin(), arrivals.end(),
                       [](const auto& a, const auto& b) { return a.first < b.first; });
      std::int64_t newest = -1;
      for (const auto& [time, sequence] : arrivals) {
        if (sequence < newest) ++counts.reordered;
        newest = std::max(newest, sequence);
      }
    }
  return counts;
}

std::vector<double> interval_errors(const WayUpdates& updates, Duration interval) {
  std::vector<double> errors;
  for (const std::string& receiver : updates.receivers)
    for (const auto& [source, by_sequence] : updates.sources)
      for (const auto& [sequence, update] : by_sequence) {
        const auto before = by_sequence.find(sequence - 1);
        if (before == by_sequence.end()) continue;
        const auto now = update.received.find(receiver);
        const auto then = before->second.received.find(receiver);
        if (now == update.received.end() || then == before->second.received.end()) continue;
        const std::int64_t gap = now->second.front()->t_ns - then->second.front()->t_ns;
        errors.push_back(std::abs(to_ms(Duration(gap) - interval)));
      }
  return errors;
}

std::vector<double> delays_of(const WayUpdates& updates) {
  std::vector<double> all;
  for (const std::string& receiver : updates.receivers)
    for (const auto& [source, by_sequence] : updates.sources)
      for (const auto& [sequence, update] : by_sequence)
        if (const auto found = update.received.find(receiver); found != update.received.end())
          all.push_back(to_ms(Duration(found->second.front()->t_ns - update.sent->t_ns)));
  return all;
}

Age ages_of(const RunData& data, const Trial& trial, const WayUpdates& updates) {
  const Phase& phase = phase_of(trial, kMeasurePhase);
  Age age;
  for (const std::string& receiver : updates.receivers)
    for (const SiteInfo& site : data.sites()) {
      double area = 0;  // ms²
      std::optional<std::int64_t> generated;
      std::int64_t since = phase.from_ns;
      std::int64_t covered = 0;
      const auto advance = [&](std::int64_t to) {
        if (generated) {
          const double a = to_ms(Duration(since - *generated));
          const double b = to_ms(Duration(to - *generated));
          area += (a + b) / 2 * (b - a);
          covered += to - since;
          age.peaks.push_back(b);
        }
        since = to;
      };
      for (const Event* event : data.events("metric_received", trial.started_ns, phase.to_ns)) {
        if (event->node != receiver || event->text("via") != updates.via || event->text("source") != site.csci)
          continue;
        if (event->t_ns >= phase.from_ns) advance(event->t_ns);
        generated = std::max(generated.value_or(event->ns("window_end")), event->ns("window_end"));
      }
      advance(phase.to_ns);
      if (covered > 0) age.averages.push_back(area / to_ms(Duration(covered)));
    }
  return age;
}

std::vector<std::string> routers_of(const WayUpdates& updates, const SiteInfo& site) {
  std::vector<std::string> routers{site.egress};
  for (const std::string& receiver : updates.receivers)
    if (receiver != site.egress) routers.push_back(receiver);
  return routers;
}

HopDelays hop_delays(const RunData& data, const WayUpdates& updates, const std::string& hop) {
  HopDelays result;
  for (const SiteInfo& site : data.sites()) {
    const auto routers = routers_of(updates, site);
    if (updates.via != kRest && std::find(routers.begin(), routers.end(), hop) == routers.end()) continue;
    for (const auto& [sequence, update] : updates.sources.at(site.csci)) {
      const auto seen = update.hops.find(hop);
      if (seen != update.hops.end())
        result.ms.push_back(to_ms(Duration(seen->second - update.sent->t_ns)));
      else if (!update.received.empty())
        ++result.missing;
    }
  }
  return result;
}

}  // namespace cats::suite
