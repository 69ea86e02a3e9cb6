#include "emulator/world.h"

#include <algorithm>
#include <thread>
#include <variant>

#include <spdlog/spdlog.h>

#include "base/error.h"
#include "base/interrupt.h"
#include "emulator/frr/config.h"
#include "emulator/kernel/leftovers.h"
#include "emulator/kernel/sysctl.h"
#include "emulator/roles/tunnel_interfaces.h"

namespace cats {
namespace {

// Where each router's bgpd finds the BMP receiver, on its own loopback.
constexpr std::uint16_t kBmpPort = 1790;
constexpr const char* kFrrDirectory = "frr";  // of a node's

// The namespace whose netlink socket an operation goes to; nothing for operations of another kind.
struct NetlinkNamespace {
  const std::string* operator()(const plan::CreateLink& op) const { return &op.a.ns; }
  const std::string* operator()(const plan::AddAddress& op) const { return &op.ns; }
  const std::string* operator()(const plan::LinkUp& op) const { return &op.ns; }
  const std::string* operator()(const plan::AddRoute& op) const { return &op.ns; }
  const std::string* operator()(const plan::AddEncapRoute& op) const { return &op.ns; }
  const std::string* operator()(const plan::AddLocalSid& op) const { return &op.ns; }
  const std::string* operator()(const plan::AddRule& op) const { return &op.ns; }
  template <class Other>
  const std::string* operator()(const Other& /*operation*/) const {
    return nullptr;
  }
};

}  // namespace

World::World(const topologies::Topology& topology, WorldOptions options)
    : topology_(topology), options_(std::move(options)) {}

World::~World() {
  // Daemons first, then the sockets inside the namespaces, then the namespaces, whose links and addresses go with them.
  routers_.clear();
  netlinks_.clear();
  std::vector<kernel::Namespace> owned;
  for (auto& [node, ns] : namespaces_)
    if (!released_) owned.push_back(std::move(ns));
  try {
    kernel::remove_together(std::move(owned));
  } catch (const SystemError& error) {
    spdlog::error("{}", error.what());
  }
}

// Applies one operation.
struct World::Apply {
  World& world;

  kernel::Netlink& netlink(const std::string& ns) const { return world.netlinks_.at(ns); }

  void operator()(const plan::CreateNamespace& op) const {
    auto& ns = world.namespaces_.emplace(op.node, kernel::Namespace::create(op.ns)).first->second;
    world.netlinks_.emplace(op.ns, kernel::Netlink(ns));
    world.by_name_[op.ns] = &ns;
  }
  void operator()(const plan::SetSysctls& op) const { kernel::set_sysctls(*world.by_name_.at(op.ns), op.settings); }
  void operator()(const plan::CreateLink& op) const {
    netlink(op.a.ns).add_veth({*world.by_name_.at(op.a.ns), op.a.dev, op.a.index},
                              {*world.by_name_.at(op.b.ns), op.b.dev, op.b.index}, op.mtu);
    netlink(op.a.ns).know_link(op.a.dev, op.a.index);
    netlink(op.b.ns).know_link(op.b.dev, op.b.index);
  }
  void operator()(const plan::AddAddress& op) const { netlink(op.ns).add_address(op.dev, op.address); }
  void operator()(const plan::LinkUp& op) const { netlink(op.ns).set_up(op.dev); }
  void operator()(const plan::WaitRunning& op) const {
    netlink(op.ns).wait_running(op.devs, MonotonicClock().now() + world.options_.deadline);
  }
  void operator()(const plan::AddRoute& op) const {
    kernel::Route route{.destination = op.destination, .next_hops = {{.via = op.via, .dev = op.dev}}};
    if (op.local) {
      route.type = kernel::Route::Type::kLocal;
      route.table = kernel::kLocalTable;
    }
    netlink(op.ns).add_route(route);
  }
  void operator()(const plan::AddEncapRoute& op) const {
    netlink(op.ns).add_route({.destination = op.destination,
                              .next_hops = {{.dev = op.dev}},
                              .table = op.table,
                              .encap = kernel::HEncaps{{op.sid}}});
  }
  void operator()(const plan::AddLocalSid& op) const {
    using Action = kernel::Seg6Local::Action;
    netlink(op.ns).add_route(
        {.destination = IpPrefix::host(op.sid),
         .next_hops = {{.dev = op.dev}},
         .encap = kernel::Seg6Local{op.next_hop.is_v6() ? Action::kEndDx6 : Action::kEndDx4, op.next_hop}});
  }
  void operator()(const plan::AddRule& op) const {
    netlink(op.ns).add_rule({.v6 = op.v6, .priority = op.priority, .fwmark = op.fwmark, .table = op.table});
  }
  void operator()(const plan::AddTunnelInterfaces& op) const {
    std::vector<roles::TunnelInterface> tunnels;
    for (const auto& tunnel : op.tunnels)
      tunnels.push_back({tunnel.near, tunnel.far, tunnel.v6, tunnel.mark, tunnel.table});
    roles::make_tunnel_interfaces(*world.by_name_.at(op.ns), tunnels);
  }
  void operator()(const plan::GuardPorts& op) const {
    roles::guard_router_ports(*world.by_name_.at(op.ns), op.ports, op.managers);
  }
  void operator()(const plan::StartDaemon& op) const {
    auto router = world.routers_.find(op.node);
    if (router == world.routers_.end()) router = world.routers_.emplace(op.node, world.make_router(op.node)).first;
    router->second.start(op.daemon);
  }
  void operator()(const plan::WaitDaemon& op) const {
    world.routers_.at(op.node).wait_ready(op.daemon, MonotonicClock().now() + world.options_.deadline);
  }
  void operator()(const plan::WaitNeighbors& op) const { world.wait(op); }
};

frr::Router World::make_router(const std::string& node) {
  const topologies::Node& router = topology_.node(node);
  frr::RouterOptions options{.name = node,
                             .ns = &ns(node),
                             .cgroup = &cgroup(node),
                             .directory = node_directory(node) / kFrrDirectory,
                             .logs = options_.logs,
                             .configurations = {},
                             .access = daemons_.at(node),
                             .die_with_parent = !options_.outlive};
  for (const auto& [daemon, access] : options.access)
    options.configurations[daemon] =
        frr::daemon_config(topology_, router, daemon,
                           {.bmp_port = kBmpPort, .vty_password = access.ports.empty() ? "" : options_.vty_password});
  return frr::Router(std::move(options));
}

void World::know_daemons(const plan::Plan& plan) {
  for (const auto& stage : plan.stages)
    for (const auto& operation : stage.operations)
      if (const auto* start = std::get_if<plan::StartDaemon>(&operation)) {
        frr::DaemonAccess& access = daemons_[start->node][start->daemon];
        if (!start->arguments.empty()) access = {start->arguments, start->ports};
      }
}

void World::up(const plan::Plan& plan) {
  know_daemons(plan);
  for (const auto& stage : plan.stages) {
    options_.progress(stage.title);
    for (auto next = stage.operations.begin(); next != stage.operations.end();) {
      const std::string* ns = std::visit(NetlinkNamespace{}, *next);
      // Neighbors in the list that go to the same socket travel in one batch.
      const auto end = std::find_if(next, stage.operations.end(), [&](const plan::Operation& operation) {
        const std::string* other = std::visit(NetlinkNamespace{}, operation);
        return ns == nullptr || other == nullptr || *other != *ns;
      });
      if (ns == nullptr) {
        std::visit(Apply{*this}, *next++);
        continue;
      }
      netlinks_.at(*ns).batch([&] {
        for (; next != end; ++next) std::visit(Apply{*this}, *next);
      });
    }
  }
}

void World::release() {
  released_ = true;
  for (auto& [node, router] : routers_) router.release();
  for (auto& [node, ns] : namespaces_) ns.release();
  for (auto& [node, cgroup] : cgroups_) cgroup.release();
}

kernel::Netlink& World::netlink(const std::string& node) { return netlinks_.at(ns(node).name()); }

const kernel::Cgroup& World::cgroup(const std::string& node) {
  auto found = cgroups_.find(node);
  if (found == cgroups_.end())
    found = cgroups_.emplace(node, kernel::Cgroup::create(kernel::cgroup_name(options_.run, node))).first;
  return found->second;
}

std::uint16_t World::bmp_port() { return kBmpPort; }

std::filesystem::path World::vty_socket(const std::filesystem::path& directory, const std::string& node,
                                        const std::string& daemon) {
  return directory / node / kFrrDirectory / (daemon + ".vty");
}

std::vector<frr::NeighborState> World::neighbors() const {
  std::vector<frr::NeighborState> states;
  const auto add = [&](std::vector<frr::NeighborState> more) {
    states.insert(states.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  };
  for (const auto& [name, router] : routers_) {
    const topologies::Node& node = topology_.node(name);
    add(frr::ospf6_states(router, topologies::ospf_neighbors(topology_, node)));
    if (topology_.has_ipv4()) add(frr::ospf_states(router, topologies::ospf_neighbors(topology_, node)));
    add(frr::bgp_states(router, topologies::bgp_neighbors(topology_, node)));
  }
  return states;
}

std::string World::dead_daemon() {
  for (auto& [node, router] : routers_)
    if (std::string dead = router.dead_daemon(); !dead.empty()) return dead;
  return "";
}

void World::wait(const plan::WaitNeighbors& operation) {
  const Instant deadline = MonotonicClock().now() + options_.deadline;
  frr::Router& router = routers_.at(operation.node);
  while (true) {
    auto states = frr::ospf6_states(router, operation.ospf6);
    for (auto& more : {frr::ospf_states(router, operation.ospf), frr::bgp_states(router, operation.bgp)})
      states.insert(states.end(), more.begin(), more.end());
    std::erase_if(states, [](const frr::NeighborState& state) { return state.up; });
    if (states.empty()) return;
    if (const std::string dead = router.dead_daemon(); !dead.empty()) throw MeasurementError(dead);
    if (MonotonicClock().now() > deadline) {
      std::string message = fmt::format("the network is not up within {} s:", options_.deadline.count());
      for (const auto& state : neighbors())
        if (!state.up) message += "\n  " + state.str();
      throw MeasurementError(message);
    }
    throw_if_interrupted();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

}  // namespace cats
