#include "suite/tests/workload.h"

#include "base/error.h"
#include "load/load.h"

namespace cats::suite {
namespace {

constexpr Duration kIdlePoll = std::chrono::milliseconds(50);
constexpr Duration kIdleDeadline = std::chrono::seconds(15);

}  // namespace

load::ArrivalPattern for_hosts(load::ArrivalPattern arrivals) {
  if (!arrivals.file.empty()) arrivals.file = load::in_run_directory(arrivals.file);
  return arrivals;
}

load::RandomDuration for_hosts(load::RandomDuration duration) {
  if (!duration.file.empty()) duration.file = load::in_run_directory(duration.file);
  return duration;
}

nlohmann::json load_request(const TrialContext& context, Instant start, Duration length, Sessions which) {
  const scenarios::Workload& workload = context.scenario.workload;
  load::LoadDescription load;
  load.trial = context.trial;
  load.seed = context.seed;
  load.service = context.testbed.sites().front().cs_id;
  load.port = static_cast<std::uint16_t>(context.scenario.service.port);
  load.work = for_hosts(workload.work);
  load.timeout = workload.timeout;
  load.start = start;
  load.duration = length;
  if (workload.persistent && which == Sessions::all)
    load.persistent = load::PersistentLoad{.sessions = static_cast<unsigned>(workload.persistent->sessions),
                                           .interval = workload.persistent->interval,
                                           .arrivals = workload.persistent->arrivals};
  if (workload.brief)
    load.short_sessions = load::ShortLoad{.rate = workload.brief->rate,
                                          .arrivals = for_hosts(workload.brief->arrivals),
                                          .requests = static_cast<unsigned>(workload.brief->requests),
                                          .gap = workload.brief->interval};
  nlohmann::json request = to_json(load);
  request["do"] = "load";
  return request;
}

void begin_load(scenarios::Testbed& testbed, const nlohmann::json& request) {
  for (const std::string& host : testbed.hosts()) testbed.command(host, request);
}

void end_load(scenarios::Testbed& testbed) {
  for (const std::string& host : testbed.hosts()) testbed.command(host, {{"do", "load_end"}});
}

void close_load(const TrialContext& context) {
  context.begin_phase(kClosePhase);
  end_load(context.testbed);
}

void forget_flows(scenarios::Testbed& testbed) {
  for (const std::string& ingress : testbed.ingresses()) testbed.command(ingress, {{"do", "forget_flows"}});
}

void wait_until_idle(scenarios::Testbed& testbed) {
  const Instant deadline = testbed.now() + kIdleDeadline;
  for (const scenarios::Site& site : testbed.sites())
    while (true) {
      const auto open = testbed.command(site.node, {{"do", "status"}}).at("connections").get<std::int64_t>();
      if (open == 0) break;
      if (testbed.now() >= deadline)
        throw MeasurementError(fmt::format("{} still has {} connections of an earlier load", site.node, open));
      testbed.sleep_until(testbed.now() + kIdlePoll);
    }
}

}  // namespace cats::suite
