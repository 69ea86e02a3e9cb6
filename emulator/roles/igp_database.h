// What a router's IGP knows of the network: the router LSAs of its link-state database (OSPFv2: RFC 2328,
// section 12.4.1; OSPFv3: RFC 5340, section 4.4.3.2), asked of FRR (written for 8.4) over its VTY.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "base/ip.h"
#include "base/json_fields.h"

namespace cats::roles {

// "igp": {"protocol": "ospfv3", "vty": ".../ospf6d.vty"}
struct IgpConfig {
  enum class Protocol : std::uint8_t { ospfv2, ospfv3 };
  Protocol protocol = Protocol::ospfv3;
  std::filesystem::path vty;  // of ospfd or ospf6d
};

std::string_view to_string(IgpConfig::Protocol protocol);
IgpConfig read_igp(JsonFields& fields);
nlohmann::ordered_json to_json(const IgpConfig& config);

// By router id: the router ids that the router's LSA has a point-to-point link to. A link is there when both ends say
// so; LSAs that are being withdrawn (MaxAge) are left out, those of routers that are gone stay for up to an hour.
using LinkState = std::map<IpAddress, std::set<IpAddress>>;

// Of "show ipv6 ospf6 database router detail json" and "show ip ospf database router json". Errors say what is not as
// expected.
Expected<LinkState> parse_database(IgpConfig::Protocol protocol, const nlohmann::json& answer);

// Blocks for up to `timeout`: the daemon is on this machine and needs a few ms.
Expected<LinkState> read_link_state(const IgpConfig& config, Duration timeout);

// As GET /v1/topology of an ingress has it: [{"router_id", "neighbors": [ROUTER-ID]}].
nlohmann::ordered_json to_json(const LinkState& state);
Expected<LinkState> link_state_from_json(const nlohmann::json& json);

}  // namespace cats::roles
