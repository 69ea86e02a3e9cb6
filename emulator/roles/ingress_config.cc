#include <algorithm>
#include <array>
#include <set>

#include "base/diagnostics.h"
#include "base/json_fields.h"
#include "cpsel/metrics.h"
#include "emulator/roles/codes.h"
#include "emulator/roles/ingress.h"

namespace cats::roles {
namespace {

using Config = IngressConfig;

Config::Bgp read_bgp(JsonFields& fields) {
  auto bgp = fields.object("bgp");
  if (!bgp) {
    fields.problem("bgp", "is missing");
    return {};
  }
  Config::Bgp result{bgp->get<IpAddress>("local_address"),
                     bgp->get<IpAddress>("peer_address"),
                     bgp->get<std::uint16_t>("peer_port"),
                     bgp->get<std::uint32_t>("as"),
                     bgp->get<IpAddress>("router_id"),
                     bgp->get<std::uint16_t>("hold_time_s"),
                     bgp->get<bool>("standard")};
  if (result.local_address.is_v4() != result.peer_address.is_v4())
    bgp->problem("local_address", "is not of the peer's family");
  if (!result.router_id.is_v4()) bgp->problem("router_id", "is no IPv4 address");
  return result;
}

std::optional<kernel::ConntrackTimeouts> read_timers(JsonFields& fields) {
  if (!fields.has("session_timers")) fields.problem("session_timers", "is missing");
  auto timers = fields.object("session_timers");
  if (!timers) return std::nullopt;
  return kernel::ConntrackTimeouts{timers->get<unsigned>("established_s"), timers->get<unsigned>("close_s"),
                                   timers->get<unsigned>("time_wait_s"),   timers->get<unsigned>("fin_wait_s"),
                                   timers->get<unsigned>("close_wait_s"),  timers->get<unsigned>("last_ack_s")};
}

Config::Instance read_instance(JsonFields& fields) {
  Config::Instance instance;
  instance.csci = fields.get<IpAddress>("csci");
  if (!fields.has("sid")) fields.problem("sid", "is missing");
  instance.sid = fields.maybe<IpAddress>("sid");
  instance.mark = fields.get<std::uint32_t>("mark");
  instance.table = fields.get<std::uint32_t>("table");
  instance.capacity = fields.get<double>("capacity");
  if (instance.mark == 0) fields.problem("mark", "is 0, the mark of flows that are not steered");
  if (!(instance.capacity > 0)) fields.problem("capacity", "is not above 0");
  return instance;
}

Config::Service read_service(JsonFields& fields) {
  Config::Service service;
  service.cs_id = fields.get<IpAddress>("cs_id");
  service.interval = fields.get<Duration>("interval_ns");
  if (!fields.has("age_limit_ns")) fields.problem("age_limit_ns", "is missing");
  service.age_limit = fields.maybe<Duration>("age_limit_ns");
  service.steer_by = fields.get<std::string>("steer_by");
  if (cpsel::find_metric(service.steer_by) == nullptr)
    fields.problem("steer_by", "is \"" + service.steer_by + "\", no metric");
  service.algorithm = read_algorithm(fields);
  service.key_by_path = fields.get<bool>("key_by_path");
  std::set<IpAddress> cscis;
  std::set<std::uint32_t> marks;
  for (JsonFields& one : fields.objects("instances")) {
    service.instances.push_back(read_instance(one));
    if (!cscis.insert(service.instances.back().csci).second) one.problem("csci", "is there twice");
    if (!marks.insert(service.instances.back().mark).second) one.problem("mark", "is there twice");
  }
  if (service.key_by_path && !service.instances.empty()) fields.problem("instances", "is not empty, with key_by_path");
  return service;
}

constexpr std::array<const char*, 3> kCps{"ingress", "controller", "split"};  // by IngressConfig::Cps

Config::Cps read_cps(JsonFields& fields) {
  const auto name = fields.get<std::string>("cps");
  const auto found = std::ranges::find(kCps, name, [](const char* one) { return std::string(one); });
  if (found != kCps.end()) return static_cast<Config::Cps>(found - kCps.begin());
  fields.problem("cps", "is \"" + name + "\", not ingress, controller or split");
  return Config::Cps::ingress;
}

nlohmann::ordered_json optional_json(const auto& value, auto&& to) {
  return value ? nlohmann::ordered_json(to(*value)) : nlohmann::ordered_json(nullptr);
}

nlohmann::ordered_json service_json(const Config::Service& service) {
  nlohmann::ordered_json json = {
      {"cs_id", service.cs_id.str()},
      {"interval_ns", service.interval.count()},
      {"age_limit_ns", optional_json(service.age_limit, [](Duration d) { return d.count(); })},
      {"steer_by", service.steer_by}};
  json.update(roles::to_json(service.algorithm));
  json["key_by_path"] = service.key_by_path;
  json["instances"] = nlohmann::ordered_json::array();
  for (const auto& instance : service.instances)
    json["instances"].push_back({{"csci", instance.csci.str()},
                                 {"sid", optional_json(instance.sid, [](const IpAddress& a) { return a.str(); })},
                                 {"mark", instance.mark},
                                 {"table", instance.table},
                                 {"capacity", instance.capacity}});
  return json;
}

}  // namespace

Expected<IngressConfig> IngressConfig::from_json(const nlohmann::json& json) {
  JsonFields fields(json, "");
  IngressConfig config;
  read_agent(fields, config);
  config.seed = fields.get<std::uint64_t>("seed");
  config.bgp = read_bgp(fields);
  config.codes = read_codes(fields);
  config.cps = read_cps(fields);
  if (!fields.has("rest")) fields.problem("rest", "is missing");
  if (auto rest = fields.object("rest")) config.rest = read_rest_server(*rest);
  if (config.cps != Config::Cps::ingress && !config.rest)
    fields.problem("rest", "is null: a controller could not be heard");
  config.controller_timeout = fields.get<Duration>("controller_timeout_ns");
  if (!fields.has("igp")) fields.problem("igp", "is missing");
  if (auto igp = fields.object("igp")) config.igp = read_igp(*igp);
  config.slots = fields.get<std::size_t>("slots");
  if (config.slots == 0 || config.slots > 4096) fields.problem("slots", "is not 1 … 4096");
  config.conntrack = fields.get<bool>("conntrack");
  config.session_timers = read_timers(fields);
  for (JsonFields& one : fields.objects("services")) config.services.push_back(read_service(one));
  if (auto wrong = fields.finish()) return fail("{}", *wrong);
  return config;
}

nlohmann::ordered_json IngressConfig::to_json() const {
  nlohmann::ordered_json json = {
      {"node", node},
      {"events", events.string()},
      {"control", control.string()},
      {"seed", seed},
      {"bgp",
       {{"local_address", bgp.local_address.str()},
        {"peer_address", bgp.peer_address.str()},
        {"peer_port", bgp.peer_port},
        {"as", bgp.as},
        {"router_id", bgp.router_id.str()},
        {"hold_time_s", bgp.hold_time_s},
        {"standard", bgp.standard}}},
      {"codes", roles::to_json(codes)},
      {"cps", kCps.at(static_cast<std::size_t>(cps))},
      {"controller_timeout_ns", controller_timeout.count()},
      {"rest", optional_json(rest, [](const RestServerConfig& r) { return roles::to_json(r); })},
      {"igp", optional_json(igp, [](const IgpConfig& i) { return roles::to_json(i); })},
      {"slots", slots},
      {"conntrack", conntrack},
      {"session_timers", optional_json(session_timers,
                                       [](const auto& t) {
                                         return nlohmann::ordered_json{
                                             {"established_s", t.established_s}, {"close_s", t.close_s},
                                             {"time_wait_s", t.time_wait_s},     {"fin_wait_s", t.fin_wait_s},
                                             {"close_wait_s", t.close_wait_s},   {"last_ack_s", t.last_ack_s}};
                                       })},
      {"services", nlohmann::ordered_json::array()}};
  for (const Service& service : services) json["services"].push_back(service_json(service));
  return json;
}

}  // namespace cats::roles
