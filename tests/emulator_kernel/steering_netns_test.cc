// The data plane of an ingress on the real kernel: host — ingress — two egress routers — one server behind each.
#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "cpsel/slots.h"
#include "emulator/kernel/conntrack.h"
#include "emulator/kernel/flow_table.h"
#include "emulator/kernel/netlink.h"
#include "emulator/kernel/process.h"
#include "emulator/kernel/sysctl.h"
#include "tests/emulator_kernel/tcp.h"
#include "tests/support/needs.h"

namespace cats::kernel {
namespace {

using testing_tcp::Client;
using testing_tcp::Server;

constexpr std::uint16_t kPort = 80;
const IpAddress kCsId6 = IpAddress::of("2001:2:0:c::1");
const IpAddress kCsId4 = IpAddress::of("198.18.12.1");

std::vector<std::uint32_t> marks_of(const std::vector<double>& weights) {
  std::vector<std::uint32_t> marks;
  for (const auto& slot : cpsel::smooth_slots(weights, kSlots)) {
    marks.push_back(slot ? static_cast<std::uint32_t>(*slot) + 1 : 0);
  }
  return marks;
}

class Steering : public testing::TestWithParam<bool> {
 protected:
  static IpAddress address(const std::string& v6, const std::string& v4) { return IpAddress::of(GetParam() ? v6 : v4); }
  static IpAddress cs_id() { return GetParam() ? kCsId6 : kCsId4; }
  static IpPrefix subnet(const std::string& v6, const std::string& v4) {
    return GetParam() ? IpPrefix{IpAddress::of(v6), 64} : IpPrefix{IpAddress::of(v4), 24};
  }
  static IpPrefix everything() { return IpPrefix::of(GetParam() ? "::/0" : "0.0.0.0/0"); }

  void SetUp() override {
    CATS_NEEDS_ROOT();
    raise_machine_settings(0);
    for (const char* const name : {"host", "ingress", "egress1", "egress2", "server1", "server2"}) {
      const auto& ns = namespaces_.emplace(name, Namespace::anonymous(name)).first->second;
      set_sysctls(ns, {{"net.ipv6.conf.all.forwarding", "1"},
                       {"net.ipv4.ip_forward", "1"},
                       {"net.ipv4.conf.all.rp_filter", "0"},
                       {"net.ipv4.conf.default.rp_filter", "0"},
                       {"net.ipv6.conf.all.seg6_enabled", "1"},
                       {"net.ipv6.conf.default.seg6_enabled", "1"},
                       {"net.ipv6.conf.default.accept_dad", "0"}});
      netlinks_.emplace(name, Netlink(ns)).first->second.set_up("lo");
    }
    connect("host", "ingress", 1500, "2001:2:0:1::2", "198.18.1.2", "2001:2:0:1::1", "198.18.1.1");
    at("host").add_route(
        {.destination = everything(), .next_hops = {{address("2001:2:0:1::1", "198.18.1.1"), "ingress"}}});
    for (const int k : {1, 2}) {
      build_site(k);
    }
    server1_.emplace(ns("server1"), cs_id(), kPort, '1');
    server2_.emplace(ns("server2"), cs_id(), kPort, '2');
  }

  // Interfaces are named after the node at the other end.
  void connect(const std::string& a, const std::string& b, int mtu, const std::string& a6, const std::string& a4,
               const std::string& b6, const std::string& b4) {
    at(a).add_veth({ns(a), b}, {ns(b), a}, mtu);
    for (const auto& [node, dev, v6, v4] : {std::tuple{a, b, a6, a4}, std::tuple{b, a, b6, b4}}) {
      at(node).add_address(dev, {IpAddress::of(v6), 64});
      at(node).add_address(dev, {IpAddress::of(v4), 24});
      at(node).set_up(dev);
    }
    at(a).wait_running({b}, MonotonicClock().now() + std::chrono::seconds(3));
  }

  void build_site(int k) {
    const std::string egress = fmt::format("egress{}", k);
    const std::string server = fmt::format("server{}", k);
    const auto v6 = [&](int net, int node) { return fmt::format("2001:2:0:{}{}::{}", net, k, node); };
    const auto v4 = [&](int net, int node) { return fmt::format("198.18.{}{}.{}", net, k, node); };
    connect("ingress", egress, 9000, v6(2, 1), v4(2, 1), v6(2, 2), v4(2, 2));
    connect(egress, server, 9000, v6(3, 1), v4(3, 1), v6(3, 2), v4(3, 2));
    at(egress).add_route({.destination = everything(), .next_hops = {{address(v6(2, 1), v4(2, 1)), "ingress"}}});
    at(server).add_route({.destination = everything(), .next_hops = {{address(v6(3, 1), v4(3, 1)), egress}}});
    at(server).add_address("lo", IpPrefix::host(cs_id()));

    const IpAddress sid = IpAddress::of(fmt::format("2001:2:0:f{}::1", k));
    at(egress).add_route({.destination = IpPrefix::host(sid),
                          .next_hops = {{.dev = server}},
                          .encap = GetParam() ? Seg6Local{Seg6Local::Action::kEndDx6, IpAddress::of(v6(3, 2))}
                                              : Seg6Local{Seg6Local::Action::kEndDx4, IpAddress::of(v4(3, 2))}});
    at("ingress").add_route({.destination = IpPrefix::host(sid), .next_hops = {{IpAddress::of(v6(2, 2)), egress}}});
    const auto mark = static_cast<std::uint32_t>(k);
    at("ingress").add_route({.destination = IpPrefix::host(cs_id()),
                             .next_hops = {{.dev = egress}},
                             .table = instance_table(mark),
                             .encap = HEncaps{{sid}}});
    at("ingress").add_rule(
        {.v6 = GetParam(), .priority = kMarkRulePriority, .fwmark = mark, .table = instance_table(mark)});
  }

  // What the routers would do without CATS: the main table's route to these sites.
  void add_plain_routes(const std::vector<int>& sites) {
    std::vector<NextHop> hops;
    for (const int k : sites) {
      const std::string egress = fmt::format("egress{}", k);
      hops.push_back({address(fmt::format("2001:2:0:2{}::2", k), fmt::format("198.18.2{}.2", k)), egress});
      at(egress).replace_route(
          {.destination = IpPrefix::host(cs_id()),
           .next_hops = {{address(fmt::format("2001:2:0:3{}::2", k), fmt::format("198.18.3{}.2", k)),
                          fmt::format("server{}", k)}}});
    }
    at("ingress").replace_route({.destination = IpPrefix::host(cs_id()), .next_hops = hops});
  }

  void make_table(FlowTableOptions options = {}) {
    table_ = make_nft_flow_table(ns("ingress"), {IpAddress::of("2001:2:0:c::9"), cs_id()}, options);
  }
  void set_weights(const std::vector<double>& weights) { table_->set_slots(1, marks_of(weights)); }

  Client client(std::chrono::milliseconds patience = std::chrono::seconds(3)) {
    return Client(ns("host"), cs_id(), kPort, patience);
  }
  const Namespace& ns(const std::string& name) const { return namespaces_.at(name); }
  Netlink& at(const std::string& name) { return netlinks_.at(name); }

  std::map<std::string, Namespace> namespaces_;
  std::map<std::string, Netlink> netlinks_;
  std::optional<Server> server1_, server2_;
  std::unique_ptr<FlowTable> table_;
};

TEST_P(Steering, NewFlowsFollowTheWeightsExactly) {
  make_table();
  set_weights({3, 1});
  std::vector<Client> clients;
  std::map<char, int> answers;
  for (std::size_t i = 0; i < kSlots; ++i) {
    clients.push_back(client());
    ++answers[clients.back().ask().value_or('?')];
  }
  EXPECT_EQ(answers, (std::map<char, int>{{'1', 48}, {'2', 16}}));
  EXPECT_EQ(server1_->accepted(), 48);
}

TEST_P(Steering, FlowsKeepTheirInstanceWhenTheSlotsChange) {
  make_table();
  set_weights({1, 1});
  std::vector<std::pair<Client, char>> old;
  for (int i = 0; i < 10; ++i) {
    Client one = client();
    const auto letter = one.ask();
    ASSERT_TRUE(letter);
    old.emplace_back(std::move(one), *letter);
  }
  for (int change = 0; change < 20; ++change) {
    set_weights(change % 2 == 0 ? std::vector<double>{0, 1} : std::vector<double>{1, 0});
    for (auto& [one, letter] : old) {
      ASSERT_EQ(one.ask(), letter);
    }
    EXPECT_EQ(client().ask(), change % 2 == 0 ? '2' : '1');
  }
}

TEST_P(Steering, TheSessionTableHoldsTheMarks) {
  make_table();
  set_weights({1, 1});
  Conntrack conntrack(ns("ingress"));
  std::vector<Client> clients;
  std::map<char, int> answers;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(client());
    ++answers[clients.back().ask().value_or('?')];
  }
  std::map<std::uint32_t, int> marks;
  for (const ConntrackEntry& entry : conntrack.dump(true)) {
    EXPECT_EQ(entry.original.destination, cs_id());
    EXPECT_EQ(entry.original.destination_port, kPort);
    EXPECT_EQ(entry.original.source, address("2001:2:0:1::2", "198.18.1.2"));
    EXPECT_EQ(entry.reply.source, cs_id());
    EXPECT_EQ(entry.original.protocol, IPPROTO_TCP);
    ASSERT_TRUE(entry.tcp_state);
    EXPECT_EQ(tcp_state_name(*entry.tcp_state), "ESTABLISHED");
    ++marks[entry.mark];
  }
  EXPECT_EQ(marks, (std::map<std::uint32_t, int>{{1, answers['1']}, {2, answers['2']}}));
  EXPECT_EQ(conntrack.remove_if([](const ConntrackEntry& entry) { return entry.mark == 2; }), 3u);
  EXPECT_EQ(conntrack.dump(true).size(), 3u);
  conntrack.flush();
  EXPECT_TRUE(conntrack.dump().empty());
}

TEST_P(Steering, AnEntryMadeByHandSteersItsPackets) {
  make_table();
  set_weights({1});
  Client one = client();
  ASSERT_EQ(one.ask(), '1');
  Conntrack conntrack(ns("ingress"));
  ASSERT_EQ(conntrack.dump(true).size(), 1u);
  ConntrackEntry entry = conntrack.dump(true).front();
  EXPECT_THROW(conntrack.insert(entry), SystemError);  // it is there
  ASSERT_TRUE(conntrack.remove(entry));
  set_weights({0, 1});
  entry.mark = 1;
  entry.timeout_s = 30;
  conntrack.insert(entry);
  EXPECT_EQ(one.ask(), '1') << "the session goes on by the entry, not by the weights";
  const auto entries = conntrack.dump(true);
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries.front().original, entry.original);
  EXPECT_EQ(entries.front().reply, entry.reply);
  EXPECT_EQ(tcp_state_name(entries.front().tcp_state.value()), "ESTABLISHED");
}

TEST_P(Steering, CountsTheNewFlowsOfEachMark) {
  using Counts = std::map<std::uint32_t, std::uint64_t>;
  make_table();
  EXPECT_EQ(table_->flows(1), Counts());
  set_weights({3, 1});
  std::vector<Client> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(client());
    for (int question = 0; question < 3; ++question) ASSERT_TRUE(clients.back().ask());
  }
  EXPECT_EQ(table_->flows(1), (Counts{{1, 6}, {2, 2}}));
  set_weights({0, 1});
  for (Client& one : clients) ASSERT_TRUE(one.ask());
  clients.push_back(client());
  ASSERT_TRUE(clients.back().ask());
  EXPECT_EQ(table_->flows(1), (Counts{{1, 6}, {2, 3}}));
  EXPECT_EQ(table_->flows(0), Counts());
}

TEST_P(Steering, EntriesAgeOutOnTime) {
  make_table();
  set_conntrack_timeouts(ns("ingress"), {.established_s = 1});
  set_weights({1});
  Client one = client();
  ASSERT_EQ(one.ask(), '1');
  Conntrack conntrack(ns("ingress"));
  EXPECT_EQ(conntrack.dump(true).size(), 1u);
  std::this_thread::sleep_for(std::chrono::milliseconds(2200));
  EXPECT_TRUE(conntrack.dump(true).empty());
}

TEST_P(Steering, ASessionMovedByHandBreaks) {
  make_table();
  set_weights({1, 0});
  Client one = client(std::chrono::milliseconds(700));
  ASSERT_EQ(one.ask(), '1');
  Conntrack conntrack(ns("ingress"));
  const auto entries = conntrack.dump(true);
  ASSERT_EQ(entries.size(), 1u);
  ASSERT_TRUE(conntrack.set_mark(entries.front(), 2));
  EXPECT_EQ(conntrack.dump(true).at(0).mark, 2u);
  EXPECT_EQ(one.ask(), std::nullopt);
  ASSERT_TRUE(conntrack.remove(entries.front()));
  EXPECT_FALSE(conntrack.set_mark(entries.front(), 1));
}

TEST_P(Steering, WithoutConntrackSessionsBreak) {
  make_table({.conntrack = false});
  set_weights({1, 1});
  int survived = 0;
  for (int i = 0; i < 5; ++i) {
    Client one = client(std::chrono::milliseconds(300));
    bool whole = !one.closed();
    for (int question = 0; whole && question < 10; ++question) {
      whole = one.ask().has_value();
    }
    survived += whole ? 1 : 0;
  }
  EXPECT_EQ(survived, 0);
}

TEST_P(Steering, AbsentSlotsFallThroughToTheMainTable) {
  make_table();
  EXPECT_TRUE(client(std::chrono::milliseconds(300)).closed());  // no route there yet
  add_plain_routes({1, 2});
  set_sysctls(ns("ingress"),
              {{"net.ipv6.fib_multipath_hash_policy", "1"}, {"net.ipv4.fib_multipath_hash_policy", "1"}});
  std::map<char, int> answers;
  std::vector<Client> clients;
  for (int i = 0; i < 40; ++i) {
    clients.push_back(client());
    ++answers[clients.back().ask().value_or('?')];
  }
  EXPECT_EQ(answers['1'] + answers['2'], 40);
  EXPECT_GT(answers['1'], 0);
  EXPECT_GT(answers['2'], 0);
  EXPECT_TRUE(Conntrack(ns("ingress")).dump(true).empty());
  // The switch to CATS is one write, and old flows stay where they are.
  set_weights({0, 1});
  EXPECT_EQ(client().ask(), '2');
  for (Client& one : clients) {
    EXPECT_TRUE(one.ask());
  }
}

// The server's segments fit its own links but not the host's: the ingress says so, and must reach the server of the
// flow, not the one that its main table names.
TEST_P(Steering, PacketTooBigReachesTheFlowsInstance) {
  make_table();
  at("ingress").set_mtu("host", 1300);
  add_plain_routes({1});
  set_weights({0, 1});
  Client one = client();
  ASSERT_EQ(one.ask(), '2');
  EXPECT_EQ(one.ask_large(), testing_tcp::kLarge);
}

TEST_P(Steering, SlotsReadBackFromTheKernel) {
  make_table();
  EXPECT_EQ(table_->slots(1), std::vector<std::uint32_t>(kSlots, 0));
  for (const auto& weights : {std::vector<double>{1, 2, 4}, {1, 0, 1}, {0, 0}, {7}}) {
    set_weights(weights);
    EXPECT_EQ(table_->slots(1), marks_of(weights));
  }
  EXPECT_EQ(table_->slots(0), std::vector<std::uint32_t>(kSlots, 0));
}

TEST_P(Steering, AChangeThatTheKernelRefusesChangesNothing) {
  make_table();
  set_weights({1, 1});
  const Output flushed = run_program({"nft", "flush", "map", "inet", "cats", "slots1"}, "", &ns("ingress"));
  ASSERT_TRUE(flushed.status.success()) << flushed.err;
  try {
    set_weights({1, 3});  // deletes what is no longer there
    FAIL() << "accepted";
  } catch (const SystemError& error) {
    EXPECT_NE(std::string(error.what()).find("map inet cats slots1 in ns ingress"), std::string::npos) << error.what();
  }
  EXPECT_EQ(table_->slots(1), std::vector<std::uint32_t>(kSlots, 0));
}

TEST_P(Steering, TheTableGoesWithItsOwner) {
  make_table();
  table_.reset();
  EXPECT_EQ(run_program({"nft", "list", "tables"}, "", &ns("ingress")).out, "");
}

INSTANTIATE_TEST_SUITE_P(Families, Steering, testing::Bool(),
                         [](const auto& instance) { return instance.param ? "EndDX6" : "EndDX4"; });

}  // namespace
}  // namespace cats::kernel
