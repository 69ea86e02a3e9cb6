#include "scenarios/scenario.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "base/diagnostics.h"
#include "scenarios/control_plane.h"

namespace cats::scenarios {
namespace {

using namespace std::chrono_literals;

constexpr int kQuickTrials = 2;
constexpr Duration kQuickWarmUp = 2s;
constexpr Duration kQuickCoolDown = 500ms;

bool counts_traffic(std::string_view metric) {
  constexpr std::array<std::string_view, 5> kCounts = {"packets_in", "packets_out", "bytes_in", "bytes_out",
                                                       "traffic_period_s"};
  return std::ranges::find(kCounts, metric) != kCounts.end();
}

bool travel_together(std::string_view a, std::string_view b) {
  return a == b || (counts_traffic(a) && counts_traffic(b));
}

}  // namespace

bool Metrics::Prometheus::at(const std::string& edge_server) const {
  return sites.empty() || std::ranges::find(sites, edge_server) != sites.end();
}

double Service::quota_of(const std::string& edge_server) const {
  const auto found = site_quotas.find(edge_server);
  return found == site_quotas.end() ? quota_cores : found->second;
}

double Workload::requests_per_second() const {
  double rate = 0;
  if (persistent) rate += persistent->sessions / to_seconds(persistent->interval);
  if (brief) rate += brief->rate * brief->requests;
  return rate;
}

Duration Workload::mean_flow_duration() const {
  if (!brief) return {};
  return (brief->requests - 1) * brief->interval + brief->requests * work.mean;
}

const TestRequest* Scenario::test(const std::string& test_name) const {
  const auto found = std::ranges::find(tests, test_name, &TestRequest::name);
  return found == tests.end() ? nullptr : &*found;
}

Via Scenario::via(const std::string& metric) const {
  if (mode != Mode::hybrid) return mode == Mode::centralized ? Via::controller : Via::bgp;
  for (const auto& [given, way] : metrics.via)
    if (travel_together(given, metric)) return way;
  return cps() != Cps::ingress && travel_together(metrics.steer_by, metric) ? Via::controller : Via::bgp;
}

Cps Scenario::cps() const {
  if (mode == Mode::hybrid) return controller.cps;
  return mode == Mode::centralized ? Cps::controller : Cps::ingress;
}

bool Scenario::steered_by_frr() const {
  return cps() == Cps::controller && controller.southbound != SouthboundDriver::agent;
}

std::string Scenario::fallback() const {
  if (!controller.fallback.empty()) return controller.fallback;
  const cpsel::Declaration* best = nullptr;
  for (const cpsel::Declaration& each : metrics.declared)
    if (can_refine(each.type) && via(each.type) == Via::bgp && (best == nullptr || each.level > best->level))
      best = &each;
  return best == nullptr ? "" : best->type;
}

Duration least_warm_up(const Scenario& scenario) {
  const Duration flow = scenario.fleet ? scenario.fleet->work.mean : scenario.workload.mean_flow_duration();
  return std::max<Duration>({5 * scenario.interval, 5 * flow, 10s});
}

std::vector<Case> cases_of(const Scenario& scenario) {
  if (!scenario.cases.empty()) return scenario.cases;
  std::vector<Case> cases;
  for (const TestRequest& request : scenario.tests) {
    auto alone = std::make_shared<Scenario>(scenario);
    alone->tests = {request};
    cases.push_back({request.name, request.name, nlohmann::ordered_json::object(), std::move(alone)});
  }
  return cases;
}

bool runs_on(const Scenario& scenario, Engine engine) {
  if (scenario.cases.empty()) return scenario.engine == engine;
  return std::ranges::any_of(scenario.cases, [&](const Case& entry) { return entry.scenario->engine == engine; });
}

Scenario only(Scenario scenario, Engine engine) {
  if (!runs_on(scenario, engine))
    throw std::logic_error(fmt::format("{} has no entry on engine {}", scenario.name, to_string(engine)));
  std::erase_if(scenario.cases, [&](const Case& entry) { return entry.scenario->engine != engine; });
  scenario.engine = engine;
  return scenario;
}

Scenario quick(Scenario scenario, const Catalogue& catalogue) {
  scenario.quick = true;
  scenario.trials.min = std::min(scenario.trials.min, kQuickTrials);
  scenario.trials.max = std::min(scenario.trials.max, kQuickTrials);
  scenario.warm_up = std::min(scenario.warm_up, std::max<Duration>(kQuickWarmUp, 2 * scenario.interval));
  scenario.cool_down = std::min(scenario.cool_down, kQuickCoolDown);
  for (auto& request : scenario.tests)
    for (const auto& test : catalogue.tests)
      for (const auto& parameter : test.parameters)
        if (test.name == request.name && request.parameters.contains(parameter.name) &&
            request.parameters[parameter.name].get<double>() > parameter.quick && parameter.quick < parameter.value)
          request.parameters.erase(parameter.name);
  scenario.warnings.emplace_back("--quick: fewer and shorter trials than the common rules ask for");
  for (Case& each : scenario.cases) each.scenario = std::make_shared<const Scenario>(quick(*each.scenario, catalogue));
  return scenario;
}

Expected<std::filesystem::path> find_scenario(const std::string& name, const std::filesystem::path& shipped) {
  std::error_code ignored;
  if (std::filesystem::is_regular_file(name, ignored)) return name;
  const bool bare = name.find('/') == std::string::npos;
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(shipped, ignored)) {
    if (entry.path().extension() != ".yaml") continue;
    if (bare && (entry.path().filename() == name || entry.path().stem() == name)) return entry.path();
    names.push_back(entry.path().stem());
  }
  std::ranges::sort(names);
  return fail("no scenario \"{}\": neither a file nor one of those that ship: {}{}", name,
              names.empty() ? "none" : one_of(names), did_you_mean(std::filesystem::path(name).stem().string(), names));
}

const char* to_string(Engine engine) { return engine == Engine::sim ? "sim" : "emulator"; }

const char* to_string(Mode mode) {
  switch (mode) {
    case Mode::distributed:
      return "distributed";
    case Mode::centralized:
      return "centralized";
    case Mode::hybrid:
      return "hybrid";
  }
  return "";
}

const char* to_string(Refresh refresh) { return refresh == Refresh::every_interval ? "every-interval" : "on-change"; }

const char* to_string(Via via) { return via == Via::controller ? "controller" : "bgp"; }

const char* to_string(Cps cps) {
  switch (cps) {
    case Cps::controller:
      return "controller";
    case Cps::ingress:
      return "ingress";
    case Cps::split:
      return "split";
  }
  return "";
}

const char* to_string(SouthboundDriver driver) {
  switch (driver) {
    case SouthboundDriver::agent:
      return "agent";
    case SouthboundDriver::frr_vtysh:
      return "frr-vtysh";
    case SouthboundDriver::frr_grpc:
      return "frr-grpc";
  }
  return "";
}

}  // namespace cats::scenarios
