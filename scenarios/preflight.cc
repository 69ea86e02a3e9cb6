#include "scenarios/preflight.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "cpsel/slots.h"

namespace cats::scenarios {
namespace {

using nlohmann::json;

}  // namespace

std::string failures(const std::vector<PreflightCheck>& checks) {
  std::string text;
  for (const PreflightCheck& check : checks)
    if (!check.ok) text += fmt::format("\n  {}: {}", check.check, check.detail);
  return text;
}

Duration until_heard(const Scenario& scenario) { return scenario.metrics.window + 2 * scenario.interval; }

void Preflight::expect(const std::string& check, const std::string& good, const std::function<std::string()>& wrong) {
  while (true) {
    std::string what;
    try {
      what = wrong();
    } catch (const MeasurementError& error) {
      what = error.what();
    } catch (const json::exception& error) {
      what = fmt::format("an answer is not as documented: {}", error.what());
    }
    if (what.empty() || testbed_.now() > deadline_) {
      checks_.push_back({check, what.empty(), what.empty() ? good : what});
      return;
    }
    testbed_.sleep_until(testbed_.now() + std::chrono::milliseconds(100));
  }
}

void Preflight::collectors() {
  for (const Site& site : testbed_.sites())
    expect(fmt::format("collector of {}", site.node), "answered with one sample", [&]() -> std::string {
      const json raw = testbed_.command(site.node, {{"do", "sample"}}).at("raw");
      return raw.contains("cpu_utilisation") ? "" : "the sample has no cpu_utilisation: " + raw.dump();
    });
}

// The metric that the ingress itself chooses by: none where it takes orders.
std::string Preflight::own_metric() const {
  if (scenario_.cps() == Cps::controller) return "";
  return scenario_.cps() == Cps::split ? scenario_.fallback() : scenario_.metrics.steer_by;
}

void Preflight::instances_at(const std::string& ingress) {
  const std::string metric = own_metric();
  expect(fmt::format("{} at {}", metric.empty() ? "routes" : "metrics", ingress),
         metric.empty() ? "every instance is announced" : "every instance is announced, with metrics",
         [&] { return missing_at(ingress, metric); });
}

std::string Preflight::missing_at(const std::string& ingress, const std::string& metric) const {
  const json status = testbed_.command(ingress, {{"do", "status"}});
  std::set<std::string> present;
  for (const auto& service : status.at("services"))
    for (const auto& instance : service.at("instances"))
      if (metric.empty() || (instance.at("eligible").get<bool>() && instance.at("values").contains(metric)))
        present.insert(instance.at("csci"));
  for (const Site& site : testbed_.sites())
    if (!present.contains(site.csci.str()))
      return metric.empty() ? fmt::format("no route to {} ({})", site.node, site.csci)
                            : fmt::format("no usable {} of {} ({})", metric, site.node, site.csci);
  return "";
}

void Preflight::control_plane() {
  if (scenario_.mode == Mode::distributed) return;
  const std::string controller = scenario_.network->with_role(topologies::Role::kController).at(0)->name;
  expect(fmt::format("metrics at {}", controller), "every instance is known, by way of the manager",
         [&] { return unheard_at_controller(controller); });
  if (scenario_.cps() == Cps::ingress) return;
  expect(fmt::format("orders of {}", controller), "in force at every ingress",
         [&] { return orders_not_in_force(controller); });
}

std::string Preflight::unheard_at_controller(const std::string& controller) const {
  const bool steers = scenario_.cps() != Cps::ingress;
  const std::string& metric = scenario_.metrics.steer_by;
  const json status = testbed_.command(controller, {{"do", "status"}});
  if (!status.at("manager").get<bool>()) return "it does not hear the edge server manager";
  for (const auto& instance : status.at("metrics"))
    if (!instance.at("values").is_object() || (steers && !instance.at("values").contains(metric)))
      return fmt::format("no {} of {}", steers ? metric : "metrics", instance.at("node").get<std::string>());
  return "";
}

std::string Preflight::orders_not_in_force(const std::string& controller) const {
  const json status = testbed_.command(controller, {{"do", "status"}});
  for (const auto& router : status.at("routers"))
    if (!router.at("failure").is_null())
      return fmt::format("{}: {}", router.at("node").get<std::string>(), router.at("failure").get<std::string>());
  for (const auto& selection : status.at("selections"))
    if (selection.at("in_force").size() < testbed_.ingresses().size())
      return fmt::format("decision {} is not in force at every ingress", selection.at("id").dump());
  return status.at("selections").empty() ? "nothing was decided" : "";
}

void Preflight::tunnel(const std::string& ingress, const Site& site) {
  expect(fmt::format("SRv6 tunnel {} → {}", ingress, site.node), "a probe reached it", [&]() -> std::string {
    const json reply = testbed_.command(
        ingress,
        {{"do", "probe"}, {"service", site.cs_id.str()}, {"csci", site.csci.str()}, {"port", scenario_.service.port}});
    const std::string answered = reply.at("instance");
    return answered == site.csci.str() ? ""
                                       : fmt::format("a probe with the mark of {} reached {}", site.csci, answered);
  });
}

void Preflight::southbound(const std::string& ingress, const std::string& cs_id) {
  expect(fmt::format("flow table of {} read back", ingress), "the slots are those of the weights",
         [&] { return other_slots(ingress, cs_id); });
}

// Weights and slots are read one after the other: a decision may come between.
std::string Preflight::other_slots(const std::string& ingress, const std::string& cs_id) const {
  const json status = testbed_.command(ingress, {{"do", "status"}});
  const json marks = testbed_.command(ingress, {{"do", "slots"}, {"service", cs_id}}).at("marks");
  for (const auto& service : status.at("services")) {
    if (service.at("cs_id") != cs_id) continue;
    std::vector<double> weights;
    for (const auto& instance : service.at("instances")) weights.push_back(instance.at("weight"));
    const auto counts = cpsel::slot_counts(weights, marks.size());
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const json& mark = service.at("instances").at(i).at("mark");
      const auto found = static_cast<std::size_t>(std::ranges::count(marks, mark));
      if (found != counts[i])
        return fmt::format("mark {} is in {} slots, should be in {}", mark.dump(), found, counts[i]);
    }
  }
  return "";
}

}  // namespace cats::scenarios
