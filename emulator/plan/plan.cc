#include "emulator/plan/plan.h"

#include <algorithm>

namespace cats::plan {
namespace {

using topologies::Instance;
using topologies::Interface;
using topologies::Node;
using topologies::Role;
using topologies::Topology;

constexpr std::uint32_t kMarkRulePriority = 1000;
constexpr int kFirstIndex = 100;

using Settings = std::vector<std::pair<std::string, std::string>>;

class Planner {
 public:
  Planner(const Topology& topology, const Options& options) : topology_(topology), options_(options) {}

  Plan plan() {
    stage("Namespaces", &Planner::namespaces);
    if (!options_.bare) stage("Kernel settings", &Planner::settings);
    stage("Links", &Planner::links);
    stage("Addresses", &Planner::addresses);
    stage("Links up", &Planner::up);
    if (options_.bare) return std::move(plan_);
    stage("Links running", &Planner::running);
    stage("Routes of hosts, edge servers and agents", &Planner::routes);
    stage("SRv6: local SIDs", &Planner::local_sids);
    stage("SRv6: tunnels to the instances", &Planner::tunnels);
    if (options_.frr) stage("Tunnels as interfaces, for FRR to choose among", &Planner::tunnel_interfaces);
    stage("FRR: zebra", &Planner::zebra);
    stage("FRR: the other daemons", &Planner::other_daemons);
    stage("IGP and BGP converged", &Planner::neighbors);
    return std::move(plan_);
  }

 private:
  void stage(const char* title, void (Planner::*fill)()) {
    plan_.stages.push_back({title, {}});
    (this->*fill)();
    if (operations().empty()) plan_.stages.pop_back();
  }
  std::vector<Operation>& operations() { return plan_.stages.back().operations; }
  std::string ns(const std::string& node) const { return namespace_name(options_.run, node); }

  void namespaces() {
    for (const Node& node : topology_.nodes) operations().emplace_back(CreateNamespace{node.name, ns(node.name)});
  }

  void settings() {
    for (const Node& node : topology_.nodes) operations().emplace_back(SetSysctls{ns(node.name), settings_of(node)});
  }

  // Duplicate address detection would keep link-local addresses back for a second or two. Reverse path filters drop
  // what anycast and tunnels send over other links than they would use themselves; a namespace inherits the machine's.
  static Settings settings_of(const Node& node) {
    Settings settings{{"net.ipv6.conf.default.accept_dad", "0"},
                      {"net.ipv6.conf.default.accept_ra", "0"},
                      {"net.ipv6.conf.default.router_solicitations", "0"},
                      {"net.ipv4.conf.all.rp_filter", "0"},
                      {"net.ipv4.conf.default.rp_filter", "0"}};
    if (!is_router(node.role)) return settings;
    settings.insert(settings.end(), {{"net.ipv6.conf.all.forwarding", "1"},
                                     {"net.ipv4.ip_forward", "1"},
                                     {"net.ipv6.conf.all.seg6_enabled", "1"},
                                     {"net.ipv6.conf.default.seg6_enabled", "1"},
                                     // ECMP by ports: the baseline that CATS is compared with.
                                     {"net.ipv6.fib_multipath_hash_policy", "1"},
                                     {"net.ipv4.fib_multipath_hash_policy", "1"}});
    // An ICMP error that the ingress itself makes follows the flow it is about.
    if (node.role == Role::kIngress)
      settings.insert(settings.end(), {{"net.ipv6.fwmark_reflect", "1"}, {"net.ipv4.fwmark_reflect", "1"}});
    return settings;
  }

  void links() {
    for (const topologies::Link& link : topology_.links)
      operations().emplace_back(CreateLink{end(link.a), end(link.b), link.mtu});
  }
  CreateLink::End end(const topologies::LinkEnd& end) const {
    const auto& interfaces = topology_.node(end.node).interfaces;
    const auto position = std::ranges::find(interfaces, end.interface, &Interface::name) - interfaces.begin();
    return {ns(end.node), end.interface, kFirstIndex + static_cast<int>(position)};
  }

  void addresses() {
    for (const Node& node : topology_.nodes) {
      const auto add = [&](const std::string& dev, const IpPrefix& address) {
        operations().emplace_back(AddAddress{ns(node.name), dev, address});
      };
      if (node.loopback) add("lo", IpPrefix::host(*node.loopback));
      if (node.loopback4) add("lo", IpPrefix::host(*node.loopback4));
      if (node.instance)
        add("lo", IpPrefix::host(topology_.services[topology_.instances[*node.instance].service].cs_id));
      for (const Interface& interface : node.interfaces) {
        add(interface.name, interface.address);
        if (interface.address4) add(interface.name, *interface.address4);
      }
    }
  }

  void up() {
    for (const Node& node : topology_.nodes) {
      operations().emplace_back(LinkUp{ns(node.name), "lo"});
      for (const Interface& interface : node.interfaces)
        operations().emplace_back(LinkUp{ns(node.name), interface.name});
    }
  }

  void running() {
    for (const Node& node : topology_.nodes) {
      WaitRunning wait{ns(node.name), {}};
      for (const Interface& interface : node.interfaces) wait.devs.push_back(interface.name);
      if (!wait.devs.empty()) operations().emplace_back(std::move(wait));
    }
  }

  void routes() {
    for (const Node& node : topology_.nodes) {
      for (const auto& agent : {node.agent, node.agent4})
        if (agent) operations().emplace_back(AddRoute{ns(node.name), IpPrefix::host(*agent), std::nullopt, "lo", true});
      if (is_router(node.role)) continue;
      const Interface& own = node.interfaces.at(0);
      const Interface& router = topology_.node(own.peer).interface(own.peer_interface);
      operations().emplace_back(AddRoute{ns(node.name), IpPrefix::of("::/0"), router.address.address, own.name, false});
      if (router.address4)
        operations().emplace_back(
            AddRoute{ns(node.name), IpPrefix::of("0.0.0.0/0"), router.address4->address, own.name, false});
    }
  }

  void local_sids() {
    for (const Instance& instance : topology_.instances)
      operations().emplace_back(
          AddLocalSid{ns(instance.egress), instance.sid, instance.csci, instance.egress_interface});
  }

  void tunnels() {
    for (const Node* ingress : topology_.with_role(Role::kIngress)) {
      const auto core = std::ranges::find_if(ingress->interfaces, [&](const Interface& interface) {
        return is_router(topology_.node(interface.peer).role);
      });
      for (const Instance& instance : topology_.instances) {
        const IpAddress& cs_id = topology_.services[instance.service].cs_id;
        operations().emplace_back(
            AddEncapRoute{ns(ingress->name), IpPrefix::host(cs_id), instance.sid, core->name, instance.table});
        operations().emplace_back(
            AddRule{ns(ingress->name), cs_id.is_v6(), kMarkRulePriority, instance.mark, instance.table});
      }
    }
  }

  void tunnel_interfaces() {
    std::vector<std::uint16_t> ports{kZebraVtyPort,
                                     options_.frr->grpc_module.empty() ? kStaticdVtyPort : kStaticdGrpcPort};
    std::vector<IpAddress> managers;
    for (const Node* controller : topology_.with_role(Role::kController))
      for (const Interface& interface : controller->interfaces) {
        managers.push_back(interface.address.address);
        if (interface.address4) managers.push_back(interface.address4->address);
      }
    for (const Node* ingress : topology_.with_role(Role::kIngress)) {
      AddTunnelInterfaces add{ns(ingress->name), {}};
      for (const Instance& instance : topology_.instances) {
        const std::string near = tunnel_interface(instance.mark);
        const bool v6 = topology_.services[instance.service].cs_id.is_v6();
        add.tunnels.push_back({near, near + "-in", v6, instance.mark, instance.table});
      }
      operations().emplace_back(std::move(add));
      operations().emplace_back(GuardPorts{ns(ingress->name), ports, managers});
    }
  }

  std::vector<std::string> daemons_of(const Node& node) const {
    std::vector<std::string> daemons = topologies::frr_daemons(topology_, node);
    if (steered(node) && std::ranges::find(daemons, "staticd") == daemons.end())
      daemons.insert(daemons.begin() + 1, "staticd");
    return daemons;
  }
  bool steered(const Node& node) const { return options_.frr && node.role == Role::kIngress; }

  // At the loopback, which every node of the IGP reaches. FRR's gRPC server listens on all addresses.
  StartDaemon start_of(const Node& node, const std::string& daemon) const {
    StartDaemon operation{node.name, ns(node.name), daemon};
    if (!steered(node) || (daemon != "zebra" && daemon != "staticd")) return operation;
    if (daemon == "staticd" && !options_.frr->grpc_module.empty()) {
      operation.arguments = {"-P", "0", "-M", fmt::format("{}:{}", options_.frr->grpc_module, kStaticdGrpcPort)};
      operation.ports = {kStaticdGrpcPort};
      return operation;
    }
    operation.ports = {daemon == "zebra" ? kZebraVtyPort : kStaticdVtyPort};
    operation.arguments = {"-A", node.loopback.value().str(), "-P", std::to_string(operation.ports.front())};
    return operation;
  }

  void zebra() { start(true); }
  void other_daemons() { start(false); }
  void start(bool zebra) {
    std::vector<Operation> waits;
    for (const Node& node : topology_.nodes)
      for (const std::string& daemon : daemons_of(node)) {
        if ((daemon == "zebra") != zebra) continue;
        operations().emplace_back(start_of(node, daemon));
        waits.emplace_back(WaitDaemon{node.name, ns(node.name), daemon});
      }
    operations().insert(operations().end(), waits.begin(), waits.end());
  }

  void neighbors() {
    for (const Node* node : topology_.routers()) {
      WaitNeighbors wait{node->name, ns(node->name), topologies::ospf_neighbors(topology_, *node), {}, {}};
      if (topology_.has_ipv4()) wait.ospf = wait.ospf6;
      for (const auto& neighbor : topologies::bgp_neighbors(topology_, *node))
        if (neighbor.kind == topologies::BgpNeighbor::Kind::kInternal) wait.bgp.push_back(neighbor);
      if (!wait.ospf6.empty()) operations().emplace_back(std::move(wait));
    }
  }

  const Topology& topology_;
  const Options& options_;
  Plan plan_;
};

}  // namespace

std::string namespace_name(const std::string& run, const std::string& node) {
  return fmt::format("catsb-{}-{}", run, node);
}

std::string tunnel_interface(std::uint32_t mark) { return fmt::format("tunnel{}", mark); }

Plan make_plan(const Topology& topology, const Options& options) { return Planner(topology, options).plan(); }

}  // namespace cats::plan
