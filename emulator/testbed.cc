#include "emulator/testbed.h"

#include <algorithm>
#include <sstream>
#include <thread>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "emulator/control_plane.h"
#include "scenarios/deployment.h"

namespace cats {
namespace {

constexpr Duration kStatusTimeout = std::chrono::seconds(5);

}  // namespace

EmulatedTestbed::EmulatedTestbed(TestbedOptions options) : options_(std::move(options)), epoch_(now()) {}

void EmulatedTestbed::configure(const scenarios::Scenario& scenario) {
  const auto frr = frr_southbound(scenario);
  const bool new_network = !world_ || scenario.topology_file != topology_file_ || frr != frr_;
  bool changed = new_network;
  if (new_network)
    build(scenario);
  else
    changed = agents_->change(plan_agents(scenario, options_.run, options_.paths, epoch_));
  deployment_ = scenarios::deployment_of(scenario);
  has_library_ = scenario.algorithm.is_library();
  if (!changed && !disturbed_) return;
  if (new_network) options_.stage("preflight");
  options_.checked(preflight(*world_, *this, scenario), new_network);
  disturbed_ = false;
}

void EmulatedTestbed::build(const scenarios::Scenario& scenario) {
  tear_down();
  topology_ = scenario.network;
  topology_file_ = scenario.topology_file;
  frr_ = frr_southbound(scenario);
  plan::Plan plan = plan::make_plan(*topology_, {.run = options_.run, .frr = frr_});
  options_.planned(plan, scenario);
  const Credentials credentials(options_.paths.state);
  credentials.write(*topology_);
  world_.emplace(*topology_, WorldOptions{.run = options_.run,
                                          .directory = options_.paths.state,
                                          .logs = options_.paths.run_directory / "logs",
                                          .vty_password = credentials.read_vty_password(),
                                          .progress = options_.stage});
  world_->up(plan);
  options_.stage("starting agents");
  agents_.emplace(*world_, plan_agents(scenario, options_.run, options_.paths, epoch_), options_.paths, options_.catsd);
}

void EmulatedTestbed::tear_down() {
  if (!world_) return;
  lost_.clear();
  options_.stage("removing the network before the next one");
  agents_->stop();
  agents_.reset();
  world_.reset();
  for (const auto& entry : std::filesystem::directory_iterator(options_.paths.state))
    if (entry.is_directory()) std::filesystem::remove_all(entry.path());
}

void EmulatedTestbed::stop() {
  if (agents_) agents_->stop();
}

void EmulatedTestbed::check_alive() {
  throw_if_interrupted();
  if (const std::string dead = agents_->dead(); !dead.empty()) throw MeasurementError(dead);
  if (const std::string dead = world_->dead_daemon(); !dead.empty()) throw MeasurementError(dead);
  if (has_library_) check_algorithms();
}

void EmulatedTestbed::check_algorithms() {
  std::set<std::string> nodes;
  for (const auto& steering : deployment_.steering) nodes.insert({steering.decider, steering.listener});
  for (const std::string& node : nodes) {
    if (lost_.contains({node, scenarios::Part::agent})) continue;
    const auto status = agents_->command(node, {{"do", "status"}}, kStatusTimeout);
    for (const auto& service : status.at("services"))
      if (!service.at("failure").is_null())
        throw scenarios::AlgorithmFailed(fmt::format("algorithm {} at {}: {}",
                                                     service.at("algorithm").get<std::string>(), node,
                                                     service.at("failure").get<std::string>()));
  }
}

void EmulatedTestbed::sleep_until(Instant when) {
  constexpr auto kSlice = std::chrono::milliseconds(200);
  while (true) {
    check_alive();
    const Duration left = when - now();
    if (left <= Duration(0)) return;
    std::this_thread::sleep_for(std::min(left, Duration(kSlice)));
  }
}

nlohmann::json EmulatedTestbed::command(const std::string& node, const nlohmann::json& request) {
  check_alive();
  // A load's end waits for outstanding replies, at most the workload's timeout.
  return agents_->command(node, request, std::chrono::seconds(30));
}

void EmulatedTestbed::lose(const std::string& node, scenarios::Part part) {
  check_alive();
  disturbed_ = true;
  if (part == scenarios::Part::agent)
    agents_->lose(node);
  else
    world_->lose_routing(node);
  lost_.emplace(node, part);
}

void EmulatedTestbed::restore(const std::string& node, scenarios::Part part) {
  if (!lost_.contains({node, part})) return;
  if (part == scenarios::Part::agent)
    agents_->restore(node);
  else
    world_->restore_routing(node);
  lost_.erase({node, part});
}

void EmulatedTestbed::set_link(const std::string& a, const std::string& b, bool up) {
  check_alive();
  disturbed_ = true;
  world_->set_link(a, b, up);
}

// Routers before agents: those connect to them.
void EmulatedTestbed::restore_all() {
  if (!world_) return;
  world_->bring_links_up();
  for (const scenarios::Part part : {scenarios::Part::routing, scenarios::Part::agent})
    for (const auto& [node, of] : std::set(lost_))
      if (of == part) restore(node, of);
}

Duration EmulatedTestbed::cpu_time(const std::string& node) const { return agents_->service_cpu_time(node); }

scenarios::Testbed::MachineTime EmulatedTestbed::machine_time() const {
  // "cpu user nice system idle iowait irq softirq steal guest guest_nice", in clock ticks; guest time is in user
  // already.
  std::istringstream line(read_file("/proc/stat"));
  std::string name;
  line >> name;
  const auto tick = std::chrono::nanoseconds(1'000'000'000 / ::sysconf(_SC_CLK_TCK));
  MachineTime time;
  for (int field = 0; field < 8; ++field) {
    std::int64_t ticks = 0;
    if (!(line >> ticks)) throw MeasurementError("/proc/stat: the first line does not name the CPU times");
    time.total += ticks * tick;
    if (field == 3 || field == 4) time.idle += ticks * tick;
  }
  return time;
}

}  // namespace cats
