// CATS_UPDATE_GOLDEN=1 writes what is expected anew. `vtysh -C` (syntax check) of FRR agrees where it is installed.
#include <cstdlib>

#include <gtest/gtest.h>

#include "base/file.h"
#include "emulator/frr/config.h"
#include "tests/support/needs.h"
#include "tests/support/process.h"
#include "tests/support/temporary_directory.h"

namespace cats::frr {
namespace {

topologies::Topology shipped(const std::string& name) {
  return topologies::load_topology(fmt::format(CATS_SOURCE_DIR "/topologies/{}.clab.yml", name)).value();
}

TEST(Config, OfIngressAndEgress) {
  for (const char* name : {"three-sites", "three-sites-ipv4"})
    for (const char* router : {"r1", "r2"}) {
      const topologies::Topology topology = shipped(name);
      const std::string text = router_config(topology, topology.node(router), {.bmp_port = 1790});
      const std::string file = fmt::format(CATS_SOURCE_DIR "/tests/emulator_frr/golden/{}-{}.conf", name, router);
      if (std::getenv("CATS_UPDATE_GOLDEN") != nullptr) write_file(file, text);
      EXPECT_EQ(text, read_file(file));
    }
}

// A router-level neighbor command after an address family would leave it, and what follows would land nowhere.
TEST(Config, RouterLevelComesBeforeAddressFamilies) {
  const topologies::Topology topology = shipped("three-sites-ipv4");
  const std::string text = daemon_config(topology, topology.node("r1"), "bgpd");
  EXPECT_EQ(text.find("\n neighbor ", text.find("address-family")), std::string::npos);
  EXPECT_LT(text.find("\n neighbor "), text.find("address-family"));
}

TEST(Config, EachDaemonGetsItsOwnCommands) {
  const topologies::Topology topology = shipped("three-sites");
  const topologies::Node& egress = topology.node("r2");
  EXPECT_EQ(daemon_config(topology, egress, "zebra").find("router"), std::string::npos);
  EXPECT_NE(daemon_config(topology, egress, "staticd").find("ipv6 route 2001:2:0:2001::/64 blackhole"),
            std::string::npos);
  EXPECT_EQ(daemon_config(topology, egress, "ospf6d").find("router bgp"), std::string::npos);
  EXPECT_EQ(daemon_config(topology, egress, "bgpd").find("bmp"), std::string::npos);  // only when asked for
  EXPECT_THROW(daemon_config(topology, egress, "ripd"), std::invalid_argument);
}

TEST(Config, APasswordIsThereOnlyWhenGiven) {
  const topologies::Topology topology = shipped("three-sites");
  const topologies::Node& ingress = topology.node("r1");
  EXPECT_EQ(daemon_config(topology, ingress, "staticd"), "frr defaults traditional\nhostname r1\n!\n");
  ConfigOptions options;
  options.vty_password = "sesame7";
  EXPECT_EQ(daemon_config(topology, ingress, "staticd", options),
            "frr defaults traditional\nhostname r1\npassword sesame7\nenable password sesame7\n!\n");
}

TEST(Config, VtyshKnowsEveryCommand) {
  CATS_NEEDS_PROGRAM("vtysh");
  const support::TemporaryDirectory directory;
  for (const char* name : {"three-sites", "three-sites-ipv4", "triangle"}) {
    const topologies::Topology topology = shipped(name);
    for (const topologies::Node* router : topology.routers()) {
      write_file(directory / "frr.conf", router_config(topology, *router));
      const auto result = support::run({"vtysh", "-C", "--config_dir", directory.path()});
      EXPECT_EQ(result.status, 0) << name << " " << router->name << ": " << result.output;
    }
  }
}

}  // namespace
}  // namespace cats::frr
