#include "base/json_fields.h"
#include "cpsel/metrics_json.h"
#include "emulator/roles/codes.h"
#include "emulator/roles/edge_server.h"

namespace cats::roles {
namespace {

std::optional<std::set<std::string>> metrics_that_go(JsonFields& fields) {
  const auto names = fields.maybe<nlohmann::json>("metrics");
  if (!names) return std::nullopt;
  std::set<std::string> metrics;
  if (!names->is_array()) fields.problem("metrics", "is no array of names");
  for (const nlohmann::json& name : *names)
    if (name.is_string())
      metrics.insert(name.get<std::string>());
    else
      fields.problem("metrics", "has " + name.dump() + ", no name");
  return metrics;
}

EdgeServerBgp bgp(JsonFields& fields) {
  EdgeServerBgp bgp;
  bgp.local_as = fields.get<std::uint32_t>("local_as");
  bgp.peer_as = fields.get<std::uint32_t>("peer_as");
  bgp.router_id = fields.get<IpAddress>("router_id");
  bgp.local_address = fields.get<IpAddress>("local_address");
  bgp.peer_address = fields.get<IpAddress>("peer_address");
  bgp.peer_port = fields.get("peer_port", bgp.peer_port);
  bgp.hold_time = fields.get("hold_time_ns", bgp.hold_time);
  bgp.transit = fields.get("transit", bgp.transit);
  if (fields.has("codes")) bgp.codes = read_codes(fields);
  bgp.metrics = metrics_that_go(fields);
  if (bgp.hold_time % std::chrono::seconds(1) != Duration::zero())
    fields.problem("hold_time_ns", "is no whole seconds");
  return bgp;
}

void check_values(const EdgeServerConfig& config, JsonFields& fields) {
  if (config.workers == 0 || config.workers > 256) fields.problem("workers", "is not 1 to 256");
  if (config.queue_limit == 0) fields.problem("queue_limit", "is 0");
  if (config.interval < std::chrono::milliseconds(1)) fields.problem("interval_ns", "is below 1 ms");
  if (config.window < std::chrono::milliseconds(1)) fields.problem("window_ns", "is below 1 ms");
  if (config.cs_id.is_v4() != config.csci.is_v4()) fields.problem("csci", "is not of the CS-ID's family");
}

}  // namespace

Expected<EdgeServerConfig> parse_edge_server(const nlohmann::json& json) {
  JsonFields fields(json, "edge-server");
  EdgeServerConfig config;
  read_agent(fields, config);
  config.samples = fields.get<std::string>("samples");
  config.cs_id = fields.get<IpAddress>("cs_id");
  config.csci = fields.get<IpAddress>("csci");
  config.port = fields.get<std::uint16_t>("port");
  config.workers = fields.get<unsigned>("workers");
  config.queue_limit = fields.get<unsigned>("queue_limit");
  config.cgroup = fields.get<std::string>("cgroup");
  config.interval = fields.get<Duration>("interval_ns");
  config.window = fields.get<Duration>("window_ns");
  config.phase = fields.get<Duration>("phase_ns");
  config.epoch = fields.get<Instant>("epoch_ns");
  const auto refresh = fields.get<std::string>("refresh");
  config.every_interval = refresh == "every-interval";
  if (!config.every_interval && refresh != "on-change" && !refresh.empty())
    fields.problem("refresh", "is \"" + refresh + "\", not every-interval or on-change");
  config.site_preference = fields.get<std::uint32_t>("site_preference");
  config.metrics = fields.get<nlohmann::json>("metrics");
  if (auto inner = fields.object("prometheus")) config.prometheus = collectors::read_prometheus(*inner);
  if (auto inner = fields.object("bgp")) config.bgp = bgp(*inner);
  if (auto inner = fields.object("manager"))
    config.manager = EdgeServerManager{read_rest_peer(*inner), metrics_that_go(*inner)};
  check_values(config, fields);
  if (fields.has("metrics"))
    if (const auto declarations = cpsel::declarations_from_json(config.metrics); !declarations)
      fields.problem("metrics", declarations.error().message);
  if (const auto wrong = fields.finish()) return fail("{}", *wrong);
  return config;
}

}  // namespace cats::roles
