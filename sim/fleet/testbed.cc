#include "sim/fleet/testbed.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <spdlog/spdlog.h>

#include "base/argument.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "sim/fleet/scenario_settings.h"

namespace cats::sim::fleet {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr const char* kAgent = "fleet";
constexpr Duration kSlice = std::chrono::milliseconds(200);  // of virtual time, between two looks for Ctrl-C

std::int64_t ns_of(double seconds) { return std::llround(seconds * 1e9); }

ordered_json p99_ns(const Histogram& latency) {
  return latency.count() == 0 ? ordered_json(nullptr) : ordered_json(latency.percentile(0.99).count());
}

// By site, in their order.
template <class Value>
ordered_json column(const Sums& sums, Value value) {
  ordered_json list = ordered_json::array();
  for (const SiteSums& site : sums.sites) list.push_back(value(site));
  return list;
}

// [the largest value of a bucket, how many it holds]: what a percentile of the histogram says.
ordered_json buckets_of(const Histogram& latency) {
  ordered_json list = ordered_json::array();
  for (const Histogram::Bucket& bucket : latency.buckets())
    list.push_back({std::min(bucket.upper - Duration(1), latency.max()).count(), bucket.count});
  return list;
}

ordered_json totals_of(const Sums& sums) {
  return {{"time_ns", sums.time.count()}, {"flows", sums.flows}, {"served", sums.served()},
          {"refused", sums.refused},      {"lost", sums.lost},   {"unsteered", sums.unsteered}};
}

[[noreturn]] void refuse(const std::string& node, const char* what) {
  throw MeasurementError(fmt::format("{}: {}: a fleet has no nodes, its scenario says what happens to it", node, what));
}

}  // namespace

FleetTestbed::FleetTestbed(Options options)
    : options_(std::move(options)),
      log_(options_.run_directory / "events/fleet.jsonl", kAgent, clock_, EventLog::Write::buffered) {}

FleetTestbed::~FleetTestbed() {
  try {
    log_.flush();
  } catch (const SystemError& error) {
    spdlog::error("{}", error.what());
  }
}

void FleetTestbed::configure(const scenarios::Scenario& scenario) {
  if (!scenario.fleet) throw std::logic_error(scenario.name + " has no fleet");
  end();
  const bool first = !scenario_;
  scenario_ = scenario;
  const scenarios::Fleet& fleet = *scenario.fleet;
  scenarios::PreflightCheck made{
      fmt::format("fleet of {} sites and {} ingresses, {}", fleet.sites, fleet.ingresses, scenario.algorithm.name),
      true, "can be made"};
  try {
    check(settings_of(scenario, scenario.seed, Instant(), std::chrono::seconds(1)));
  } catch (const std::invalid_argument& error) {
    made.ok = false;
    made.detail = error.what();
  }
  options_.checked({made}, first);
}

Fleet& FleetTestbed::fleet() {
  if (clock_.fleet == nullptr) throw MeasurementError(fmt::format("{}: there is none: command \"make\" first", kAgent));
  return *clock_.fleet;
}

void FleetTestbed::make(const json& request) {
  if (!scenario_) throw MeasurementError("the testbed has no fleet yet: configure it first");
  end();
  trial_ = argument<std::string>(request, "trial");
  const Duration warm_up(argument<std::int64_t>(request, "warm_up_ns"));
  const Duration watch(argument<std::int64_t>(request, "watch_ns"));
  const auto seed = argument<std::uint64_t>(request, "seed");
  options_.stage("making a fleet");
  try {
    clock_.fleet = std::make_unique<Fleet>(settings_of(*scenario_, seed, Instant(warm_up), watch), seed);
  } catch (const std::invalid_argument& error) {
    throw MeasurementError(error.what());
  }
}

// Time goes on from where the fleet left it.
void FleetTestbed::end() {
  clock_.from = clock_.now();
  clock_.fleet.reset();
}

void FleetTestbed::sleep_until(Instant when) {
  throw_if_interrupted();
  while (clock_.fleet != nullptr && now() < when) {
    clock_.fleet->run_until(Instant(std::min(when, now() + kSlice) - clock_.from));
    throw_if_interrupted();
  }
  clock_.from = clock_.fleet != nullptr ? clock_.from : std::max(clock_.from, when);
  log_.flush();
}

json FleetTestbed::command(const std::string& node, const json& request) {
  throw_if_interrupted();
  const std::string what = request.value("do", "");
  if (node != kAgent) throw MeasurementError(fmt::format("{}: {}: there is no agent but {}", node, what, kAgent));
  json reply = json::object();
  try {
    if (what == "make") {
      make(request);
    } else if (what == "measure") {
      fleet().on_window([this](const Window& window) { log_window(window); });
      fleet().begin_measuring();
    } else if (what == "sums") {
      reply = tell_sums();
    } else if (what == "end") {
      end();
    } else {
      throw UsageError("unknown: allowed are make, measure, sums and end");
    }
  } catch (const UsageError& error) {
    throw MeasurementError(fmt::format("{}: {}: {}", node, what, error.what()));
  }
  log_.flush();
  reply["ok"] = true;
  return reply;
}

void FleetTestbed::log_window(const Window& window) {
  log_.write_at(clock_.from + window.end.time_since_epoch(), "fleet_window",
                {{"trial", trial_},
                 {"flows", window.flows},
                 {"served", window.latency.count()},
                 {"refused", window.refused},
                 {"lost", window.lost},
                 {"unsteered", window.unsteered},
                 {"latency_sum_ns", ns_of(window.latency_sum_s)},
                 {"latency_p99_ns", p99_ns(window.latency)},
                 {"peak_used", window.peak_used},
                 {"peak_offered", window.peak_offered},
                 {"active", std::llround(window.active)},
                 {"active_var", window.active_var},
                 {"active_imbalance", window.active_imbalance},
                 {"updates_sent", window.updates_sent},
                 {"updates_delivered", window.updates_delivered},
                 {"decisions", window.decisions}});
}

json FleetTestbed::tell_sums() {
  const Sums sums = fleet().sums();
  const ordered_json totals = totals_of(sums);
  ordered_json event = {{"trial", trial_}};
  event.update(totals);
  event["there_before"] = sums.there_before;
  event["there_after"] = sums.there_after;
  event["capacity"] = scenario_->fleet->capacity;
  event["site_flows"] = column(sums, [](const SiteSums& site) { return site.flows; });
  event["site_used_ns"] = column(sums, [](const SiteSums& site) { return ns_of(site.used_s); });
  event["site_offered_ns"] = column(sums, [](const SiteSums& site) { return ns_of(site.offered_s); });
  event["latency_sum_ns"] = ns_of(sums.latency_sum_s);
  event["latency"] = buckets_of(sums.latency);
  event["updates_sent"] = sums.updates_sent;
  event["updates_delivered"] = sums.updates_delivered;
  event["updates_replaced"] = sums.updates_replaced;
  event["updates_lost"] = sums.updates_lost;
  event["decisions"] = sums.decisions;
  event["orders"] = sums.orders;
  event["probes"] = sums.probes;
  log_.write("fleet_sums", std::move(event));
  return json(totals);
}

void FleetTestbed::lose(const std::string& node, scenarios::Part) { refuse(node, "lose"); }

void FleetTestbed::restore(const std::string& node, scenarios::Part) { refuse(node, "restore"); }

void FleetTestbed::set_link(const std::string& a, const std::string& b, bool) { refuse(a + "-" + b, "link"); }

Duration FleetTestbed::cpu_time(const std::string& node) const { refuse(node, "CPU time"); }

}  // namespace cats::sim::fleet
