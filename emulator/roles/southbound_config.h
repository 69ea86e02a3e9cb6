// How the controller tells a router what it decided (I1), in the controller's configuration: an entry of `routers` has,
// beside the router's name, one of
//   "rest": {…}                                                              the ingress' agent
//   "driver": "frr-vtysh" or "frr-grpc",
//   "frr": {"address": "2001:2:0:ff::1", "zebra_port": 2601, "staticd_port": 2616, "password": FILE,
//           "tunnels": [{"cs_id", "csci", "interface": "tunnel1"}]}
// `staticd_port` is of its VTY, or of its gRPC server. The password of the VTYs stands in a file, as tokens do.
// "driver": "agent" need not be said.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <nlohmann/json.hpp>

#include "base/json_fields.h"
#include "emulator/roles/rest_config.h"
#include "emulator/roles/southbound.h"
#include "emulator/roles/southbound_frr.h"

namespace cats::roles {

struct RouterSouthbound {
  enum class Driver : std::uint8_t { agent, frr_vtysh, frr_grpc };

  struct Tunnel {
    IpAddress cs_id;
    IpAddress csci;
    std::string interface;
  };
  struct Frr {
    IpAddress address;
    std::uint16_t zebra_port = 0;
    std::uint16_t staticd_port = 0;
    std::filesystem::path password;
    std::vector<Tunnel> tunnels;
  };

  Driver driver = Driver::agent;
  std::optional<RestPeerConfig> rest = {};  // with the driver agent
  std::optional<Frr> frr = {};              // with the drivers frr-*

  bool by_frr() const { return driver != Driver::agent; }
};

const char* to_string(RouterSouthbound::Driver driver);  // "frr-vtysh"

// The members above; others of the entry are the caller's.
RouterSouthbound read_router_southbound(JsonFields& fields);
nlohmann::ordered_json to_json(const RouterSouthbound& router);

// Throws UsageError or SystemError naming a file that cannot be read, and UsageError where frr-grpc is asked for
// without FRR's gRPC module.
std::unique_ptr<Southbound> make_southbound(const boost::asio::any_io_executor& executor,
                                            const RouterSouthbound& router, Southbound::Callbacks callbacks);

}  // namespace cats::roles
