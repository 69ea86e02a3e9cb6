#include "suite/run.h"

#include <algorithm>

#include <spdlog/spdlog.h>

#include "base/error.h"
#include "base/file.h"
#include "emulator/agents.h"
#include "emulator/environment.h"
#include "emulator/frr/router.h"
#include "emulator/kernel/sysctl.h"
#include "emulator/preflight.h"
#include "emulator/run_state.h"
#include "emulator/testbed.h"
#include "emulator/world.h"
#include "suite/report/declarations.h"
#include "suite/report/json.h"
#include "suite/tests/test.h"
#include "topologies/views.h"

namespace cats::suite {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using scenarios::Scenario;

constexpr const char* kScenarioFile = "scenario.yaml";
constexpr const char* kTopologyFile = "topology.clab.yml";
constexpr const char* kEnvironmentFile = "environment.json";
constexpr std::uint64_t kConntrackEntries = 262144;

void make_directory(const fs::path& directory) {
  if (fs::exists(directory / kEnvironmentFile))
    throw UsageError(fmt::format("{} holds a run already: choose another --out", directory.string()));
  for (const char* folder : {"events", "samples", "logs"}) fs::create_directories(directory / folder);
}

// The deliberate fault of a tunnel that leads elsewhere: the table of `instance` gets the SID of another one.
void misdirect(plan::Plan& plan, const topologies::Topology& topology, const scenarios::Fault& fault) {
  const auto find = [&](auto matches) {
    const auto found = std::ranges::find_if(topology.instances, matches);
    if (found == topology.instances.end())
      throw UsageError(fmt::format("fault wrong-tunnel: no tunnel to {} can be misdirected", fault.instance));
    return *found;
  };
  const auto right = find([&](const auto& i) { return i.node == fault.instance; });
  const auto wrong = find([&](const auto& i) { return i.service == right.service && i.node != right.node; });
  for (auto& stage : plan.stages)
    for (auto& operation : stage.operations)
      if (auto* encap = std::get_if<plan::AddEncapRoute>(&operation); encap && encap->table == right.table)
        encap->sid = wrong.sid;
}

// Faults that last from the beginning; those of a moment are injected once a trial's measuring has begun.
bool momentary(const scenarios::Fault& fault) {
  return fault.kind == "lost-update" || fault.kind == "altered-value" || fault.kind == "move-session";
}
bool commanded(const scenarios::Fault& fault) { return fault.kind != "no-conntrack" && fault.kind != "wrong-tunnel"; }

void inject(scenarios::Testbed& testbed, const Scenario& scenario, bool moment) {
  for (const auto& fault : scenario.faults) {
    if (!commanded(fault) || momentary(fault) != moment) continue;
    ordered_json request = {{"do", "fault"}, {"kind", fault.kind}};
    request.update(fault.parameters);
    std::vector<std::string> nodes;
    if (!fault.node.empty())
      nodes = {fault.node};
    else if (fault.kind == "stuck-cps" || fault.kind == "move-session")
      nodes = testbed.ingresses();
    else
      for (const auto& site : testbed.sites()) nodes.push_back(site.node);
    for (const auto& node : nodes) testbed.command(node, request);
  }
}

ordered_json describe_run(const Scenario& scenario, const std::string& id, const RunOptions& options) {
  std::string command;
  for (const auto& word : options.command_line) command += (command.empty() ? "" : " ") + word;
  return {{"id", id},
          {"started_utc", utc_now()},
          {"catsbench_version", options.version},
          {"commit", options.commit.empty() ? ordered_json(nullptr) : ordered_json(options.commit)},
          {"quick", scenario.quick},
          {"command", command}};
}

std::string failed(const std::vector<PreflightCheck>& checks) {
  std::string text;
  for (const auto& check : checks)
    if (!check.ok) text += fmt::format("\n  {}: {}", check.check, check.detail);
  return text;
}

void run_on_network(const Scenario& scenario, const RunOptions& options, RunState& state, EventLog& log) {
  const topologies::Topology& topology = *scenario.network;
  kernel::raise_machine_settings(kConntrackEntries);
  plan::Plan plan = plan::make_plan(topology, {.run = state.id()});
  for (const auto& fault : scenario.faults)
    if (fault.kind == "wrong-tunnel") misdirect(plan, topology, fault);
  write_file(options.directory / "plan.txt", plan::text(plan));

  World world(topology, {.run = state.id(),
                         .directory = state.directory(),
                         .logs = options.directory / "logs",
                         .progress = options.stage});
  world.up(plan);
  options.stage("starting agents");
  const AgentPaths paths{.state = state.directory(), .run_directory = fs::absolute(options.directory)};
  Agents agents(world, scenario, plan_agents(scenario, state.id(), paths, MonotonicClock().now()), paths,
                options.catsd);
  EmulatedTestbed testbed(world, agents, scenario);

  options.stage("preflight");
  const auto checks = preflight(world, testbed, scenario);
  for (const auto& check : checks)
    log.write("preflight", {{"check", check.check}, {"ok", check.ok}, {"detail", check.detail}});
  if (const std::string text = failed(checks); !text.empty()) {
    log.write("run_failed", {{"reason", "preflight failed:" + text}});
    return;
  }
  inject(testbed, scenario, false);
  std::string trial_with_fault;
  run_trials(testbed, scenario, plan_trials(scenario), options.directory, log, [&](const Progress& progress) {
    options.progress(progress);
    const std::string trial = fmt::format("{}.{}.{}", progress.test, progress.index, progress.attempt);
    if (progress.phase == kMeasurePhase && trial != trial_with_fault) {
      trial_with_fault = trial;
      inject(testbed, scenario, true);
    }
  });
  options.stage("stopping agents");
  agents.stop();
}

// Of the distributed approach (draft-yl-bmwg-cats-02, figure 2): the group of CATS routers.
ordered_json device_under_test(const topologies::Topology& topology, const ordered_json& environment) {
  ordered_json nodes = ordered_json::array();
  for (const auto* router : topology.routers()) nodes.push_back(router->name);
  return {{"nodes", nodes},
          {"kind", "FRRouting, with catsd's path selector and flow table at the ingress"},
          {"version", environment.at("tools").at("frr")},
          {"access", "VTY, BMP mirror"}};
}

}  // namespace

scenarios::Catalogue catalogue(const fs::path& shipped_topologies) {
  return {.algorithms = scenarios::declared_algorithms(),
          .tests = scenarios::declared_tests(all_tests()),
          .faults = scenarios::declared_faults(),
          .topologies = shipped_topologies};
}

Report run_scenario(const Scenario& scenario, const RunOptions& options) {
  make_directory(options.directory);
  const MonotonicClock clock;
  {
    RunState state = RunState::create("scenario", scenario.name, scenario.topology_file);
    write_file(options.directory / kScenarioFile, scenario.text);
    write_file(options.directory / kTopologyFile, read_file(scenario.topology_file));
    write_file(options.directory / kEnvironmentFile, write_json({{"run", describe_run(scenario, state.id(), options)},
                                                                 {"scenario_file", scenario.file},
                                                                 {"topology_file", scenario.topology_file},
                                                                 {"environment", environment(scenario)}}));
    EventLog log(options.directory / "events/runner.jsonl", "runner", clock);
    try {
      run_on_network(scenario, options, state, log);
    } catch (const MeasurementError& error) {
      // The report says what could be measured until then, and why no more.
      log.write("run_failed", {{"reason", error.what()}});
    }
    options.stage("removing the network");
  }
  Report report = recompute(options.directory);
  write_file(options.directory / "report.json", write_json(to_json(report)));
  return report;
}

Report recompute(const fs::path& run_directory) {
  if (!fs::exists(run_directory / kEnvironmentFile))
    throw UsageError(fmt::format("{} is no run directory: it has no {}", run_directory.string(), kEnvironmentFile));
  const auto saved = ordered_json::parse(read_file(run_directory / kEnvironmentFile));
  const auto known = catalogue({});
  auto scenario = scenarios::parse_scenario(read_file(run_directory / kScenarioFile),
                                            (run_directory / kScenarioFile).string(), known);
  if (!scenario) throw UsageError(scenario.error().message);
  auto topology = topologies::load_topology(run_directory / kTopologyFile);
  if (!topology) throw UsageError(topology.error().str());
  scenario->network = *topology;
  if (saved.at("run").at("quick").get<bool>()) scenario = scenarios::quick(*std::move(scenario), known);
  const auto data = RunData::load(run_directory);
  if (!data) throw MeasurementError(data.error().message);

  Report report;
  Analysis analysis = analyse(*data, *scenario);
  report.run = saved.at("run");
  report.run["trial_order"] = analysis.trial_order;
  report.scenario = {{"name", scenario->name}, {"sha256", scenario->sha256}, {"file", saved.at("scenario_file")}};
  report.topology = {{"sha256", sha256(read_file(run_directory / kTopologyFile))},
                     {"file", saved.at("topology_file")},
                     {"nodes", topologies::json(*topology).at("nodes")},
                     {"links", topologies::json(*topology).at("links")}};
  report.clock = {{"id", "CLOCK_MONOTONIC"}, {"offset_bound_ns", 0}};
  report.environment = saved.at("environment");
  report.declarations = declarations(*scenario, saved.at("environment"));
  report.duts.push_back(device_under_test(*topology, saved.at("environment")));
  for (const Event& event : data->events("preflight"))
    report.preflight.push_back({{"check", event.at("check")}, {"ok", event.at("ok")}, {"detail", event.at("detail")}});
  report.tests = std::move(analysis.tests);
  report.warnings = std::move(analysis.warnings);
  for (const auto& warning : scenario->warnings) report.warnings.push_back({.test = {}, .figure = {}, .text = warning});
  for (const Event& event : data->events("run_failed"))
    report.warnings.push_back({.test = {}, .figure = {}, .text = event.text("reason")});
  return report;
}

}  // namespace cats::suite
