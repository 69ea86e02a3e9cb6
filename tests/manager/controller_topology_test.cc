// What the controller makes of the routers' databases.
#include "emulator/roles/controller_topology.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "emulator/roles/controller_state.h"
#include "tests/manager/control_plane.h"

namespace cats::roles {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Inventory known_inventory() {
  const json given = inventory();
  JsonFields fields(given, "");
  Inventory read = read_inventory(fields);
  if (const auto wrong = fields.finish()) throw std::runtime_error(*wrong);
  return read;
}

IpAddress router(int last) { return IpAddress::of("198.19.128." + std::to_string(last)); }

LinkState state_of(const std::vector<int>& neighbors) {
  return link_state_from_json(link_state(neighbors).at("routers")).value();
}

TEST(KnownTopology, SaysWhatIsAnotherWay) {
  KnownTopology known(known_inventory());
  EXPECT_FALSE(known.heard());
  EXPECT_THAT(known.learn("r1", state_of({2}), from_ns(5)),
              ElementsAre("node r1 found", "node r2 found", "link r1-r2 found"));
  EXPECT_THAT(known.learn("r1", state_of({2}), from_ns(6)), IsEmpty());
  EXPECT_EQ(known.heard(), from_ns(6));
  EXPECT_THAT(known.learn("r1", state_of({2, 3}), from_ns(7)), ElementsAre("node r3 found", "link r1-r3 found"));
  EXPECT_THAT(known.nodes(), ElementsAre("r1", "r2", "r3"));
  EXPECT_THAT(known.links(), ElementsAre("r1-r2", "r1-r3"));
  EXPECT_THAT(known.learn("r1", std::nullopt, from_ns(8)),
              ElementsAre("node r1 gone", "node r2 gone", "node r3 gone", "link r1-r2 gone", "link r1-r3 gone"));
}

TEST(KnownTopology, ALinkIsThereWhenBothEndsSayItAndOneOfThemIsReached) {
  KnownTopology known(known_inventory());
  LinkState state = state_of({2});
  state[router(1)].insert(router(3));  // r3 says nothing of r1
  state[router(3)] = {};
  known.learn("r1", state, from_ns(1));
  EXPECT_THAT(known.nodes(), ElementsAre("r1", "r2"));
  EXPECT_THAT(known.links(), ElementsAre("r1-r2"));
  // What is left of routers that are gone: they still name each other.
  state[router(1)] = {};
  state[router(2)] = {router(3)};
  state[router(3)] = {router(2)};
  known.learn("r1", state, from_ns(2));
  EXPECT_THAT(known.nodes(), ElementsAre("r1"));
  EXPECT_THAT(known.links(), IsEmpty());
  // A database without its own router says nothing.
  known.learn("r1", LinkState{{router(2), {}}}, from_ns(3));
  EXPECT_THAT(known.nodes(), IsEmpty());
}

TEST(KnownTopology, OneReportIsEnough) {
  KnownTopology known(known_inventory());
  known.learn("r1", state_of({2}), from_ns(1));
  EXPECT_THAT(known.learn("r2", state_of({2}), from_ns(2)), IsEmpty());
  EXPECT_THAT(known.learn("r1", std::nullopt, from_ns(3)), IsEmpty());  // r2 sees it still
  const json told = known.json(from_ns(10));
  EXPECT_EQ(told.at("links")[0], json::parse(R"({"a": "r1", "b": "r2", "in_inventory": true, "reported_by": ["r2"]})"));
  EXPECT_EQ(told.at("reports"), json::parse(R"([{"router": "r1", "age_ns": 7, "igp": false},
                                                {"router": "r2", "age_ns": 8, "igp": true}])"));
  EXPECT_EQ(told.at("missing_nodes"), json({"r3"}));
  EXPECT_EQ(told.at("missing_links"), json({"r1-r3"}));
}

TEST(KnownTopology, NamesStrangersByTheirRouterId) {
  KnownTopology known(known_inventory());
  known.learn("r1", state_of({2, 9}), from_ns(1));
  EXPECT_THAT(known.nodes(), ElementsAre("198.19.128.9", "r1", "r2"));
  EXPECT_THAT(known.links(), ElementsAre("198.19.128.9-r1", "r1-r2"));
  const json told = known.json(from_ns(1));
  EXPECT_EQ(told.at("nodes")[0], json::parse(R"({"node": "198.19.128.9", "router_id": "198.19.128.9",
                                                 "in_inventory": false, "reported_by": ["r1"]})"));
  EXPECT_EQ(told.at("links")[0].at("in_inventory"), false);
}

TEST(LinkState, ComesBackFromJson) {
  const LinkState state = state_of({2, 3});
  const auto back = link_state_from_json(json(to_json(state)));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, state);
  for (const char* wrong : {"{}", R"([{"router_id": "198.19.128.1"}])", R"([{"router_id": 7, "neighbors": []}])",
                            R"([{"router_id": "198.19.128.1", "neighbors": ["r2"]}])"})
    EXPECT_FALSE(link_state_from_json(json::parse(wrong))) << wrong;
}

TEST(Inventory, ComesBackAndIsStrict) {
  EXPECT_EQ(json(to_json(known_inventory())), inventory());
  json wrong = inventory();
  wrong["routers"][1]["router_id"] = "198.19.128.1";
  wrong["routers"][2]["router_id"] = "2001:2::3";
  wrong["links"][2]["core"] = true;
  wrong["sites"][0]["edge_servers"] = {"es1", 2};
  JsonFields fields(wrong, "inventory");
  read_inventory(fields);
  const auto problems = fields.finish();
  ASSERT_TRUE(problems);
  for (const char* expected : {"router_id is there twice", "router_id is no IPv4 address", "an end is no router",
                               "edge_servers is no array of names"})
    EXPECT_THAT(*problems, HasSubstr(expected));
}

TEST(SelectionHistory, KeepsTheLatest) {
  SelectionHistory history;
  EXPECT_TRUE(history.json().empty());
  const auto count = static_cast<int>(SelectionHistory::kKept) + 50;
  for (int i = 0; i < count; ++i) history.add(1000 + i, json{{"id", i}}.dump());
  const json kept = history.json();
  ASSERT_EQ(kept.size(), SelectionHistory::kKept);
  EXPECT_EQ(kept.front(), (json{{"id", count - 1}, {"decided_unix_ns", 1000 + count - 1}}));
  EXPECT_EQ(kept.back().at("id"), 50);
}

}  // namespace
}  // namespace cats::roles
