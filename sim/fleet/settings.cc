#include "sim/fleet/settings.h"

#include <stdexcept>

#include <fmt/format.h>

#include "sim/fleet/picker.h"

namespace cats::sim::fleet {
namespace {

void want(bool right, const std::string& what) {
  if (!right) throw std::invalid_argument("fleet: " + what);
}

void check_algorithm(const Settings& settings) {
  const auto complete = cpsel::complete(settings.algorithm, settings.parameters);
  want(complete.has_value(), complete ? "" : complete.error().message);
  const cpsel::AlgorithmInfo& info = *cpsel::find_algorithm(settings.algorithm);
  want(!info.needs_replies || !settings.controller,
       fmt::format("{} needs replies, which ingresses hear and a controller does not", info.name));
  want(!info.needs_values, fmt::format("{} reads metrics beside the load, which sites do not tell here", info.name));
}

void check_updates(const Updates& updates) {
  want(updates.interval > Duration(0), "updates.interval is not above 0");
  want(updates.window > Duration(0) && updates.window <= updates.interval,
       fmt::format("updates.window is {} s, not above 0 and at most the interval of {} s", to_seconds(updates.window),
                   to_seconds(updates.interval)));
  want(!updates.threshold || *updates.threshold >= 0, "updates.threshold is below 0");
  want(updates.hold >= Duration(0), "updates.hold is below 0");
}

}  // namespace

void check(const Settings& settings) {
  want(!settings.sites.empty() && settings.sites.size() < SmoothPicker::kNobody - 1, "no sites, or too many");
  want(!settings.ingresses.empty(), "no ingresses");
  for (std::size_t i = 0; i < settings.sites.size(); ++i)
    want(settings.sites[i].station.capacity.cores > 0, fmt::format("site {} has no capacity", i));
  for (std::size_t i = 0; i < settings.ingresses.size(); ++i) {
    want(settings.ingresses[i].arrivals != nullptr, fmt::format("ingress {} has no arrivals", i));
    want(settings.ingresses[i].delay >= Duration(0), fmt::format("ingress {} has a delay below 0", i));
  }
  check_algorithm(settings);
  check_updates(settings.updates);
  const Metric& metric = settings.metric;
  for (const cpsel::Normalisation& one : {metric.utilisation, metric.queue})
    if (const auto wrong = cpsel::problem(one)) want(false, "normalisation: " + *wrong);
  want(metric.queue_weight >= 0 && metric.queue_weight <= 1, "metric.queue_weight is not within 0 … 1");
  want(settings.batch >= Duration(0), "batch is below 0");
  want(settings.update_loss >= 0 && settings.update_loss <= 1, "update_loss is not within 0 … 1");
  want(settings.watch > Duration(0), "watch is not above 0");
  want(settings.failure_detection >= Duration(0), "failure_detection is below 0");
  if (const auto& controller = settings.controller)
    want(controller->delay >= Duration(0) && controller->batch >= Duration(0) && controller->order_delay >= Duration(0),
         "a time of the controller is below 0");
  for (const Fault& fault : settings.faults) {
    const bool of_controller =
        fault.kind == Fault::Kind::controller_fails || fault.kind == Fault::Kind::controller_returns;
    want(fault.site < settings.sites.size(), fmt::format("a fault of site {}, which does not exist", fault.site));
    want(!of_controller || settings.controller, "a fault of the controller, and there is none");
  }
}

}  // namespace cats::sim::fleet
