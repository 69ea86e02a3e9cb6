#include "sim/world/world.h"

#include <algorithm>

#include "base/argument.h"
#include "base/error.h"
#include "base/random.h"
#include "scenarios/deployment.h"
#include "topologies/routing.h"

namespace cats::sim {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using scenarios::Scenario;
using scenarios::Via;
using topologies::Node;
using topologies::Role;

Ingress::Service service_at_ingress(const Scenario& scenario, const topologies::Service& service) {
  const scenarios::OwnSelection own = scenarios::selection_at_ingress(scenario);
  Ingress::Service entry{.cs_id = service.cs_id,
                         .age_limit = scenario.age_limit,
                         .steer_by = own.steer_by,
                         .algorithm = own.algorithm,
                         .instances = {}};
  for (const std::size_t index : service.instances) {
    const auto& instance = scenario.network->instances.at(index);
    entry.instances.push_back({.site = index,
                               .csci = instance.csci,
                               .sid = instance.sid,
                               .mark = instance.mark,
                               .capacity = scenario.service.quota_of(instance.node)});
  }
  return entry;
}

// Linux gives each group's periods an offset of their own when the group is made, and keeps it.
Duration quota_phase(const Scenario& scenario, const std::string& node) {
  const auto period = static_cast<std::uint64_t>(scenario.service.quota_period.count());
  return Duration(static_cast<std::int64_t>(RandomStream(scenario.seed, "quota phase/" + node).below(period)));
}

// As the emulator's agent answers when nobody asked it for anything.
void answer_for_rest_load(const json& request, const CommandReply& reply) {
  const auto what = argument<std::string>(request, "do");
  if (what == "release") return reply(ordered_json{{"held", 0}, {"opened", 0}, {"load", nullptr}});
  if (what == "status")
    return reply(ordered_json{{"node", kRestLoad}, {"role", "rest-load"}, {"held", 0}, {"load", nullptr}});
  reply(fail("\"{}\" needs the emulator: the simulator has no sessions of TLS", what));
}

}  // namespace

World::World(const Scenario& scenario, Logs& logs, const std::filesystem::path& samples, Instant begins, Makers makers)
    : topology_(scenario.network.value()),
      model_(scenario.simulation),
      makers_(std::move(makers)),
      network_(topology_, model_) {
  engine_.run_until(begins);
  for (const auto& instance : topology_.instances) sites_.push_back(instance.node);
  make_edge_servers(scenario, logs, samples);
  make_ingresses(scenario, logs);
  make_hosts(logs, samples);
  if (scenario.mode != scenarios::Mode::distributed) make_control_plane(scenario, logs);
  make_bgp(scenario, logs);
  start();
}

void World::make_edge_servers(const Scenario& scenario, Logs& logs, const std::filesystem::path& samples) {
  // As in the emulator: a phase for each edge server, in the topology's order.
  const auto nodes = topology_.with_role(Role::kEdgeServer);
  const auto phases = scenarios::publishing_phases(nodes.size(), scenario.interval, scenario.seed);
  for (std::size_t site = 0; site < sites_.size(); ++site) {
    const auto& instance = topology_.instances[site];
    const Node& node = topology_.node(instance.node);
    const auto position = std::ranges::find(nodes, &node) - nodes.begin();
    EdgeServer::Config config{.node = node.name,
                              .cs_id = topology_.services.at(instance.service).cs_id,
                              .csci = instance.csci,
                              .workers = static_cast<unsigned>(scenario.service.workers),
                              .queue_limit = static_cast<unsigned>(scenario.service.queue_limit),
                              .quota_cores = scenario.service.quota_of(node.name),
                              .quota_period = scenario.service.quota_period,
                              .quota_phase = quota_phase(scenario, node.name),
                              .cpus = static_cast<double>(model_.cpus),
                              .interval = scenario.interval,
                              .window = scenario.metrics.window,
                              .phase = phases.at(static_cast<std::size_t>(position)),
                              .epoch = kWorldBegins,
                              .every_interval = scenario.refresh == scenarios::Refresh::every_interval,
                              .collecting = model_.collecting,
                              .site_preference = 1,
                              .declared = scenario.metrics.declared,
                              .samples = samples,
                              .bgp_peer = topologies::edge_session(topology_, node).remote};
    edge_servers_.push_back(std::make_unique<EdgeServer>(scheduler_, logs.of(node.name), std::move(config),
                                                         ways_of(scenario, site),
                                                         [this, site](bool on) { bgp_->announce(site, on); }));
  }
}

std::vector<EdgeServer::Way> World::ways_of(const Scenario& scenario, std::size_t site) {
  std::vector<EdgeServer::Way> ways;
  ways.push_back({.via = "bgp",
                  .metrics = scenarios::metrics_by(Via::bgp, scenario),
                  .send = [this, site](const collectors::MetricReport& report) { bgp_->send(site, report); }});
  if (scenario.mode != scenarios::Mode::distributed)
    ways.push_back(
        {.via = "rest",
         .metrics = scenarios::metrics_by(Via::controller, scenario),
         .send = [this, site](const collectors::MetricReport& report) { control_plane_->report(site, report); }});
  return ways;
}

void World::make_ingresses(const Scenario& scenario, Logs& logs) {
  std::vector<Forwarding::Site> sites;
  for (std::size_t site = 0; site < sites_.size(); ++site)
    sites.push_back({sites_[site], topology_.instances[site].csci, edge_servers_[site].get()});
  forwarding_ = std::make_unique<Forwarding>(engine_, network_, model_, scenario.seed, std::move(sites));
  for (const Node* node : topology_.with_role(Role::kIngress)) {
    Ingress::Config config{.node = node->name,
                           .seed = scenario.seed,
                           .cps = scenarios::ingress_cps(scenario),
                           .slots = scenarios::flow_table_slots(topology_),
                           .conntrack = !scenarios::has_fault(scenario, "no-conntrack", node->name),
                           .session_timer = scenarios::session_timer(scenario),
                           .deciding = model_.deciding,
                           .programming = model_.programming,
                           .bgp_peer = topologies::agent_sessions(topology_, *node).front().remote,
                           .services = {}};
    for (const auto& service : topology_.services) config.services.push_back(service_at_ingress(scenario, service));
    Ingress::Wiring wiring;
    wiring.probe = [this, name = node->name](std::size_t site, std::function<void(const std::string&)> answered) {
      forwarding_->probe(name, site, std::move(answered));
    };
    wiring.make = maker_of(node->name);
    auto& ingress = ingresses_[node->name];
    ingress = std::make_unique<Ingress>(scheduler_, logs.of(node->name), std::move(config), std::move(wiring));
    forwarding_->add_ingress(node->name, *ingress);
  }
  for (const auto& fault : scenario.faults) {
    if (fault.kind != "wrong-tunnel") continue;
    const std::size_t right = site_of(fault.instance);
    const auto& instances = topology_.services.at(topology_.instances[right].service).instances;
    const auto wrong = std::ranges::find_if(instances, [&](std::size_t site) { return site != right; });
    if (wrong == instances.end())
      throw UsageError(fmt::format("fault wrong-tunnel: no tunnel to {} can be misdirected", fault.instance));
    for (const auto& [node, ingress] : ingresses_)
      if (scenarios::has_fault(scenario, fault.kind, node)) forwarding_->misdirect(node, right, *wrong);
  }
}

void World::make_bgp(const Scenario& scenario, Logs& logs) {
  std::vector<BgpPath::Agent> agents;
  for (const auto& [node, owned] : ingresses_) {
    Ingress* ingress = owned.get();
    agents.push_back({.node = node,
                      .heard = [ingress](std::size_t site, const collectors::MetricReport* report,
                                         std::uint32_t path_id) { ingress->heard(site, report, path_id); },
                      .withdrawn = [ingress](std::size_t site) { ingress->withdrawn(site); },
                      .session = [ingress](bool up) { ingress->session(up); }});
  }
  BgpPath::Config config{.seed = scenario.seed,
                         .codes = scenarios::codes_of(scenario.attribute),
                         .site_session = [this](std::size_t site, bool up) {
                           edge_servers_[site]->session(up, up ? "" : "connection reset");
                         }};
  bgp_ = std::make_unique<BgpPath>(engine_, logs.of("tap"), topology_, network_, model_, std::move(config),
                                   std::move(agents));
}

void World::make_hosts(Logs& logs, const std::filesystem::path& samples) {
  for (const Node* node : topology_.with_role(Role::kHost)) {
    const topologies::Interface& interface = node->interfaces.at(0);
    Host::Config config{.node = node->name, .address = interface.address.address, .samples = samples};
    if (interface.address4) config.address4 = interface.address4->address;
    auto& host = hosts_[node->name];
    host = std::make_unique<Host>(scheduler_, logs.of(node->name), std::move(config),
                                  forwarding_->network_of(node->name, interface.peer));
    forwarding_->add_host(node->name, *host);
  }
}

void World::make_control_plane(const Scenario& scenario, Logs& logs) {
  std::map<std::string, Ingress*> ingresses;
  for (const auto& [node, ingress] : ingresses_) ingresses[node] = ingress.get();
  std::vector<EdgeServer*> edge_servers;
  for (const auto& server : edge_servers_) edge_servers.push_back(server.get());
  control_plane_ = std::make_unique<ControlPlane>(engine_, scheduler_, logs, network_, scenario, std::move(ingresses),
                                                  std::move(edge_servers),
                                                  maker_of(topology_.with_role(Role::kController).at(0)->name));
}

cpsel::AlgorithmMaker World::maker_of(const std::string& node) {
  return [this, node, make = makers_(node)](const cpsel::ChosenAlgorithm& chosen,
                                            const std::function<void(const std::string&)>& on_failure) {
    return make(chosen, [this, what = fmt::format("algorithm {} at {}", chosen.name, node),
                         on_failure](const std::string& why) {
      on_failure(why);
      if (algorithm_failure_.empty()) algorithm_failure_ = fmt::format("{}: {}", what, why);
      pause();
    });
  };
}

void World::start() {
  for (const auto& [node, ingress] : ingresses_) ingress->start();
  if (control_plane_) control_plane_->start();
  for (const auto& server : edge_servers_) server->start();
}

void World::command(const std::string& node, const json& request, const CommandReply& reply) {
  if (lost_.contains({node, scenarios::Part::agent}))
    throw MeasurementError(fmt::format("{}: {}: its agent was taken away", node, request.value("do", "")));
  if (const auto host = hosts_.find(node); host != hosts_.end()) return host->second->command(request, reply);
  if (const auto ingress = ingresses_.find(node); ingress != ingresses_.end())
    return ingress->second->command(request, reply);
  if (const auto site = std::ranges::find(sites_, node); site != sites_.end())
    return edge_servers_[static_cast<std::size_t>(site - sites_.begin())]->command(request, reply);
  if (control_plane_ && node == kRestLoad) return answer_for_rest_load(request, reply);
  if (control_plane_ && control_plane_->has(node)) return control_plane_->command(node, request, reply);
  throw MeasurementError(fmt::format("there is no agent \"{}\" in this run", node));
}

std::size_t World::site_of(const std::string& edge_server) const {
  const auto found = std::ranges::find(sites_, edge_server);
  if (found == sites_.end()) throw MeasurementError(fmt::format("there is no edge server \"{}\"", edge_server));
  return static_cast<std::size_t>(found - sites_.begin());
}

void World::set_quota(const std::string& edge_server, double cores) {
  edge_servers_[site_of(edge_server)]->set_quota(cores);
}

Duration World::cpu_time(const std::string& edge_server) const {
  return edge_servers_[site_of(edge_server)]->cpu_time();
}

void World::flush() {
  for (const auto& [node, host] : hosts_) host->flush();
  for (const auto& server : edge_servers_) server->flush();
}

}  // namespace cats::sim
