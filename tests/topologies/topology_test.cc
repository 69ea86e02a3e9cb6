#include "topologies/topology.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "topologies/generator.h"
#include "topologies/routing.h"

namespace cats::topologies {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Topology parsed(const std::string& text) {
  auto topology = parse_topology(text, "test.clab.yml");
  EXPECT_TRUE(topology) << topology.error().str();
  return topology ? *topology : Topology{};
}

Topology shipped(const std::string& name) {
  auto topology = load_topology(fmt::format(CATS_SOURCE_DIR "/topologies/{}.clab.yml", name));
  EXPECT_TRUE(topology) << topology.error().str();
  return topology ? *topology : Topology{};
}

const std::string kTwoServices = R"(
name: two
topology:
  defaults: {kind: linux}
  nodes:
    r1: {labels: {cats-role: ingress}}
    r2: {labels: {cats-role: egress}}
    r3: {labels: {cats-role: egress}}
    es1: {labels: {cats-role: edge-server, cats-service: video}}
    es2: {labels: {cats-role: edge-server, cats-service: chat, cats-family: ipv4}}
    es3: {labels: {cats-role: edge-server, cats-service: video}}
  links:
    - endpoints: ["r1:eth1", "r2:eth1"]
    - endpoints: ["r2:eth2", "r3:eth1"]
    - endpoints: ["r3:eth2", "es3:eth1"]
    - endpoints: ["r2:eth3", "es1:eth1"]
    - endpoints: ["r3:eth3", "es2:eth1"]
)";

TEST(Topology, NumbersInstancesByTheirOwnAddress) {
  const Topology topology = parsed(kTwoServices);
  ASSERT_EQ(topology.services.size(), 2U);
  EXPECT_EQ(topology.services[0].name, "video");
  EXPECT_EQ(topology.services[0].cs_id.str(), "2001:2:0:c5::1");
  EXPECT_EQ(topology.services[1].cs_id.str(), "198.19.0.2");
  // es3's link comes before es1's, so its CSCI-ID is lower.
  const Instance& first = topology.instances.at(topology.services[0].instances.at(0));
  EXPECT_EQ(first.node, "es3");
  EXPECT_EQ(first.mark, 1U);
  EXPECT_EQ(first.sid.str(), "2001:2:0:2002::1");
  const Instance& chat = topology.instances.at(topology.services[1].instances.at(0));
  EXPECT_EQ(chat.csci.str(), "198.18.0.22");
  EXPECT_EQ(chat.mark, 257U);
  EXPECT_EQ(chat.table, 1257U);
  EXPECT_EQ(chat.sid.str(), "2001:2:0:2002::101");
  EXPECT_TRUE(topology.has_ipv4());
  EXPECT_TRUE(topology.has_ipv6_service());
}

TEST(Topology, TakesWhatTheFileGives) {
  const Topology topology = parsed(R"(
name: given
topology:
  defaults: {kind: linux}
  nodes:
    r1: {labels: {cats-role: ingress, cats-address: "2001:2:0:aa::1"}}
    r2: {labels: {cats-role: egress, cats-locator: "2001:2:0:bb00::/56"}}
    es1: {labels: {cats-role: edge-server, cats-service: "2001:2:0:cc::5"}}
  links:
    - {endpoints: ["r1:eth1", "r2:eth1"], mtu: 4000}
    - {endpoints: ["r2:eth2", "es1:eth1"], ipv6: ["2001:2:0:dd::a/64", "2001:2:0:dd::b/64"]}
)");
  EXPECT_EQ(topology.node("r1").loopback->str(), "2001:2:0:aa::1");
  EXPECT_EQ(topology.links[0].mtu, 4000);
  EXPECT_EQ(topology.links[1].mtu, kEdgeMtu);
  EXPECT_EQ(topology.services.at(0).cs_id.str(), "2001:2:0:cc::5");
  EXPECT_EQ(topology.instances.at(0).csci.str(), "2001:2:0:dd::b");
  EXPECT_EQ(topology.instances.at(0).sid.str(), "2001:2:0:bb00::1");
}

TEST(Topology, NoAddressIsUsedTwice) {
  const Topology topology = parsed(generate_sites(40, 20));
  std::set<IpAddress> seen;
  std::size_t addresses = 0;
  for (const Node& node : topology.nodes) {
    for (const auto& address : {node.loopback, node.agent})
      if (address) ++addresses, seen.insert(*address);
    for (const Interface& interface : node.interfaces) ++addresses, seen.insert(interface.address.address);
  }
  for (const Instance& instance : topology.instances) ++addresses, seen.insert(instance.sid);
  EXPECT_EQ(seen.size(), addresses);
}

TEST(Generator, MakesAnySize) {
  for (const auto& [sites, hosts] : {std::pair(1, 0), std::pair(3, 2), std::pair(100, 50)}) {
    const Topology topology = parsed(generate_sites(sites, hosts));
    EXPECT_EQ(topology.nodes.size(), 3U + 2 * sites + hosts);
    EXPECT_EQ(topology.links.size(), 2U * sites + hosts + 2);
    EXPECT_EQ(topology.instances.size(), static_cast<std::size_t>(sites));
  }
  const Topology line = parsed(generate_line(200));
  EXPECT_EQ(line.nodes.size(), 200U);
  EXPECT_EQ(line.links.size(), 199U);
  EXPECT_FALSE(line.has_ipv4());
  EXPECT_THAT(frr_daemons(line, line.nodes[1]), ElementsAre("zebra", "ospf6d"));
}

TEST(Generator, MakesTheShippedNetwork) {
  const Topology made = parsed(generate_sites(3, 2));
  const Topology file = shipped("three-sites");
  ASSERT_EQ(made.nodes.size(), file.nodes.size());
  for (std::size_t i = 0; i < made.nodes.size(); ++i) {
    EXPECT_EQ(made.nodes[i].name, file.nodes[i].name);
    EXPECT_EQ(made.nodes[i].role, file.nodes[i].role);
    ASSERT_EQ(made.nodes[i].interfaces.size(), file.nodes[i].interfaces.size());
    for (std::size_t k = 0; k < made.nodes[i].interfaces.size(); ++k)
      EXPECT_EQ(made.nodes[i].interfaces[k].address, file.nodes[i].interfaces[k].address);
  }
  EXPECT_EQ(made.services[0].cs_id, file.services[0].cs_id);
}

TEST(Topology, RefusesMoreInstancesThanAMarkCanName) {
  const auto topology = parse_topology(generate_sites(256, 0), "x");
  ASSERT_FALSE(topology);
  EXPECT_THAT(topology.error().str(), HasSubstr("service service has 256 instances: allowed are 255 at most"));
  EXPECT_TRUE(parse_topology(generate_sites(255, 0), "x"));
}

TEST(Topology, IsFoundByNameOrByFile) {
  const std::filesystem::path folder = CATS_SOURCE_DIR "/topologies";
  EXPECT_EQ(find_topology("triangle", folder).value(), folder / "triangle.clab.yml");
  EXPECT_EQ(find_topology("triangle.clab.yml", folder).value(), folder / "triangle.clab.yml");
  const std::string file = (folder / "three-sites.clab.yml").string();
  EXPECT_EQ(find_topology(file, "/nowhere").value(), file);
  EXPECT_THAT(find_topology("triangel", folder).error().message, HasSubstr("did you mean \"triangle\"?"));
  EXPECT_THAT(find_topology("x", "/nowhere").error().message, HasSubstr("none in /nowhere"));
}

TEST(Topology, AMissingFileIsADiagnostic) {
  const auto topology = load_topology("/nowhere/x.clab.yml");
  ASSERT_FALSE(topology);
  EXPECT_THAT(topology.error().str(), HasSubstr("/nowhere/x.clab.yml: open /nowhere/x.clab.yml: No such file"));
}

std::vector<std::string> internal(const Topology& topology, const std::string& node) {
  std::vector<std::string> names;
  for (const BgpNeighbor& neighbor : bgp_neighbors(topology, topology.node(node)))
    if (neighbor.kind == BgpNeighbor::Kind::kInternal) names.push_back(neighbor.node);
  return names;
}

TEST(Routing, EgressRoutersPeerOnlyWhereOneNeedsTheOther) {
  const Topology triangle = shipped("triangle");
  EXPECT_THAT(internal(triangle, "r1"), ElementsAre("r2", "r3"));
  EXPECT_THAT(internal(triangle, "r2"), ElementsAre("r1"));
  // r2 has no instance of chat, and stands between r1 and r3. Both families, so two sessions with each.
  const Topology two = parsed(kTwoServices);
  EXPECT_THAT(internal(two, "r2"), ElementsAre("r1", "r1", "r3", "r3"));
}

TEST(Routing, BothEndsOfASessionAgree) {
  for (const Topology& topology : {shipped("triangle"), shipped("three-sites-ipv4"), parsed(kTwoServices)})
    for (const Node* router : topology.routers())
      for (const BgpNeighbor& neighbor : bgp_neighbors(topology, *router)) {
        if (neighbor.kind != BgpNeighbor::Kind::kInternal) continue;
        const auto back = bgp_neighbors(topology, topology.node(neighbor.node));
        EXPECT_TRUE(std::ranges::any_of(back,
                                        [&](const BgpNeighbor& other) {
                                          return other.address == neighbor.local && other.local == neighbor.address;
                                        }))
            << router->name << " and " << neighbor.node;
      }
}

TEST(Routing, SpeakersConnectToTheRightPlace) {
  const Topology topology = shipped("three-sites");
  const BgpSession edge = edge_session(topology, topology.node("es2"));
  EXPECT_EQ(edge.local.str(), "2001:2:0:1005::2");
  EXPECT_EQ(edge.remote.str(), "2001:2:0:1005::1");
  EXPECT_EQ(edge.local_as, 65102U);
  EXPECT_EQ(edge.remote_as, 65000U);
  const auto agents = agent_sessions(topology, topology.node("r1"));
  ASSERT_EQ(agents.size(), 1U);
  EXPECT_EQ(agents[0].local.str(), "2001:2:0:a9::1");
  EXPECT_EQ(agents[0].remote.str(), "2001:2:0:ff::1");
  EXPECT_EQ(agents[0].remote_as, agents[0].local_as);
  const auto agents4 = agent_sessions(shipped("three-sites-ipv4"), shipped("three-sites-ipv4").node("r1"));
  ASSERT_EQ(agents4.size(), 1U);
  EXPECT_EQ(agents4[0].local.str(), "198.19.64.1");
}

}  // namespace
}  // namespace cats::topologies
