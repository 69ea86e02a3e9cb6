#include "emulator/roles/southbound_config.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/file.h"

namespace cats::roles {
namespace {

using Driver = RouterSouthbound::Driver;

constexpr std::array<std::pair<Driver, const char*>, 3> kDrivers{
    {{Driver::agent, "agent"}, {Driver::frr_vtysh, "frr-vtysh"}, {Driver::frr_grpc, "frr-grpc"}}};

RouterSouthbound::Frr read_frr(JsonFields& fields) {
  RouterSouthbound::Frr frr;
  frr.address = fields.get<IpAddress>("address");
  frr.zebra_port = fields.get<std::uint16_t>("zebra_port");
  frr.staticd_port = fields.get<std::uint16_t>("staticd_port");
  frr.password = fields.get<std::string>("password");
  for (JsonFields& tunnel : fields.objects("tunnels"))
    frr.tunnels.push_back(
        {tunnel.get<IpAddress>("cs_id"), tunnel.get<IpAddress>("csci"), tunnel.get<std::string>("interface")});
  return frr;
}

FrrRouter frr_router(const RouterSouthbound::Frr& frr) {
  FrrRouter router;
  router.zebra = {frr.address, frr.zebra_port};
  router.staticd = {frr.address, frr.staticd_port};
  router.password = read_file(frr.password);
  while (router.password.ends_with('\n')) router.password.pop_back();
  for (const RouterSouthbound::Tunnel& tunnel : frr.tunnels)
    router.tunnels[tunnel.cs_id][tunnel.csci] = tunnel.interface;
  return router;
}

}  // namespace

const char* to_string(Driver driver) {
  return std::ranges::find(kDrivers, driver, &std::pair<Driver, const char*>::first)->second;
}

RouterSouthbound read_router_southbound(JsonFields& fields) {
  RouterSouthbound router;
  const auto name = fields.get<std::string>("driver", to_string(router.driver));
  const auto driver = std::ranges::find(kDrivers, name, &std::pair<Driver, const char*>::second);
  if (driver != kDrivers.end())
    router.driver = driver->first;
  else
    fields.problem("driver", "is \"" + name + "\", not agent, frr-vtysh or frr-grpc");
  if (auto rest = fields.object("rest")) router.rest = read_rest_peer(*rest);
  if (auto frr = fields.object("frr")) router.frr = read_frr(*frr);
  if (router.rest.has_value() == router.by_frr()) fields.problem("rest", "goes with the driver agent");
  if (router.frr.has_value() != router.by_frr()) fields.problem("frr", "goes with the drivers frr-vtysh and frr-grpc");
  return router;
}

nlohmann::ordered_json to_json(const RouterSouthbound& router) {
  nlohmann::ordered_json json = {{"driver", to_string(router.driver)}};
  if (router.rest) json["rest"] = to_json(*router.rest);
  if (!router.frr) return json;
  auto tunnels = nlohmann::ordered_json::array();
  for (const auto& tunnel : router.frr->tunnels)
    tunnels.push_back({{"cs_id", tunnel.cs_id.str()}, {"csci", tunnel.csci.str()}, {"interface", tunnel.interface}});
  json["frr"] = {{"address", router.frr->address.str()},
                 {"zebra_port", router.frr->zebra_port},
                 {"staticd_port", router.frr->staticd_port},
                 {"password", router.frr->password.string()},
                 {"tunnels", std::move(tunnels)}};
  return json;
}

std::unique_ptr<Southbound> make_southbound(const boost::asio::any_io_executor& executor,
                                            const RouterSouthbound& router, Southbound::Callbacks callbacks) {
  switch (router.driver) {
    case Driver::agent:
      return agent_southbound(executor, router.rest.value().endpoint(), std::move(callbacks));
    case Driver::frr_vtysh:
      return frr_vtysh_southbound(executor, frr_router(router.frr.value()), std::move(callbacks));
    case Driver::frr_grpc:
      break;
  }
  return frr_grpc_southbound(executor, frr_router(router.frr.value()), std::move(callbacks));
}

}  // namespace cats::roles
