// An ingress agent that is killed and started anew, on the real kernel: sessions stay with their instance throughout.
#include <algorithm>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "tests/ingress/network.h"

namespace cats::roles {
namespace {

using namespace std::chrono_literals;

std::uint64_t id_of(const nlohmann::json& decision) { return decision.at("id").get<std::uint64_t>(); }

TEST_F(IngressTest, SessionsStayWhenItIsKilledAndStartedAnew) {
  start(60s);
  sites();
  router_->announce(1, kCsci1, 80);
  router_->announce(2, kCsci2, 50);
  ASSERT_TRUE(support::wait_for(3s, [&] { return events("metric_received").size() == 2; }));
  ASSERT_TRUE(slots_become({{1, 64}}));
  Session session(host_);
  ASSERT_EQ(session.ask(), kCsci1.str());
  kill();
  const std::size_t decisions_before = events("decision").size();
  EXPECT_EQ(session.ask(), kCsci1.str());
  Session without(host_);  // the kernel gives new flows what it was told last
  EXPECT_EQ(without.ask(), kCsci1.str());
  ASSERT_NO_FATAL_FAILURE(start_anew([&] { EXPECT_EQ(session.ask(), kCsci1.str()); }));
  EXPECT_EQ(session.ask(), kCsci1.str());
  router_->announce(1, kCsci1, 10);
  router_->announce(2, kCsci2, 90);
  ASSERT_TRUE(slots_become({{2, 64}}));
  EXPECT_EQ(session.ask(), kCsci1.str());
  Session fresh(host_);
  EXPECT_EQ(fresh.ask(), kCsci2.str());
  const auto decisions = events("decision");
  EXPECT_GT(decisions.size(), decisions_before);
  EXPECT_TRUE(std::ranges::is_sorted(decisions, std::ranges::less_equal(), id_of));  // each id is there once
}

// Instances that routes alone name get their marks in the order in which they come, the first time.
TEST_F(IngressTest, LearntInstancesKeepTheirMarksWhenItIsStartedAnew) {
  start(60s);
  const IpAddress egress = IpAddress::of("2001:2:0:9::1");
  const auto announce = [&](std::uint32_t path, const char* sid) {
    router_->announce(path, egress, 80, kLearnt, IpAddress::of(sid));
  };
  announce(7, "2001:2:9::1");
  announce(8, "2001:2:9::2");
  ASSERT_TRUE(support::wait_for(3s, [&] { return events("tunnel").size() == 2; }));
  kill();
  ASSERT_NO_FATAL_FAILURE(start_anew([] {}));
  announce(9, "2001:2:9::3");
  announce(8, "2001:2:9::2");
  announce(7, "2001:2:9::1");
  ASSERT_TRUE(support::wait_for(3s, [&] { return events("tunnel").size() == 5; }));
  std::map<std::string, std::set<std::uint32_t>> marks;
  for (const auto& tunnel : events("tunnel"))
    marks[tunnel.at("sid").get<std::string>()].insert(tunnel.at("mark").get<std::uint32_t>());
  const std::map<std::string, std::set<std::uint32_t>> expected{
      {"2001:2:9::1", {257}}, {"2001:2:9::2", {258}}, {"2001:2:9::3", {259}}};
  EXPECT_EQ(marks, expected);
}

}  // namespace
}  // namespace cats::roles
