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
    flow_writer_->read_back(selection_.service_argument(request),
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

ordered_json IngressAgent::status() const {
  const bgp::SpeakerCounters& counters = speaker_->counters();
  ordered_json all = {{"node", config_.node},
                      {"role", "ingress"},
                      {"resident_bytes", control::resident_bytes()},
                      {"bgp",
                       {{"peer", config_.bgp.peer_address.str()},
                        {"state", to_string(speaker_->state())},
                        {"sessions", counters.established},
                        {"updates", counters.updates_received},
                        {"paths", paths_.size()}}}};
  all.update(selection_.status());
  return all;
}

void IngressAgent::algorithm_command(const json& request, const Reply& reply) {
  if (config_.cps == IngressConfig::Cps::controller) return reply.fail("this ingress takes orders: it does not choose");
  selection_.select(selection_.service_argument(request), cpsel::algorithm_argument(request),
                    [reply](std::uint64_t decision) {
                      reply.ok({{"decision", decision}});
                    });
}

void IngressAgent::multipath_command(const json& request, const Reply& reply) {
  const IpAddress cs_id = config_.services[selection_.service_argument(request)].cs_id;
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
  const std::size_t service = selection_.service_argument(request);
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
