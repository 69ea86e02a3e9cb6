#include "suite/run.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <set>
#include <span>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "cpsel/plugin/plugin.h"
#include "emulator/control_plane.h"
#include "emulator/environment.h"
#include "load/patterns.h"
#include "suite/bounds.h"
#include "suite/engines.h"
#include "suite/report/declarations.h"
#include "suite/report/fleet_declarations.h"
#include "suite/report/json.h"
#include "suite/simulated_part.h"
#include "suite/tests/test.h"
#include "topologies/views.h"

namespace cats::suite {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using scenarios::Engine;
using scenarios::Scenario;

constexpr const char* kScenarioFile = "scenario.yaml";
constexpr const char* kLibraries = "algorithms";
constexpr const char* kTopologyFile = "topology.clab.yml";
constexpr const char* kEnvironmentFile = "environment.json";

void make_directory(const fs::path& directory) {
  if (fs::exists(directory / kEnvironmentFile))
    throw UsageError(fmt::format("{} holds a run already: choose another --out", directory.string()));
  for (const char* folder : {"events", "samples", "logs"}) fs::create_directories(directory / folder);
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

// draft-yl-bmwg-cats-02: the group of CATS routers (figure 2), the controller (figure 1), or both; of one engine.
void add_devices(const Scenario& scenario, const ordered_json& saved, ordered_json& duts) {
  bool routers = false;
  bool controller = false;
  for (const Scenario* one : one_per_mode(scenario)) {
    routers = routers || one->mode != scenarios::Mode::centralized;
    controller = controller || (one->mode != scenarios::Mode::distributed && one->cps() != scenarios::Cps::ingress);
  }
  const bool simulated = scenario.engine == Engine::sim;
  const ordered_json version = saved.at("run").at("catsbench_version");
  const auto add = [&](const auto& nodes, const char* kind, const ordered_json& its_version, const char* access) {
    ordered_json names = ordered_json::array();
    for (const auto* node : nodes) names.push_back(node->name);
    duts.push_back({{"nodes", names}, {"kind", kind}, {"version", its_version}, {"access", access}});
  };
  const topologies::Topology& topology = *scenario.network;
  if (routers && simulated)
    add(topology.routers(),
        "a model of FRRouting, with catsbench's path selector and a simulated flow table at the ingress", version,
        "virtual time");
  else if (routers)
    add(topology.routers(), "FRRouting, with catsd's path selector and flow table at the ingress",
        saved.at("environment").at("tools").at("frr"), "VTY, BMP mirror");
  const auto controllers = topology.with_role(topologies::Role::kController);
  if (controller && simulated)
    add(controllers, "catsbench's controller in the simulator", version, "virtual time");
  else if (controller)
    add(controllers, "catsd's controller", version, "REST, server-sent events");
}

ordered_json devices_under_test(const Scenario& scenario, const ordered_json& saved) {
  ordered_json duts = ordered_json::array();
  if (scenario.fleet) {
    duts.push_back(fleet_device(scenario, saved.at("run").at("catsbench_version")));
    return duts;
  }
  for (const Engine engine : {Engine::emulator, Engine::sim})
    if (scenarios::runs_on(scenario, engine)) add_devices(scenarios::only(scenario, engine), saved, duts);
  return duts;
}

// Each check once of a network: every simulated trial has made its own in its world. Of a run on both engines each
// check says where it was made.
ordered_json preflight_of(const RunData& data) {
  ordered_json checks = ordered_json::array();
  const std::span<const Event> worlds = data.events("world_started");
  std::set<std::pair<std::string, std::string>> told;  // topology, check
  for (const Event& event : data.events("preflight")) {
    const auto after = std::ranges::upper_bound(worlds, event.t_ns, {}, &Event::t_ns);
    if (after != worlds.begin() && !told.emplace(std::prev(after)->text("topology"), event.text("check")).second &&
        event.at("ok").get<bool>())
      continue;
    checks.push_back({{"check", event.at("check")}, {"ok", event.at("ok")}, {"detail", event.at("detail")}});
    if (const auto from = data.simulated_from_ns())
      checks.back()["engine"] = to_string(event.t_ns < *from ? Engine::emulator : Engine::sim);
  }
  return checks;
}

ordered_json clock_of(const Scenario& scenario, const RunData& data) {
  ordered_json clock = {{"id", scenarios::runs_on(scenario, Engine::emulator) ? "CLOCK_MONOTONIC" : "virtual"},
                        {"offset_bound_ns", 0}};
  if (const auto from = data.simulated_from_ns()) clock["virtual_from_ns"] = *from;
  return clock;
}

// Copies of every topology of the scenario: name as written → file of the run directory. A fleet has none.
ordered_json copy_topologies(const Scenario& scenario, const fs::path& directory) {
  if (scenario.fleet) return ordered_json::object();
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
  const ordered_json topology_file = scenario.fleet ? ordered_json(nullptr) : ordered_json(scenario.topology_file);
  write_file(options.directory / kEnvironmentFile, write_json({{"run", describe_run(scenario, id, options)},
                                                               {"scenario_file", scenario.file},
                                                               {"topology_file", topology_file},
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

ordered_json topology_of(const Scenario& scenario, const fs::path& directory, const ordered_json& saved) {
  if (scenario.fleet) return fleet_topology(scenario, saved.at("scenario_file"));
  const auto topology = topologies::json(*scenario.network);
  return {{"sha256", sha256(read_file(directory / kTopologyFile))},
          {"file", saved.at("topology_file")},
          {"nodes", topology.at("nodes")},
          {"links", topology.at("links")}};
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

fs::path trace_copy(const fs::path& directory, const scenarios::Trace& trace) {
  return fs::absolute(directory / load::in_run_directory(trace.name));
}

// The traces that workloads play are copied: hosts read them there, and so does whoever computes the run again.
Scenario with_own_traces(const Scenario& scenario, const fs::path& directory) {
  std::map<fs::path, scenarios::Trace> copied;  // by copy
  return with_each(scenario, [&](Scenario& each) {
    for (scenarios::Trace& trace : each.workload.traces) {
      const fs::path copy = trace_copy(directory, trace);
      const auto [known, is_new] = copied.try_emplace(copy, trace);
      if (known->second.sha256 != trace.sha256)
        throw UsageError(fmt::format("two traces are called {}: {} and {}: give one of them another name",
                                     copy.filename().string(), known->second.file.string(), trace.file.string()));
      if (is_new) {
        fs::create_directories(copy.parent_path());
        const std::string text = read_file(trace.file);
        if (sha256(text) != trace.sha256)
          throw UsageError(
              fmt::format("{} has changed since the scenario was read: run it again", trace.file.string()));
        write_file(copy, text);
      }
      trace.file = copy;
    }
  });
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
    const plugin::PluginAlgorithm trial(copy, algorithm.parameters, {.catsd = options.catsd});
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
  drop_simulated_part(directory);  // its virtual time may be ahead of the machine's
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
                                            (run_directory / kScenarioFile).string(), known, run_directory);
  if (!scenario) throw UsageError(scenario.error().message);
  if (saved.at("run").at("quick").get<bool>()) scenario = scenarios::quick(*std::move(scenario), known);
  const ordered_json& copies = saved.at("topologies");
  return with_each(*std::move(scenario), [&](Scenario& each) {
    if (!each.fleet) attach_network(each, run_directory, copies);
    attach_library(each.algorithm, run_directory);
  });
}

Report run_scenario(const Scenario& given, const RunOptions& options) {
  for (const scenarios::Case& entry : scenarios::cases_of(given)) frr_southbound(*entry.scenario);  // or say what lacks
  const bool emulated = scenarios::runs_on(given, Engine::emulator);
  if (options.ranks != nullptr && emulated)
    throw UsageError(
        fmt::format("{}: the emulator runs on one machine: start it without mpirun, or take the simulator alone "
                    "(catsbench sim)",
                    given.name));
  if (!options.resume) make_directory(options.directory);
  const Scenario scenario =
      options.resume ? given : with_own_traces(with_own_libraries(given, options), options.directory);
  const Begin begin = [&](const std::string& id) -> Taken {
    if (options.resume) return reopen(options.directory);
    describe(scenario, id, options);
    return {};
  };
  if (emulated)
    run_emulated(scenarios::only(scenario, Engine::emulator), options, begin);
  else
    run_simulated(scenario, options, begin);
  if (emulated && scenarios::runs_on(scenario, Engine::sim))
    run_simulated_after_emulation(scenarios::only(scenario, Engine::sim), options);
  Report report = recompute(options.directory);
  write_file(options.directory / "report.json", write_json(to_json(report)));
  return report;
}

Report recompute(const fs::path& run_directory) {
  const Scenario scenario = scenario_of(run_directory);
  const auto saved = saved_run(run_directory);
  auto logs = RunReader::open(run_directory);
  if (!logs) throw MeasurementError(logs.error().message);
  const RunData& runner = logs->runner();

  Report report;
  Analysis analysis = analyse(*logs, scenario);
  report.run = saved.at("run");
  report.run["trial_order"] = analysis.trial_order;
  report.scenario = {{"name", scenario.name}, {"sha256", scenario.sha256}, {"file", saved.at("scenario_file")}};
  report.topology = topology_of(scenario, run_directory, saved);
  report.clock = clock_of(scenario, runner);
  report.environment = saved.at("environment");
  report.declarations = declarations(scenario, saved.at("environment"));
  report.duts = devices_under_test(scenario, saved);
  report.preflight = preflight_of(runner);
  report.tests = std::move(analysis.tests);
  report.comparisons = std::move(analysis.comparisons);
  report.bounds = judge_bounds(scenario.bounds, report.tests);
  report.warnings = std::move(analysis.warnings);
  for (const auto& warning : scenario.warnings) report.warnings.push_back({.test = {}, .figure = {}, .text = warning});
  for (const Event& event : runner.events("run_failed"))
    report.warnings.push_back({.test = {}, .figure = {}, .text = event.text("reason")});
  return report;
}

}  // namespace cats::suite
