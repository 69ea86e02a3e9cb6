#include "sim/world/testbed.h"

#include <algorithm>

#include <spdlog/spdlog.h>

#include "base/error.h"
#include "base/interrupt.h"
#include "cpsel/metrics_json.h"
#include "cpsel/plugin/maker.h"
#include "scenarios/deployment.h"

namespace cats::sim {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using scenarios::Scenario;

constexpr Duration kReady = std::chrono::seconds(20);        // to hear of every instance and to decide
constexpr Duration kAnswer = std::chrono::seconds(30);       // a load's end waits for outstanding replies
constexpr Duration kSlice = std::chrono::milliseconds(200);  // of virtual time, between two looks for Ctrl-C

ordered_json ns_or_null(const std::optional<Duration>& duration) {
  return duration ? ordered_json(duration->count()) : ordered_json(nullptr);
}

ordered_json settings_of(const scenarios::Simulation& model) {
  return {model.link_delay.count(),
          model.link_rate.value_or(0),
          model.bgp_batch.count(),
          model.collecting.count(),
          model.deciding.count(),
          model.programming.count(),
          model.rest_processing.count(),
          model.request_overhead.count(),
          model.link_loss,
          model.update_loss,
          model.cpus};
}

// Faults that are built in, and how long a session's state stays.
ordered_json ingress_settings(const Scenario& scenario) {
  ordered_json settings = ordered_json::array();
  for (const auto& fault : scenario.faults)
    if (fault.kind == "no-conntrack" || fault.kind == "wrong-tunnel")
      settings.push_back({fault.kind, fault.node, fault.instance});
  if (const auto* continuity = scenario.test("session-continuity")) settings.push_back(continuity->parameters);
  return settings;
}

// All that a world is made of, but the algorithm and the quotas. Two of the same are the same world.
std::string settings_of(const Scenario& scenario) {
  ordered_json via = ordered_json::object();
  for (const auto& metric : cpsel::metrics())
    via[std::string(metric.name)] = to_string(scenario.via(std::string(metric.name)));
  const auto& attribute = scenario.attribute;
  const ordered_json settings = {
      {"topology", scenario.topology_file.string()},
      {"model", settings_of(scenario.simulation)},
      {"mode", to_string(scenario.mode)},
      {"cps", to_string(scenario.cps())},
      {"fallback", scenario.fallback()},
      {"seed", scenario.seed},
      {"interval", scenario.interval.count()},
      {"refresh", to_string(scenario.refresh)},
      {"age_limit", ns_or_null(scenario.age_limit)},
      {"attribute",
       {attribute.transit, attribute.capability_code, attribute.cats_metric_type, attribute.cats_stamp_type}},
      {"service",
       {scenario.service.port, scenario.service.workers, scenario.service.queue_limit,
        scenario.service.quota_period.count()}},
      {"window", scenario.metrics.window.count()},
      {"steer_by", scenario.metrics.steer_by},
      {"declared", cpsel::to_json(scenario.metrics.declared)},
      {"via", via},
      {"ingress", ingress_settings(scenario)}};
  return settings.dump();
}

ordered_json algorithm_of(const Scenario& scenario) {
  return {{"name", scenario.algorithm.name},
          {"parameters", scenario.algorithm.parameters},
          {"library", scenario.algorithm.library.string()}};
}

}  // namespace

SimulatedTestbed::SimulatedTestbed(Options options)
    : options_(std::move(options)), logs_(options_.run_directory / "events", clock_) {}

SimulatedTestbed::~SimulatedTestbed() {
  try {
    flush();
  } catch (const SystemError& error) {
    spdlog::error("{}", error.what());
  }
  world_.reset();  // before the logs that it writes
}

World& SimulatedTestbed::world() const {
  if (!world_) throw MeasurementError("the simulated testbed has no world yet: configure it first");
  return *world_;
}

// What a library prints lies where it does in an emulated run.
World::Makers SimulatedTestbed::makers() const {
  return [catsd = options_.catsd, logs = options_.run_directory / "logs"](const std::string& node) {
    return [host = plugin::PluginHost{.catsd = catsd, .output = logs / (node + ".log")}](
               const cpsel::ChosenAlgorithm& chosen, std::function<void(const std::string&)> on_failure) {
      if (!chosen.library.empty()) std::filesystem::create_directories(host.output.parent_path());
      return plugin::make_algorithm(chosen, host, std::move(on_failure));
    };
  };
}

void SimulatedTestbed::check() const {
  throw_if_interrupted();
  if (const std::string& failure = world().algorithm_failure(); !failure.empty())
    throw scenarios::AlgorithmFailed(failure);
}

void SimulatedTestbed::configure(const Scenario& scenario) {
  const std::string settings = settings_of(scenario);
  const bool new_network = !world_ || scenario.topology_file != topology_file_;
  const bool anew = !world_ || settings != settings_;
  deployment_ = scenarios::deployment_of(scenario);
  if (anew) {
    if (new_network) options_.stage("building the simulated world");
    begin_anew(scenario);
    settings_ = settings;
    topology_file_ = scenario.topology_file;
  } else {
    for (const scenarios::Site& site : deployment_.sites) world_->set_quota(site.node, site.quota_cores);
    take_algorithm(scenario);
  }
  algorithm_ = algorithm_of(scenario);
  if (!anew && !disturbed_) return;
  options_.checked(preflight(scenario), new_network);
  disturbed_ = false;
}

void SimulatedTestbed::begin_anew(const Scenario& scenario) {
  const Instant begins = now();
  flush();
  world_.reset();
  world_ = std::make_unique<World>(scenario, logs_, options_.run_directory / "samples", begins, makers());
}

// Who decides, and who would without the controller.
void SimulatedTestbed::take_algorithm(const Scenario& scenario) {
  const ordered_json algorithm = algorithm_of(scenario);
  if (algorithm == algorithm_) return;
  std::vector<std::string> nodes;
  if (scenario.mode != scenarios::Mode::distributed)
    nodes.push_back(scenario.network->with_role(topologies::Role::kController).at(0)->name);
  if (scenario.cps() != scenarios::Cps::controller)
    nodes.insert(nodes.end(), deployment_.ingresses.begin(), deployment_.ingresses.end());
  for (const std::string& node : nodes)
    for (const auto& service : scenario.network->services)
      command(node, cpsel::algorithm_command(service.cs_id.str(), scenarios::chosen(scenario.algorithm)));
}

std::vector<scenarios::PreflightCheck> SimulatedTestbed::preflight(const Scenario& scenario) {
  scenarios::Preflight preflight(*this, scenario, now() + scenarios::until_heard(scenario) + kReady);
  preflight.collectors();
  preflight.control_plane();
  for (const std::string& ingress : deployment_.ingresses) {
    preflight.instances_at(ingress);
    for (const scenarios::Site& site : deployment_.sites) preflight.tunnel(ingress, site);
    for (const auto& service : scenario.network->services) preflight.southbound(ingress, service.cs_id.str());
  }
  return preflight.checks();
}

void SimulatedTestbed::sleep_until(Instant when) {
  check();
  World& world = this->world();
  while (world.now() < when) {
    world.run_until(std::min(when, world.now() + kSlice));
    check();
  }
  flush();
}

json SimulatedTestbed::command(const std::string& node, const json& request) {
  check();
  World& world = this->world();
  const std::string what = fmt::format("{}: {}", node, request.value("do", ""));
  struct Answer {
    bool awaited = false;
    std::optional<Expected<ordered_json>> reply;
  };
  // The world keeps the callback until it has answered, which may be after we gave up.
  const auto answer = std::make_shared<Answer>();
  try {
    world.command(node, request, [answer, &world](Expected<ordered_json> reply) {
      answer->reply = std::move(reply);
      if (answer->awaited) world.pause();
    });
  } catch (const UsageError& error) {
    throw MeasurementError(fmt::format("{}: {}", what, error.what()));
  }
  const Instant deadline = world.now() + kAnswer;
  answer->awaited = true;
  while (!answer->reply && world.now() < deadline) {
    world.run_until(std::min(deadline, world.now() + kSlice));
    check();
  }
  answer->awaited = false;
  flush();
  if (!answer->reply) throw MeasurementError(fmt::format("{}: no answer within {} s", what, to_seconds(kAnswer)));
  if (!*answer->reply) throw MeasurementError(fmt::format("{}: {}", what, answer->reply->error().message));
  return json(**answer->reply);
}

void SimulatedTestbed::lose(const std::string& node, scenarios::Part part) {
  disturbed_ = true;
  world().lose(node, part);
}

void SimulatedTestbed::restore(const std::string& node, scenarios::Part part) {
  if (!world().lost(node, part)) return;
  sleep_until(now() + (part == scenarios::Part::agent ? World::kProcessStart : World::kDaemonsStart));
  world().restore(node, part);
}

void SimulatedTestbed::set_link(const std::string& a, const std::string& b, bool up) {
  disturbed_ = true;
  world().set_link(a, b, up);
}

void SimulatedTestbed::restore_all() {
  if (world_) world_->restore_all();
}

Duration SimulatedTestbed::cpu_time(const std::string& node) const { return world().cpu_time(node); }

void SimulatedTestbed::flush() {
  logs_.flush();
  if (world_) world_->flush();
}

}  // namespace cats::sim
