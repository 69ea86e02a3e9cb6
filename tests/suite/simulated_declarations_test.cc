// What the report of a simulated run declares is what was simulated.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "suite/report/declarations.h"
#include "suite/run.h"

namespace cats::suite {
namespace {

using nlohmann::ordered_json;
using testing::HasSubstr;
using testing::Not;

ordered_json declared(const std::vector<std::string>& values) {
  const auto scenario = scenarios::load_scenario(CATS_SOURCE_DIR "/scenarios/distributed.yaml",
                                                 catalogue(CATS_SOURCE_DIR "/topologies"), values);
  if (!scenario) throw std::runtime_error(scenario.error().message);
  return declarations(*scenario, {{"tools", {{"frr", "8.4.4"}}}});
}

TEST(SimulatedDeclarations, NameTheModelAndItsParameters) {
  const ordered_json json = declared({"engine=sim", "simulation.link_delay=5ms", "simulation.update_loss=1%"});
  EXPECT_THAT(json.at("control_plane").at("bgp").at("routers").at("implementation"), HasSubstr("model of FRRouting"));
  EXPECT_EQ(json.at("control_plane").at("southbound"), ordered_json::array({"simulated flow table"}));
  EXPECT_EQ(json.at("simulation").at("clock"), "virtual time");
  EXPECT_EQ(json.at("simulation").at("link_delay"), "5ms");
  EXPECT_EQ(json.at("simulation").at("link_rate"), "unlimited");
  EXPECT_EQ(json.at("simulation").at("bgp_batch"), "50ms");
  EXPECT_DOUBLE_EQ(json.at("simulation").at("update_loss").get<double>(), 0.01);
  // Nothing that was not there.
  for (const char* absent : {"conntrack", "netlink", "OSPF", "8.4.4", "catsd"})
    EXPECT_THAT(json.dump(), Not(HasSubstr(absent)));
}

TEST(SimulatedDeclarations, OfTheControllerToo) {
  const ordered_json json = declared({"engine=sim", "mode=centralized"});
  EXPECT_EQ(json.at("control_plane").at("southbound"),
            ordered_json::array({"REST, simulated", "simulated flow table"}));
}

TEST(SimulatedDeclarations, TheEmulatorsHaveNone) {
  const ordered_json json = declared({});
  EXPECT_FALSE(json.contains("simulation"));
  EXPECT_EQ(json.at("control_plane").at("bgp").at("routers").at("implementation"), "FRRouting");
  EXPECT_EQ(json.at("control_plane").at("bgp").at("routers").at("version"), "8.4.4");
}

TEST(SimulatedDeclarations, OfBothEnginesAreTheEmulatorsWithTheSimulatorsBeside) {
  for (const char* engines : {"engine=[emulator, sim]", "engine=[sim, emulator]"}) {
    const ordered_json json = declared({engines, "simulation.link_delay=5ms"});
    const ordered_json emulated = declared({});
    const ordered_json simulated = declared({"engine=sim", "simulation.link_delay=5ms"});
    for (const char* part : {"control_plane", "forwarding_plane", "application_plane", "interfaces"})
      EXPECT_EQ(json.at(part), emulated.at(part)) << engines;
    EXPECT_EQ(json.at("simulation").at("link_delay"), "5ms");
    EXPECT_EQ(json.at("simulation").at("control_plane"), simulated.at("control_plane"));
    EXPECT_EQ(json.at("simulation").at("forwarding_plane"), simulated.at("forwarding_plane"));
  }
}

}  // namespace
}  // namespace cats::suite
