// What a controller may rely on, whichever driver it steers a router with; on the real kernel, with real FRR.
#include <thread>

#include "tests/southbound/contract.h"

namespace cats::roles {
namespace {

using namespace std::chrono_literals;
using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

// New sessions: that a hash sends all of them to the same one of two instances has a chance of 1 in 2^31.
constexpr int kMany = 32;

TEST_P(Contract, AnOrderIsToldOnceTheKernelHasIt) {
  order(1, {{kCsci1, 1}, {kCsci2, 0}});
  ASSERT_TRUE(is_in_force(1));
  EXPECT_EQ(steered_to(), Instances{kCsci1});
  EXPECT_EQ(Session(host_).ask(), kCsci1.str());
  order(2, {{kCsci1, 0.5}, {kCsci2, 0.5}});
  ASSERT_TRUE(is_in_force(2));
  EXPECT_EQ(steered_to(), (Instances{kCsci1, kCsci2}));
  EXPECT_THAT(answering(kMany), UnorderedElementsAre(kCsci1.str(), kCsci2.str()));
  EXPECT_THAT(told("failed"), ElementsAre());
}

TEST_P(Contract, ALaterOrderOvertakes) {
  orders({{1, {{kCsci1, 1}}}, {2, {{kCsci2, 1}}}, {3, {{kCsci1, 1}}}, {4, {{kCsci2, 1}}}});
  ASSERT_TRUE(is_in_force(4));
  EXPECT_EQ(steered_to(), Instances{kCsci2});
  std::uint64_t last = 0;
  for (const auto& event : told("in_force")) {
    const auto decision = event["decision"].get<std::uint64_t>();
    EXPECT_GT(decision, last);
    last = decision;
  }
  EXPECT_EQ(last, 4U);
}

TEST_P(Contract, AnInstanceWithoutWeightGetsNoNewFlow) {
  order(1, {{kCsci1, 0.5}, {kCsci2, 0.5}});
  ASSERT_TRUE(is_in_force(1));
  order(2, {{kCsci1, 0}, {kCsci2, 1}});
  ASSERT_TRUE(is_in_force(2));
  EXPECT_THAT(answering(kMany), ElementsAre(kCsci2.str()));
}

TEST_P(Contract, AnEstablishedSessionKeepsItsInstance) {
  order(1, {{kCsci1, 1}});
  ASSERT_TRUE(is_in_force(1));
  Session persistent(host_);
  ASSERT_EQ(persistent.ask(), kCsci1.str());
  order(2, {{kCsci2, 1}});
  ASSERT_TRUE(is_in_force(2));
  for (int i = 0; i < 10; ++i) ASSERT_EQ(persistent.ask(), kCsci1.str());
  EXPECT_EQ(Session(host_).ask(), kCsci2.str());
  order(3, {});
  ASSERT_TRUE(is_in_force(3));
  for (int i = 0; i < 10; ++i) ASSERT_EQ(persistent.ask(), kCsci1.str());
}

// The agent has no tunnel to the third instance. FRR has, but its routes have no more than two next hops here: it takes
// the line that adds the second, and refuses the third.
TEST_P(Contract, ARefusedOrderIsToldInTheRoutersWordsAndLeavesWhatWas) {
  order(1, {{kCsci1, 1}});
  ASSERT_TRUE(is_in_force(1));
  const double third = 1.0 / 3;
  order(2, {{kCsci1, third}, {kCsci2, third}, {kCsci3, third}});
  ASSERT_TRUE(has_failed(2));
  const auto failure = *told_of("failed", 2);
  EXPECT_THAT(failure["why"].get<std::string>(), AnyOf(HasSubstr("Route cannot have more than 2 ECMP nexthops"),
                                                       HasSubstr("is no instance that this ingress has a tunnel to")));
  EXPECT_EQ(failure["again"], false);
  EXPECT_EQ(steered_to(), Instances{kCsci1});
  EXPECT_THAT(answering(kMany), ElementsAre(kCsci1.str()));
  // Longer than any driver waits before it tries again.
  std::this_thread::sleep_for(1500ms);
  EXPECT_EQ(told("failed").size(), 1U);
  EXPECT_FALSE(told_of("in_force", 2));
  order(3, {{kCsci2, 1}});
  ASSERT_TRUE(is_in_force(3));
  EXPECT_EQ(steered_to(), Instances{kCsci2});
}

TEST_P(Contract, ARestartedRouterIsBroughtBack) {
  order(1, {{kCsci1, 1}});
  ASSERT_TRUE(is_in_force(1));
  restart_router();
  // Of FRR, the kernel may have routes of before; zebra removes them when it starts.
  const std::size_t times = GetParam() == Driver::agent ? 1 : 2;
  ASSERT_TRUE(support::wait_for(20s, [&] { return told("in_force").size() >= times; }));
  EXPECT_TRUE(becomes_steered_to({kCsci1}));
  EXPECT_THAT(answering(kMany), ElementsAre(kCsci1.str()));
}

TEST_P(Contract, ARouterThatDoesNotAnswerIsToldLater) {
  lose();
  order(1, {{kCsci2, 1}});
  ASSERT_TRUE(has_failed(1));
  EXPECT_EQ((*told_of("failed", 1))["again"], true);
  bring_back();
  ASSERT_TRUE(is_in_force(1));
  EXPECT_EQ(steered_to(), Instances{kCsci2});
}

TEST_P(Contract, WithoutWeightsTheRoutersMultipathDecides) {
  order(1, {{kCsci1, 1}});
  ASSERT_TRUE(is_in_force(1));
  order(2, {{kCsci1, 0}, {kCsci2, 0}});
  ASSERT_TRUE(is_in_force(2));
  EXPECT_EQ(steered_to(), Instances{});
  EXPECT_THAT(answering(kMany), UnorderedElementsAre(kCsci1.str(), kCsci2.str()));
}

INSTANTIATE_TEST_SUITE_P(Drivers, Contract, testing::Values(Driver::agent, Driver::frr_vtysh, Driver::frr_grpc),
                         driver_name);

class FrrContract : public Contract {};

TEST_P(FrrContract, UnequalWeightsAreRefused) {
  order(1, {{kCsci1, 1}});
  ASSERT_TRUE(is_in_force(1));
  order(2, {{kCsci1, 0.25}, {kCsci2, 0.75}});
  ASSERT_TRUE(has_failed(2));
  EXPECT_THAT((*told_of("failed", 2))["why"].get<std::string>(), HasSubstr("cannot be expressed"));
  EXPECT_EQ((*told_of("failed", 2))["again"], false);
  EXPECT_EQ(steered_to(), Instances{kCsci1});
}

TEST_P(FrrContract, ARestartedDaemonIsBroughtBackAndTheLossIsTold) {
  order(1, {{kCsci1, 1}});
  ASSERT_TRUE(is_in_force(1));
  frr_->restart_staticd();
  ASSERT_TRUE(has_failed(1));
  EXPECT_EQ((*told_of("failed", 1))["again"], true);
  ASSERT_TRUE(support::wait_for(10s, [&] { return told("in_force").size() == 2; }));
  EXPECT_EQ(steered_to(), Instances{kCsci1});
}

TEST_P(FrrContract, ATunnelThatGoesDownIsToldAndComesBack) {
  order(1, {{kCsci1, 1}});
  ASSERT_TRUE(is_in_force(1));
  support::run(ingress_.inside({"ip", "link", "set", "dev", "tunnel1", "down"}));
  ASSERT_TRUE(has_failed(1));
  support::run(ingress_.inside({"ip", "link", "set", "dev", "tunnel1", "up"}));
  ASSERT_TRUE(becomes_steered_to({kCsci1}));
  ASSERT_TRUE(support::wait_for(10s, [&] { return told("in_force").size() == 2; }));
}

// Nobody but the controller reaches the ports: FRR's gRPC server asks nobody who he is.
TEST_P(FrrContract, OnlyTheControllerReachesTheRoutersPorts) {
  for (const std::uint16_t port : {kZebraPort, GetParam() == Driver::frr_grpc ? kGrpcPort : kStaticdPort}) {
    const std::string connect = fmt::format("exec 3<>/dev/tcp/{}/{}", kRouter, port);
    EXPECT_TRUE(support::run(host_.inside({"timeout", "2", "bash", "-c", connect}))) << port;
    EXPECT_FALSE(support::run(ns1_.inside({"timeout", "2", "bash", "-c", connect}))) << port;
  }
}

INSTANTIATE_TEST_SUITE_P(Drivers, FrrContract, testing::Values(Driver::frr_vtysh, Driver::frr_grpc), driver_name);

class VtyshContract : public Contract {
 protected:
  void SetUp() override {
    password_ = "guess";
    Contract::SetUp();
  }
};

TEST_P(VtyshContract, AWrongPasswordIsToldWithoutIt) {
  order(1, {{kCsci1, 1}});
  ASSERT_TRUE(has_failed(1));
  EXPECT_THAT((*told_of("failed", 1))["why"].get<std::string>(), HasSubstr("refuses the password"));
  EXPECT_THAT(read_file(directory_ / "sdn.jsonl"), testing::Not(HasSubstr("guess")));
  EXPECT_EQ(steered_to(), Instances{});
}

INSTANTIATE_TEST_SUITE_P(Drivers, VtyshContract, testing::Values(Driver::frr_vtysh), driver_name);

}  // namespace
}  // namespace cats::roles
