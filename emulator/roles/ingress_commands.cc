#include <boost/asio/post.hpp>

#include "emulator/roles/ingress_agent.h"
#include "emulator/roles/ingress_multipath.h"
#include "emulator/roles/ingress_probe.h"

namespace cats::roles {
namespace {

using control::argument;
using control::Reply;
using nlohmann::json;
using nlohmann::ordered_json;

constexpr Duration kProbeTimeout = std::chrono::seconds(2);

}  // namespace

void IngressAgent::add_commands() {
  control_->on("status", [this](const json&, const Reply& reply) { reply.ok(status()); });
  control_->on("stop", [this](const json&, const Reply& reply) {
    reply.ok();
    boost::asio::post(io_, [this] { stop(); });
  });
  control_->on("algorithm", [this](const json& request, const Reply& reply) { algorithm_command(request, reply); });
  control_->on("multipath", [this](const json& request, const Reply& reply) { multipath_command(request, reply); });
  control_->on("probe", [this](const json& request, const Reply& reply) { probe_command(request, reply); });
  control_->on("slots", [this](const json& request, const Reply& reply) {
    flow_writer_->read_back(service_argument(request),
                            [reply](std::exception_ptr error, std::vector<std::uint32_t> marks) {
                              error ? reply.fail(error) : reply.ok({{"marks", std::move(marks)}});
                            });
  });
  control_->on("watch_flows", [this](const json& request, const Reply& reply) {
    const auto interval = argument<std::int64_t>(request, "interval_ms");
    if (interval < 0 || interval > 3'600'000)
      throw UsageError(fmt::format("\"interval_ms\": {} is not allowed", interval));
    sessions_->watch(std::chrono::milliseconds(interval));
    reply.ok();
  });
  control_->on("forget_flows", [this](const json&, const Reply& reply) { forget_flows_command(reply); });
  control_->on("hold_flows", [this](const json& request, const Reply& reply) { hold_flows_command(request, reply); });
  control_->on("fault", [this](const json& request, const Reply& reply) { fault_command(request, reply); });
}

std::size_t IngressAgent::service_argument(const json& request) const {
  const auto name = argument<std::string>(request, "service");
  const auto address = IpAddress::parse(name);
  std::string known;
  for (std::size_t i = 0; i < config_.services.size(); ++i) {
    if (address && config_.services[i].cs_id == *address) return i;
    known += (known.empty() ? "" : ", ") + config_.services[i].cs_id.str();
  }
  throw UsageError(fmt::format("no service {}; there are {}", name, known));
}

ordered_json IngressAgent::status() const {
  auto services = ordered_json::array();
  for (std::size_t i = 0; i < services_.size(); ++i) services.push_back(service_status(i));
  const bgp::SpeakerCounters& counters = speaker_->counters();
  return {{"node", config_.node},
          {"role", "ingress"},
          {"resident_bytes", control::resident_bytes()},
          {"bgp",
           {{"peer", config_.bgp.peer_address.str()},
            {"state", to_string(speaker_->state())},
            {"sessions", counters.established},
            {"updates", counters.updates_received},
            {"paths", paths_.size()}}},
          {"controller", controller_up_ ? "up" : "down"},
          {"fault", fault_},
          {"services", std::move(services)}};
}

ordered_json IngressAgent::service_status(std::size_t service) const {
  const Service& s = services_[service];
  auto instances = ordered_json::array();
  for (std::size_t i = 0; i < s.last.inputs.size(); ++i) {
    const cpsel::DecisionInput& input = s.last.inputs[i];
    const cpsel::Report* report = selector_.report(service, input.instance);
    const Tunnel* tunnel = tunnels_.find(service, input.instance);
    if (report == nullptr || tunnel == nullptr) continue;
    instances.push_back({{"csci", input.instance.str()},
                         {"path", report->path_id},
                         {"seq", report->sequence ? ordered_json(*report->sequence) : ordered_json(nullptr)},
                         {"values", report->values},
                         {"sid", report->sid},
                         {"sid_learnt", tunnel->learnt ? "route" : "configuration"},
                         {"mark", tunnel->mark},
                         {"eligible", input.eligible},
                         {"weight", s.last.weights[i]}});
  }
  return {{"cs_id", config_.services[service].cs_id.str()},
          {"algorithm", s.selection.algorithm},
          {"parameters", s.selection.parameters},
          {"failure", s.failure ? ordered_json(*s.failure) : ordered_json(nullptr)},
          {"decision", s.last.id},
          {"instances", std::move(instances)}};
}

void IngressAgent::algorithm_command(const json& request, const Reply& reply) {
  if (config_.cps == IngressConfig::Cps::controller) return reply.fail("this ingress takes orders: it does not choose");
  const std::size_t service = service_argument(request);
  const auto name = argument<std::string>(request, "name");
  const auto parameters =
      request.contains("parameters") ? argument<cpsel::Parameters>(request, "parameters") : cpsel::Parameters{};
  const auto library = request.contains("library") ? argument<std::string>(request, "library") : std::string();
  select(service, {name, library, parameters}, [reply](std::uint64_t decision) { reply.ok({{"decision", decision}}); });
}

void IngressAgent::multipath_command(const json& request, const Reply& reply) {
  const IpAddress cs_id = config_.services[service_argument(request)].cs_id;
  const auto seed = argument<std::uint32_t>(request, "seed");
  if (seed == 0) throw UsageError("\"seed\": 0 leaves the seed to the kernel");
  const Multipath multipath = set_multipath(namespace_, cs_id, seed);
  const ordered_json state = {{"service", cs_id.str()},
                              {"seed", multipath.seed ? ordered_json(*multipath.seed) : ordered_json(nullptr)},
                              {"next_hops", multipath.next_hops}};
  log_.write("multipath", state);
  if (bad_hash_) spoil_multipath(namespace_, cs_id);
  reply.ok(state);
}

void IngressAgent::probe_command(const json& request, const Reply& reply) {
  const std::size_t service = service_argument(request);
  const auto csci = IpAddress::parse(argument<std::string>(request, "csci"));
  if (!csci) throw UsageError(csci.error().message);
  const auto port = argument<std::uint16_t>(request, "port");
  const Tunnel* tunnel = tunnels_.find(service, {*csci, 0});
  if (tunnel == nullptr || !tunnel->sid) throw UsageError(fmt::format("there is no tunnel to {}", *csci));
  probe_instance(io_, config_.services[service].cs_id, port, tunnel->mark, kProbeTimeout,
                 [reply](const Expected<std::string>& instance) {
                   instance ? reply.ok({{"instance", *instance}}) : reply.fail(instance.error().message);
                 });
}

void IngressAgent::forget_flows_command(const Reply& reply) {
  auto removed = std::make_shared<std::size_t>();
  std::set<IpAddress> cs_ids;
  for (const auto& service : config_.services) cs_ids.insert(service.cs_id);
  sessions_->with_table(
      [removed, cs_ids](kernel::Conntrack& table) {
        *removed = table.remove_if(
            [&](const kernel::ConntrackEntry& entry) { return cs_ids.contains(entry.original.destination); });
      },
      [removed, reply](std::exception_ptr error) {
        error ? reply.fail(error) : reply.ok({{"removed", *removed}});
      });
}

}  // namespace cats::roles
