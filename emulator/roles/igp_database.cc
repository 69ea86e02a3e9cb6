#include "emulator/roles/igp_database.h"

#include <array>

#include "emulator/frr/vty.h"

namespace cats::roles {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using Protocol = IgpConfig::Protocol;

constexpr std::array<std::string_view, 2> kProtocols{"ospfv2", "ospfv3"};  // by Protocol
constexpr int kMaxAge_s = 3600;                                            // RFC 2328, appendix B

// How the two daemons of FRR name the same.
struct Words {
  const char* command;
  const char* lsa_type;
  const char* router_lsa;
  const char* age;
  const char* links;  // an array, or an object with a member per link
  const char* link_type;
  const char* point_to_point;
};
constexpr std::array<Words, 2> kWords{Words{"show ip ospf database router json", "lsaType", "router-LSA", "lsaAge",
                                            "routerLinks", "linkType", "another Router (point-to-point)"},
                                      Words{"show ipv6 ospf6 database router detail json", "type", "Router", "age",
                                            "lsaDescription", "type", "Point-To-Point"}};

const Words& words_of(Protocol protocol) { return kWords.at(static_cast<std::size_t>(protocol)); }

// A router may have several LSAs: what they say adds up.
Expected<void> add_lsa(const Words& words, const json& lsa, LinkState& state) {
  const json age = lsa.value(words.age, json());
  if (!age.is_number_integer()) return fail("an LSA without {}", words.age);
  if (age.get<int>() >= kMaxAge_s) return {};
  const auto router = IpAddress::parse(lsa.value("advertisingRouter", ""));
  if (!router) return fail("an LSA without a router id: {}", router.error().message);
  auto& neighbors = state[*router];
  const json links = lsa.value(words.links, json::array());
  for (const json& link : links) {
    if (!link.is_object()) return fail("{} of {} is no link", words.links, *router);
    if (link.value(words.link_type, "") != words.point_to_point) continue;
    const auto neighbor = IpAddress::parse(link.value("neighborRouterId", ""));
    if (!neighbor) return fail("a link of {} to nobody: {}", *router, neighbor.error().message);
    neighbors.insert(*neighbor);
  }
  return {};
}

// The LSAs of all areas, however deep the answer has them.
Expected<void> add_all(const Words& words, const json& node, LinkState& state) {
  if (node.is_object() && node.contains("advertisingRouter") && node.value(words.lsa_type, "") == words.router_lsa)
    return add_lsa(words, node, state);
  if (!node.is_structured()) return {};
  for (const json& member : node)
    if (auto added = add_all(words, member, state); !added) return added;
  return {};
}

}  // namespace

std::string_view to_string(Protocol protocol) { return kProtocols.at(static_cast<std::size_t>(protocol)); }

IgpConfig read_igp(JsonFields& fields) {
  IgpConfig config;
  const auto name = fields.get<std::string>("protocol");
  if (name == to_string(Protocol::ospfv2))
    config.protocol = Protocol::ospfv2;
  else if (name != to_string(Protocol::ospfv3))
    fields.problem("protocol", "is \"" + name + "\", not ospfv2 or ospfv3");
  config.vty = fields.get<std::string>("vty");
  return config;
}

ordered_json to_json(const IgpConfig& config) {
  return {{"protocol", to_string(config.protocol)}, {"vty", config.vty.string()}};
}

Expected<LinkState> parse_database(Protocol protocol, const json& answer) {
  if (!answer.is_object()) return fail("{}: the database is no object", to_string(protocol));
  LinkState state;
  try {
    if (const auto added = add_all(words_of(protocol), answer, state); !added)
      return fail("{}: {}", to_string(protocol), added.error().message);
  } catch (const json::exception& error) {  // a member of another type
    return fail("{}: {}", to_string(protocol), error.what());
  }
  return state;
}

Expected<LinkState> read_link_state(const IgpConfig& config, Duration timeout) {
  const auto answer = frr::ask_json(config.vty, words_of(config.protocol).command, timeout);
  if (!answer) return tl::make_unexpected(answer.error());
  return parse_database(config.protocol, *answer);
}

ordered_json to_json(const LinkState& state) {
  ordered_json all = ordered_json::array();
  for (const auto& [router, neighbors] : state) {
    ordered_json one = {{"router_id", router.str()}, {"neighbors", ordered_json::array()}};
    for (const IpAddress& neighbor : neighbors) one["neighbors"].push_back(neighbor.str());
    all.push_back(std::move(one));
  }
  return all;
}

Expected<LinkState> link_state_from_json(const json& json) {
  if (!json.is_array()) return fail("the routers are no array");
  LinkState state;
  const auto id_of = [](const nlohmann::json& value) {
    return IpAddress::parse(value.is_string() ? value.get<std::string>() : value.dump());
  };
  for (const nlohmann::json& one : json) {
    if (!one.is_object() || !one.contains("router_id") || !one.contains("neighbors") || !one.at("neighbors").is_array())
      return fail("a router without router_id or neighbors");
    const auto router = id_of(one.at("router_id"));
    if (!router) return tl::make_unexpected(router.error());
    auto& neighbors = state[*router];
    for (const nlohmann::json& neighbor : one.at("neighbors")) {
      const auto id = id_of(neighbor);
      if (!id) return tl::make_unexpected(id.error());
      neighbors.insert(*id);
    }
  }
  return state;
}

}  // namespace cats::roles
