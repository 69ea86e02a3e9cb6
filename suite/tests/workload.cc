#include "suite/tests/workload.h"

namespace cats::suite {

nlohmann::json load_request(const TrialContext& context, Instant start, Duration length, Sessions which) {
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
  if (workload.persistent && which == Sessions::all)
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

}  // namespace cats::suite
