#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "emulator/roles/ingress.h"
#include "emulator/roles/ingress_probe.h"

namespace cats::roles {
namespace {

using testing::HasSubstr;

IngressConfig example() {
  IngressConfig config;
  config.node = "r1";
  config.events = "/run/catsbench/x/r1/events.jsonl";
  config.control = "/run/catsbench/x/r1/control";
  config.seed = 7;
  config.bgp = {
      IpAddress::of("2001:2::2"), IpAddress::of("2001:2::1"), 179, 65000, IpAddress::of("10.0.0.2"), 9, false};
  config.session_timers = kernel::ConntrackTimeouts{10, 10, 10, 10, 10, 10};
  config.igp = IgpConfig{IgpConfig::Protocol::ospfv2, "/run/catsbench/x/r1/frr/ospfd.vty"};
  IngressConfig::Service service;
  service.cs_id = IpAddress::of("2001:2::100");
  service.interval = std::chrono::seconds(1);
  service.age_limit = std::chrono::seconds(3);
  service.steer_by = "norm_fi";
  service.algorithm = {"global-min"};
  service.instances = {{IpAddress::of("2001:2::a"), IpAddress::of("2001:2:5::1"), 1, 1001, 0.2},
                       {IpAddress::of("2001:2::b"), std::nullopt, 2, 1002, 0.4}};
  config.services.push_back(service);
  return config;
}

nlohmann::json example_json() { return nlohmann::json::parse(example().to_json().dump()); }

std::string error_of(const nlohmann::json& json) {
  const auto config = IngressConfig::from_json(json);
  return config ? "no error" : config.error().message;
}

TEST(IngressConfig, ComesBack) {
  const auto back = IngressConfig::from_json(example_json());
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->to_json(), example().to_json());
  EXPECT_EQ(back->services[0].instances[1].sid, std::nullopt);
  EXPECT_EQ(back->services[0].age_limit, Duration(std::chrono::seconds(3)));
}

TEST(IngressConfig, EveryMemberIsNeeded) {
  const nlohmann::json flat = example_json().flatten();
  for (const auto& [pointer, value] : flat.items()) {
    if (pointer.find("/parameters") != std::string::npos) continue;
    nlohmann::json json = example_json();
    const nlohmann::json::json_pointer path(pointer);
    json[path.parent_pointer()].erase(path.back());
    EXPECT_THAT(error_of(json), HasSubstr(path.back() + " is missing")) << pointer;
  }
}

TEST(IngressConfig, NamesEverythingWrong) {
  nlohmann::json json = example_json();
  json["nodes"] = 1;
  json["bgp"]["peer_port"] = 70000;
  json["services"][0]["steer_by"] = "speed";
  json["services"][0]["instances"][1]["mark"] = 1;
  const std::string error = error_of(json);
  for (const char* part :
       {"nodes is not known", "bgp.peer_port is 70000", "\"speed\", no metric", "mark is there twice"})
    EXPECT_THAT(error, HasSubstr(part));
}

TEST(IngressConfig, RefusesAlgorithmsItCannotRun) {
  nlohmann::json json = example_json();
  json["services"][0]["algorithm"] = "fastest";
  EXPECT_THAT(error_of(json), HasSubstr("no algorithm \"fastest\""));
  json["services"][0]["algorithm"] = "global-min";
  json["services"][0]["parameters"] = {{"kp", 1}};
  EXPECT_THAT(error_of(json), HasSubstr("no parameter \"kp\""));
}

TEST(Probe, ReadsTheInstanceFromAReply) {
  EXPECT_EQ(*instance_in_response("HTTP/1.1 200 OK\r\nA: b\r\n\r\n{\"instance\": \"2001:2::a\"}"), "2001:2::a");
  for (const char* bad : {"", "HTTP/1.1 200 OK\r\n", "SSH-2.0\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n{}",
                          "HTTP/1.1 200 OK\r\n\r\n{\"instance\": 3}", "HTTP/1.1 200 OK\r\n\r\n{"})
    EXPECT_FALSE(instance_in_response(bad)) << bad;
  EXPECT_THAT(instance_in_response("HTTP/1.1 503 Busy\r\n\r\n{}").error().message, HasSubstr("503 Busy"));
}

}  // namespace
}  // namespace cats::roles
