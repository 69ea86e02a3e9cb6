// How many sessions the ingress' table holds: entries made by hand, in sessions that nobody has.
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <netinet/in.h>
#include <set>

#include "base/file.h"
#include "emulator/roles/ingress_agent.h"

namespace cats::roles {
namespace {

constexpr std::uint64_t kMostHeldFlows = 1'000'000;
constexpr std::uint32_t kHeldFlowTimeout_s = 60;  // should nobody remove them
constexpr std::uint64_t kPortsOfASource = 50'000;
constexpr std::uint16_t kFirstHeldPort = 1024;
constexpr const char* kLimitFile = "/proc/sys/net/netfilter/nf_conntrack_max";

struct HeldFlows {
  std::uint64_t kept = 0;  // that were there before
  std::uint64_t held = 0;
  std::string refused = {};  // by the kernel: why
};

// Addresses of documentation (RFC 3849, RFC 5737): no node of a topology has one.
FlowTuple held_tuple(const IpAddress& cs_id, std::uint16_t port, std::uint64_t number) {
  const IpAddress first = IpAddress::of(cs_id.is_v6() ? "2001:db8:ca75::1" : "203.0.113.1");
  return {.source = first.plus(number / kPortsOfASource),
          .destination = cs_id,
          .protocol = IPPROTO_TCP,
          .source_port = static_cast<std::uint16_t>(kFirstHeldPort + number % kPortsOfASource),
          .destination_port = port};
}

FlowTuple reversed(const FlowTuple& tuple) {
  return {.source = tuple.destination,
          .destination = tuple.source,
          .protocol = tuple.protocol,
          .source_port = tuple.destination_port,
          .destination_port = tuple.source_port};
}

HeldFlows hold_flows(kernel::Conntrack& table, const IpAddress& cs_id, std::uint16_t port, std::uint32_t mark,
                     std::uint64_t count) {
  std::set<FlowTuple> present;
  for (const kernel::ConntrackEntry& entry : table.dump(true)) present.insert(entry.original);
  HeldFlows flows;
  for (std::uint64_t number = 0; number < count; ++number) {
    const FlowTuple tuple = held_tuple(cs_id, port, number);
    if (present.contains(tuple)) {
      ++flows.kept;
      ++flows.held;
      continue;
    }
    if (!flows.refused.empty()) continue;
    try {
      table.insert({.original = tuple,
                    .reply = reversed(tuple),
                    .mark = mark,
                    .timeout_s = kHeldFlowTimeout_s,
                    .tcp_state = std::uint8_t{TCP_CONNTRACK_ESTABLISHED}});
      ++flows.held;
    } catch (const SystemError& error) {
      // The table is full.
      if (error.code().value() != ENOMEM) throw;
      flows.refused = error.what();
    }
  }
  return flows;
}

}  // namespace

void IngressAgent::hold_flows_command(const nlohmann::json& request, const control::Reply& reply) {
  const std::size_t service = selection_.service_argument(request);
  const auto port = control::argument<std::uint16_t>(request, "port");
  const auto count = control::argument<std::uint64_t>(request, "count");
  if (count > kMostHeldFlows) throw UsageError(fmt::format("\"count\": {} is above {}", count, kMostHeldFlows));
  std::uint32_t mark = 0;
  for (const auto& instance : config_.services[service].instances) {
    const Tunnel* tunnel = tunnels_.find(service, {instance.csci, 0});
    if (mark == 0 && tunnel != nullptr && tunnel->sid) mark = tunnel->mark;
  }
  if (mark == 0) throw UsageError(fmt::format("no instance of {} has a tunnel", config_.services[service].cs_id));
  auto flows = std::make_shared<HeldFlows>();
  const auto told = [this, flows, count, reply](std::exception_ptr error,
                                                const std::map<std::uint32_t, std::uint64_t>& by_mark) {
    if (error) return reply.fail(error);
    std::uint64_t steered = 0;
    for (const auto& [of, number] : by_mark) steered += number;
    const nlohmann::ordered_json state = {
        {"asked", count},
        {"kept", flows->kept},
        {"held", flows->held},
        {"refused", flows->refused.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(flows->refused)},
        {"limit", std::stoull(read_file(kLimitFile))},
        {"steered", steered}};
    log_.write("flows_held", state);
    reply.ok(state);
  };
  sessions_->with_table([flows, cs_id = config_.services[service].cs_id, port, mark,
                         count](kernel::Conntrack& table) { *flows = hold_flows(table, cs_id, port, mark, count); },
                        [this, service, told, reply](std::exception_ptr error) {
                          if (error) return reply.fail(error);
                          flow_writer_->read_flows(service, told);
                        });
}

}  // namespace cats::roles
