// Links down and up in a network without FRR: what the kernel drops with an interface is there again afterwards.
#include <algorithm>
#include <memory>
#include <string>
#include <unistd.h>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "emulator/world.h"
#include "tests/support/needs.h"
#include "tests/support/temporary_directory.h"

namespace cats {
namespace {

using kernel::Route;
using testing::HasSubstr;

class WorldLosses : public testing::Test {
 protected:
  void SetUp() override {
    CATS_NEEDS_ROOT();
    auto loaded = topologies::load_topology(std::string(CATS_SOURCE_DIR) + "/topologies/three-sites.clab.yml");
    ASSERT_TRUE(loaded) << loaded.error().str();
    topology_ = *std::move(loaded);
    const std::string run = fmt::format("t{}", ::getpid() % 1000000);
    world_ = std::make_unique<World>(
        topology_, WorldOptions{.run = run, .directory = directory_ / "run", .logs = directory_ / "logs"});
    world_->up(plan::make_plan(topology_, {.run = run, .bare = true}));
  }

  std::vector<std::string> addresses(const std::string& node, const std::string& dev) {
    std::vector<std::string> found;
    for (const kernel::InterfaceAddress& one : world_->netlink(node).addresses())
      if (one.dev == dev && !one.address.address.str().starts_with("fe80")) found.push_back(one.address.str());
    std::ranges::sort(found);
    return found;
  }
  // The device of the tunnel in this table; "" without one.
  std::string tunnel(std::uint32_t table) {
    for (const Route& route : world_->netlink("r1").routes(true, table))
      if (std::holds_alternative<kernel::HEncaps>(route.encap)) return route.next_hops.at(0).dev;
    return "";
  }
  bool up(const std::string& node, const std::string& dev) {
    const auto links = world_->netlink(node).links();
    const auto found = std::ranges::find(links, dev, &kernel::Link::name);
    return found != links.end() && found->up && found->running;
  }

  support::TemporaryDirectory directory_;
  topologies::Topology topology_;
  std::unique_ptr<World> world_;
};

TEST_F(WorldLosses, ALinkComesBackWithItsAddressesAndTunnels) {
  const auto& instance = topology_.instances.at(0);
  const IpAddress cs_id = topology_.services.at(instance.service).cs_id;
  world_->netlink("r1").wait_running({"eth1", "eth2"}, MonotonicClock().now() + std::chrono::seconds(5));
  world_->netlink("r1").add_route({.destination = IpPrefix::host(cs_id),
                                   .next_hops = {{.dev = "eth1"}},
                                   .table = instance.table,
                                   .encap = kernel::HEncaps{{instance.sid}}});
  const auto before = addresses("r1", "eth1");
  ASSERT_FALSE(before.empty());

  world_->set_link("r2", "r1", false);
  EXPECT_FALSE(up("r1", "eth1"));
  EXPECT_FALSE(up("r2", "eth1"));
  EXPECT_TRUE(up("r1", "eth2"));
  EXPECT_EQ(tunnel(instance.table), "eth2");
  world_->set_link("r1", "r2", false);  // again: nothing more is forgotten

  world_->set_link("r1", "r2", true);
  EXPECT_TRUE(up("r1", "eth1"));
  EXPECT_TRUE(up("r2", "eth1"));
  EXPECT_EQ(addresses("r1", "eth1"), before);
  EXPECT_EQ(tunnel(instance.table), "eth1");
  EXPECT_EQ(world_->netlink("r1").routes(true, instance.table).size(), 1U);

  world_->set_link("r1", "r3", false);
  world_->set_link("r1", "r4", false);
  world_->bring_links_up();
  for (const char* dev : {"eth1", "eth2", "eth3"}) EXPECT_TRUE(up("r1", dev)) << dev;
}

TEST_F(WorldLosses, WhatIsNotThereCannotBeLost) {
  const auto message = [](auto&& attempt) -> std::string {
    try {
      attempt();
    } catch (const MeasurementError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(message([&] { world_->set_link("r2", "r3", false); }), HasSubstr("no link between r2 and r3"));
  EXPECT_THAT(message([&] { world_->lose_routing("h1"); }), HasSubstr("h1 runs no FRR"));
}

}  // namespace
}  // namespace cats
