// The entries of the controller's `routers`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "emulator/roles/southbound_config.h"

namespace cats::roles {
namespace {

using nlohmann::json;
using testing::HasSubstr;

json by_agent() {
  return {{"rest", {{"address", "2001:2::1"}, {"port", 8443}, {"authority", "/a.pem"}, {"token", "/t"}}}};
}
json by_frr() {
  return {{"driver", "frr-vtysh"},
          {"frr",
           {{"address", "2001:2::1"},
            {"zebra_port", 2601},
            {"staticd_port", 2616},
            {"password", "/p"},
            {"tunnels", {{{"cs_id", "2001:2::c5"}, {"csci", "2001:2::11"}, {"interface", "tunnel1"}}}}}}};
}

std::string problems(const json& entry) {
  JsonFields fields(entry, "router");
  read_router_southbound(fields);
  return fields.finish().value_or("");
}

TEST(RouterSouthbound, IsReadAsItIsWritten) {
  const json entry = by_frr();
  JsonFields fields(entry, "router");
  const RouterSouthbound router = read_router_southbound(fields);
  EXPECT_FALSE(fields.finish().has_value());
  EXPECT_TRUE(router.by_frr());
  ASSERT_EQ(router.frr->tunnels.size(), 1U);
  EXPECT_EQ(router.frr->tunnels[0].csci, IpAddress::of("2001:2::11"));
  EXPECT_EQ(json::parse(to_json(router).dump()), entry);
}

TEST(RouterSouthbound, IsTheAgentWhenNothingElseIsSaid) {
  const json entry = by_agent();
  JsonFields fields(entry, "router");
  const RouterSouthbound router = read_router_southbound(fields);
  EXPECT_FALSE(router.by_frr());
  EXPECT_EQ(router.rest->port, 8443);
  EXPECT_FALSE(fields.finish().has_value());
}

TEST(RouterSouthbound, WhatDoesNotFitIsNamed) {
  json entry = by_frr();
  entry["driver"] = "netconf";
  EXPECT_THAT(problems(entry), HasSubstr("router.driver is \"netconf\", not agent, frr-vtysh or frr-grpc"));
  entry["driver"] = "agent";
  EXPECT_THAT(problems(entry), HasSubstr("router.frr goes with the drivers frr-vtysh and frr-grpc"));
  entry["driver"] = "frr-grpc";
  entry.erase("frr");
  EXPECT_THAT(problems(entry), HasSubstr("router.frr goes with the drivers frr-vtysh and frr-grpc"));
  EXPECT_THAT(problems(json::object()), HasSubstr("router.rest goes with the driver agent"));
  entry = by_frr();
  entry.update(by_agent());
  EXPECT_THAT(problems(entry), HasSubstr("router.rest goes with the driver agent"));
  entry = by_frr();
  entry["frr"]["tunnels"][0].erase("interface");
  EXPECT_THAT(problems(entry), HasSubstr("interface is missing"));
}

// The password is in a file that only root reads: what is asked for is the file.
TEST(RouterSouthbound, AFileThatIsMissingIsNamed) {
  RouterSouthbound router;
  router.driver = RouterSouthbound::Driver::frr_vtysh;
  router.frr.emplace();
  router.frr->password = "/nowhere/password";
  try {
    make_southbound({}, router, {});
    FAIL() << "a driver without its password";
  } catch (const std::exception& error) {
    EXPECT_THAT(error.what(), HasSubstr("/nowhere/password"));
  }
}

}  // namespace
}  // namespace cats::roles
