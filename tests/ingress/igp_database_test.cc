// What FRR's OSPF daemons answer. The recordings are of Debian's FRR 8.4.4: r1 in the middle of r2, r3 and r4, and the
// same 7 s after the daemons of r3 were killed.
#include "emulator/roles/igp_database.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "tests/support/fake_vty.h"
#include "tests/support/temporary_directory.h"

namespace cats::roles {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::HasSubstr;
using Protocol = IgpConfig::Protocol;

std::string recorded(const std::string& name) {
  return read_file(std::string(CATS_SOURCE_DIR "/tests/ingress/recorded/") + name);
}

IpAddress router(int last) { return IpAddress::of("198.19.128." + std::to_string(last)); }

// r1 in the middle of r2, r3 and r4.
const LinkState kStar{{router(1), {router(2), router(3), router(4)}},
                      {router(2), {router(1)}},
                      {router(3), {router(1)}},
                      {router(4), {router(1)}}};

TEST(IgpDatabase, ReadsWhatOspf6dAnswers) {
  const auto state = parse_database(Protocol::ospfv3, json::parse(recorded("ospf6d-router-database.json")));
  ASSERT_TRUE(state) << state.error().message;
  EXPECT_EQ(*state, kStar);
}

TEST(IgpDatabase, ReadsWhatOspfdAnswers) {
  const auto state = parse_database(Protocol::ospfv2, json::parse(recorded("ospfd-router-database.json")));
  ASSERT_TRUE(state) << state.error().message;
  EXPECT_EQ(*state, kStar);
}

TEST(IgpDatabase, ARouterThatIsGoneStaysAndIsNamedByNobody) {
  LinkState lost = kStar;
  lost[router(1)].erase(router(3));
  const auto v3 = parse_database(Protocol::ospfv3, json::parse(recorded("ospf6d-router-lost.json")));
  const auto v2 = parse_database(Protocol::ospfv2, json::parse(recorded("ospfd-router-lost.json")));
  ASSERT_TRUE(v3 && v2);
  EXPECT_EQ(*v3, lost);
  EXPECT_EQ(*v2, lost);
}

json ospf6_answer(const json& lsas) {
  json area = {{"areaId", "0"}};
  area["lsa"] = lsas;
  json answer;
  answer["areaScopedLinkStateDb"] = json::array({area});
  return answer;
}

json ospf6_lsa(const std::string& of, const std::string& to, int age = 5, const std::string& type = "Point-To-Point") {
  const json link = {{"type", type}, {"neighborRouterId", to}};
  return {{"age", age}, {"type", "Router"}, {"advertisingRouter", of}, {"lsaDescription", json::array({link})}};
}

TEST(IgpDatabase, LeavesOutWhatIsWithdrawnAndAddsUpTheLsasOfARouter) {
  const json lsas = {ospf6_lsa("198.19.128.1", "198.19.128.2"), ospf6_lsa("198.19.128.1", "198.19.128.3"),
                     ospf6_lsa("198.19.128.2", "198.19.128.1", 3600),
                     ospf6_lsa("198.19.128.3", "198.19.128.1", 3599, "Transit-Network")};
  const auto state = parse_database(Protocol::ospfv3, ospf6_answer(lsas));
  ASSERT_TRUE(state) << state.error().message;
  EXPECT_EQ(*state, (LinkState{{router(1), {router(2), router(3)}}, {router(3), {}}}));
}

TEST(IgpDatabase, SaysWhatItDoesNotUnderstand) {
  const auto why = [](const json& answer) {
    const auto state = parse_database(Protocol::ospfv3, answer);
    return state ? "nothing" : state.error().message;
  };
  EXPECT_EQ(why(ospf6_answer(json::array())), "nothing");
  EXPECT_THAT(why(json::array()), HasSubstr("ospfv3: the database is no object"));
  EXPECT_THAT(why(ospf6_answer(json::array({ospf6_lsa("r1", "198.19.128.2")}))),
              HasSubstr("an LSA without a router id"));
  EXPECT_THAT(why(ospf6_answer(json::array({ospf6_lsa("198.19.128.1", "r2")}))),
              HasSubstr("a link of 198.19.128.1 to nobody"));
  json ageless = ospf6_lsa("198.19.128.1", "198.19.128.2");
  ageless.erase("age");
  EXPECT_THAT(why(ospf6_answer(json::array({ageless}))), HasSubstr("an LSA without age"));
  json typed = ospf6_lsa("198.19.128.1", "198.19.128.2");
  typed["lsaDescription"][0]["type"] = 7;
  EXPECT_THAT(why(ospf6_answer(json::array({typed}))), HasSubstr("ospfv3: "));
}

TEST(IgpDatabase, IsAskedOverTheVty) {
  const support::TemporaryDirectory directory;
  const IgpConfig config{Protocol::ospfv3, directory / "ospf6d.vty"};
  const auto nobody = read_link_state(config, 100ms);
  ASSERT_FALSE(nobody);
  EXPECT_THAT(nobody.error().message, HasSubstr("ospf6d.vty: No such file or directory"));
  {
    const support::FakeVty vty(config.vty, recorded("ospf6d-router-database.json"));
    const auto state = read_link_state(config, 2s);
    ASSERT_TRUE(state) << state.error().message;
    EXPECT_EQ(*state, kStar);
  }
  std::filesystem::remove(config.vty);
  const support::FakeVty vty(config.vty, "% OSPFv3 is not running");
  const auto down = read_link_state(config, 2s);
  ASSERT_FALSE(down);
  EXPECT_THAT(down.error().message, HasSubstr("answered no JSON: % OSPFv3 is not running"));
}

}  // namespace
}  // namespace cats::roles
