#include "suite/run.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include <spdlog/spdlog.h>

#include "base/error.h"
#include "base/file.h"
#include "emulator/agents.h"
#include "emulator/control_plane.h"
#include "emulator/environment.h"
#include "emulator/frr/router.h"
#include "emulator/kernel/sysctl.h"
#include "emulator/preflight.h"
#include "emulator/roles/plugin.h"
#include "emulator/run_state.h"
#include "emulator/testbed.h"
#include "emulator/world.h"
#include "suite/bounds.h"
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
constexpr const char* kLibraries = "algorithms";
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

void run_on_network(const Scenario& scenario, const RunOptions& options, RunState& state, EventLog& log,
                    const Taken& before) {
  kernel::raise_machine_settings(kConntrackEntries);
  TestbedOptions testbed_options;
  testbed_options.run = state.id();
  testbed_options.paths = {.state = state.directory(), .run_directory = fs::absolute(options.directory)};
  testbed_options.catsd = options.catsd;
  testbed_options.stage = options.stage;
  testbed_options.planned = [&](plan::Plan& plan, const Scenario& built) {
    for (const auto& fault : built.faults)
      if (fault.kind == "wrong-tunnel") misdirect(plan, *built.network, fault);
    write_file(options.directory / "plan.txt", plan::text(plan));
  };
  // Once each, of a network: what an entry in another mode adds, the report has too.
  std::set<std::string> told;
  testbed_options.checked = [&](const std::vector<PreflightCheck>& checks, bool new_network) {
    if (new_network) told.clear();
    for (const auto& check : checks)
      if (told.insert(check.check).second || !check.ok)
        log.write("preflight", {{"check", check.check}, {"ok", check.ok}, {"detail", check.detail}});
    if (const std::string text = failed(checks); !text.empty()) throw MeasurementError("preflight failed:" + text);
  };
  EmulatedTestbed testbed(std::move(testbed_options));
  run_trials(testbed, plan_trials(scenario), options.directory, log, options.progress, before);
  options.stage("stopping agents");
  testbed.stop();
}

// draft-yl-bmwg-cats-02: the group of CATS routers (figure 2), the controller (figure 1), or both.
ordered_json devices_under_test(const Scenario& scenario, const ordered_json& saved) {
  bool routers = false;
  bool controller = false;
  for (const Scenario* one : one_per_mode(scenario)) {
    routers = routers || one->mode != scenarios::Mode::centralized;
    controller = controller || (one->mode != scenarios::Mode::distributed && one->cps() != scenarios::Cps::ingress);
  }
  const topologies::Topology& topology = *scenario.network;
  ordered_json duts = ordered_json::array();
  if (routers) {
    ordered_json nodes = ordered_json::array();
    for (const auto* router : topology.routers()) nodes.push_back(router->name);
    duts.push_back({{"nodes", nodes},
                    {"kind", "FRRouting, with catsd's path selector and flow table at the ingress"},
                    {"version", saved.at("environment").at("tools").at("frr")},
                    {"access", "VTY, BMP mirror"}});
  }
  if (controller) {
    ordered_json nodes = ordered_json::array();
    for (const auto* node : topology.with_role(topologies::Role::kController)) nodes.push_back(node->name);
    duts.push_back({{"nodes", nodes},
                    {"kind", "catsd's controller"},
                    {"version", saved.at("run").at("catsbench_version")},
                    {"access", "REST, server-sent events"}});
  }
  return duts;
}

// Copies of every topology of the scenario: name as written → file of the run directory.
ordered_json copy_topologies(const Scenario& scenario, const fs::path& directory) {
  ordered_json copies = {{scenario.topology, kTopologyFile}};
  write_file(directory / kTopologyFile, read_file(scenario.topology_file));
  for (const auto& entry : scenario.cases) {
    if (copies.contains(entry.scenario->topology)) continue;
    const std::string copy = fmt::format("topology-{}.clab.yml", copies.size() + 1);
    copies[entry.scenario->topology] = copy;
    write_file(directory / copy, read_file(entry.scenario->topology_file));
  }
  return copies;
}

void describe(const Scenario& scenario, const std::string& id, const RunOptions& options) {
  write_file(options.directory / kScenarioFile, scenario.text);
  const ordered_json topologies = copy_topologies(scenario, options.directory);
  write_file(options.directory / kEnvironmentFile, write_json({{"run", describe_run(scenario, id, options)},
                                                               {"scenario_file", scenario.file},
                                                               {"topology_file", scenario.topology_file},
                                                               {"topologies", topologies},
                                                               {"boot_id", boot_id()},
                                                               {"environment", environment(scenario)}}));
}

ordered_json saved_run(const fs::path& directory) {
  if (!fs::exists(directory / kEnvironmentFile))
    throw UsageError(fmt::format("{} is no run directory: it has no {}", directory.string(), kEnvironmentFile));
  return ordered_json::parse(read_file(directory / kEnvironmentFile));
}

// The run directory's own copy of a topology.
void attach_network(Scenario& scenario, const fs::path& directory, const ordered_json& copies) {
  scenario.topology_file = directory / copies.at(scenario.topology).get<std::string>();
  auto topology = topologies::load_topology(scenario.topology_file);
  if (!topology) throw UsageError(topology.error().str());
  scenario.network = std::move(*topology);
}

fs::path library_copy(const fs::path& directory, const scenarios::Algorithm& algorithm) {
  return fs::absolute(directory / kLibraries / fs::path(algorithm.name).filename());
}

// The scenario and each of its cases, changed.
Scenario with_each(Scenario scenario, const std::function<void(Scenario&)>& change) {
  change(scenario);
  for (scenarios::Case& entry : scenario.cases) {
    Scenario own = *entry.scenario;
    change(own);
    entry.scenario = std::make_shared<const Scenario>(std::move(own));
  }
  return scenario;
}

void attach_library(scenarios::Algorithm& algorithm, const fs::path& directory) {
  if (!algorithm.is_library()) return;
  algorithm.library = library_copy(directory, algorithm);
  algorithm.library_sha256 = sha256(read_file(algorithm.library));
}

// Libraries of the user's are copied, so that the run directory holds what ran, and tried before anything is built.
Scenario with_own_libraries(const Scenario& scenario, const RunOptions& options) {
  std::map<fs::path, fs::path> copied;  // copy → original
  return with_each(scenario, [&](Scenario& each) {
    scenarios::Algorithm& algorithm = each.algorithm;
    if (!algorithm.is_library()) return;
    const fs::path copy = library_copy(options.directory, algorithm);
    if (const auto [known, is_new] = copied.try_emplace(copy, algorithm.library); !is_new) {
      if (known->second != algorithm.library)
        throw UsageError(fmt::format("two algorithms are called {}: {} and {}", copy.filename().string(),
                                     known->second.string(), algorithm.library.string()));
    } else {
      fs::create_directories(copy.parent_path());
      fs::copy_file(algorithm.library, copy, fs::copy_options::overwrite_existing);
    }
    attach_library(algorithm, options.directory);
    const roles::PluginAlgorithm trial(copy, algorithm.parameters, options.catsd);
  });
}

// A killed writer leaves at most one torn line, at the end.
void drop_torn_line(const fs::path& file) {
  const std::string text = read_file(file);
  const std::size_t whole = text.find_last_of('\n') + 1;
  if (whole < text.size()) fs::resize_file(file, whole);
}

// Makes a run directory ready to go on: what it holds already.
Taken reopen(const fs::path& directory) {
  if (saved_run(directory).value("boot_id", "") != boot_id())
    throw UsageError(
        fmt::format("{}: the machine was booted anew since then, and its clock with it: times of two boots cannot be "
                    "compared; run the scenario again",
                    directory.string()));
  for (const char* folder : {"events", "samples"})
    for (const auto& entry : fs::directory_iterator(directory / folder))
      if (entry.is_regular_file()) drop_torn_line(entry.path());
  const auto data = RunData::load(directory);
  if (!data) throw UsageError(data.error().message);
  return taken(*data);
}

}  // namespace

scenarios::Catalogue catalogue(const fs::path& shipped_topologies) {
  return {.algorithms = scenarios::declared_algorithms(),
          .tests = scenarios::declared_tests(all_tests()),
          .faults = scenarios::declared_faults(),
          .topologies = shipped_topologies};
}

Scenario scenario_of(const fs::path& run_directory) {
  const auto saved = saved_run(run_directory);
  const auto known = catalogue({});
  auto scenario = scenarios::parse_scenario(read_file(run_directory / kScenarioFile),
                                            (run_directory / kScenarioFile).string(), known);
  if (!scenario) throw UsageError(scenario.error().message);
  if (saved.at("run").at("quick").get<bool>()) scenario = scenarios::quick(*std::move(scenario), known);
  const ordered_json& copies = saved.at("topologies");
  return with_each(*std::move(scenario), [&](Scenario& each) {
    attach_network(each, run_directory, copies);
    attach_library(each.algorithm, run_directory);
  });
}

Report run_scenario(const Scenario& given, const RunOptions& options) {
  for (const scenarios::Case& entry : scenarios::cases_of(given)) frr_southbound(*entry.scenario);  // or say what lacks
  if (!options.resume) make_directory(options.directory);
  const Scenario scenario = options.resume ? given : with_own_libraries(given, options);
  const MonotonicClock clock;
  {
    RunState state = RunState::create("scenario", scenario.name, scenario.topology_file);
    Taken before;
    if (options.resume)
      before = reopen(options.directory);
    else
      describe(scenario, state.id(), options);
    EventLog log(options.directory / "events/runner.jsonl", "runner", clock);
    try {
      run_on_network(scenario, options, state, log, before);
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
  const Scenario scenario = scenario_of(run_directory);
  const auto saved = saved_run(run_directory);
  const auto data = RunData::load(run_directory);
  if (!data) throw MeasurementError(data.error().message);

  Report report;
  Analysis analysis = analyse(*data, scenario);
  report.run = saved.at("run");
  report.run["trial_order"] = analysis.trial_order;
  report.scenario = {{"name", scenario.name}, {"sha256", scenario.sha256}, {"file", saved.at("scenario_file")}};
  report.topology = {{"sha256", sha256(read_file(run_directory / kTopologyFile))},
                     {"file", saved.at("topology_file")},
                     {"nodes", topologies::json(*scenario.network).at("nodes")},
                     {"links", topologies::json(*scenario.network).at("links")}};
  report.clock = {{"id", "CLOCK_MONOTONIC"}, {"offset_bound_ns", 0}};
  report.environment = saved.at("environment");
  report.declarations = declarations(scenario, saved.at("environment"));
  report.duts = devices_under_test(scenario, saved);
  for (const Event& event : data->events("preflight"))
    report.preflight.push_back({{"check", event.at("check")}, {"ok", event.at("ok")}, {"detail", event.at("detail")}});
  report.tests = std::move(analysis.tests);
  report.comparisons = std::move(analysis.comparisons);
  report.bounds = judge_bounds(scenario.bounds, report.tests);
  report.warnings = std::move(analysis.warnings);
  for (const auto& warning : scenario.warnings) report.warnings.push_back({.test = {}, .figure = {}, .text = warning});
  for (const Event& event : data->events("run_failed"))
    report.warnings.push_back({.test = {}, .figure = {}, .text = event.text("reason")});
  return report;
}

}  // namespace cats::suite
