#include "suite/tests/workload.h"

#include "base/error.h"

namespace cats::suite {
namespace {

constexpr Duration kIdlePoll = std::chrono::milliseconds(50);
constexpr Duration kIdleDeadline = std::chrono::seconds(15);

}  // namespace

nlohmann::json load_request(const TrialContext& context, Instant start, Duration length) {
  const scenarios::Workload& workload = context.scenario.workload;
  nlohmann::json request = {{"do", "load"},
                            {"trial", context.trial},
                            {"seed", context.seed},
                            {"service", context.testbed.sites().front().cs_id.str()},
                            {"port", context.scenario.service.port},
                            {"work_us", workload.work / std::chrono::microseconds(1)},
                            {"timeout_ns", workload.timeout.count()},
                            {"start_ns", to_ns(start)},
                            {"duration_ns", length.count()}};
  if (workload.persistent)
    request["persistent"] = {{"sessions", workload.persistent->sessions},
                             {"interval_ns", workload.persistent->interval.count()},
                             {"arrivals", scenarios::to_string(workload.persistent->arrivals)}};
  if (workload.brief)
    request["short"] = {{"rate", workload.brief->rate},
                        {"arrivals", scenarios::to_string(workload.brief->arrivals)},
                        {"requests", workload.brief->requests},
                        {"gap_ns", workload.brief->interval.count()}};
  return request;
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
