#include <algorithm>
#include <variant>

#include "base/error.h"
#include "base/file.h"
#include "emulator/kernel/sysctl.h"
#include "emulator/plan/plan.h"
#include "emulator/run_state.h"
#include "emulator/testbed.h"
#include "suite/engines.h"

namespace cats::suite {
namespace {

using scenarios::Scenario;

constexpr std::uint64_t kConntrackEntries = 262144;

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

void run_on_network(const Scenario& scenario, const RunOptions& options, RunState& state, EventLog& log,
                    const Taken& before) {
  kernel::raise_machine_settings(kConntrackEntries);
  TestbedOptions testbed_options;
  testbed_options.run = state.id();
  testbed_options.paths = {.state = state.directory(), .run_directory = std::filesystem::absolute(options.directory)};
  testbed_options.catsd = options.catsd;
  testbed_options.stage = options.stage;
  testbed_options.planned = [&](plan::Plan& plan, const Scenario& built) {
    for (const auto& fault : built.faults)
      if (fault.kind == "wrong-tunnel") misdirect(plan, *built.network, fault);
    write_file(options.directory / "plan.txt", plan::text(plan));
  };
  PreflightLog preflight(log);
  testbed_options.checked = [&](const std::vector<scenarios::PreflightCheck>& checks, bool new_network) {
    preflight.add(checks, new_network);
  };
  EmulatedTestbed testbed(std::move(testbed_options));
  run_trials(testbed, plan_trials(scenario), options.directory, log, options.progress, before);
  options.stage("stopping agents");
  testbed.stop();
}

}  // namespace

void run_emulated(const Scenario& scenario, const RunOptions& options, const Begin& begin) {
  const MonotonicClock clock;
  RunState state = RunState::create("scenario", scenario.name, scenario.topology_file);
  const Taken before = begin(state.id());
  EventLog log(options.directory / "events/runner.jsonl", "runner", clock);
  log_failure(log, [&] { run_on_network(scenario, options, state, log, before); });
  options.stage("removing the network");
}

}  // namespace cats::suite
