#include <algorithm>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "emulator/kernel/leftovers.h"
#include "emulator/kernel/netlink.h"
#include "emulator/kernel/probe.h"
#include "emulator/kernel/process.h"
#include "emulator/kernel/sysctl.h"
#include "tests/emulator_kernel/tcp.h"
#include "tests/support/needs.h"

namespace cats::kernel {
namespace {

std::string own_name(const std::string& node) { return namespace_name(fmt::format("t{}", ::getpid() % 1000000), node); }

Instant soon() { return MonotonicClock().now() + std::chrono::seconds(3); }

TEST(NamespaceNetns, LivesAtItsPathAndLeavesNothing) {
  CATS_NEEDS_ROOT();
  const std::string name = own_name("life");
  const Namespace home = Namespace::current("home");
  {
    const Namespace ns = Namespace::create(name);
    EXPECT_NE(ns.inode(), home.inode());
    EXPECT_EQ(Namespace::open(name).inode(), ns.inode());
    EXPECT_EQ(within(ns, [] { return Namespace::current("x").inode(); }), ns.inode());
    EXPECT_EQ(Namespace::current("x").inode(), home.inode());
    EXPECT_THROW(Namespace::create(name), SystemError);
    const Output ip = run_program({"ip", "netns", "exec", name, "readlink", "/proc/self/ns/net"});
    EXPECT_EQ(ip.out, fmt::format("net:[{}]\n", ns.inode()));
  }
  EXPECT_FALSE(std::filesystem::exists("/run/netns/" + name));
}

TEST(NamespaceNetns, ReleasedOnesStay) {
  CATS_NEEDS_ROOT();
  const std::string name = own_name("stay");
  Namespace::create(name).release();
  EXPECT_NO_THROW(Namespace::open(name));
  remove_namespace(name);
  EXPECT_THROW(Namespace::open(name), SystemError);
}

TEST(NamespaceNetns, TwoThreadsCreateAtOnce) {
  CATS_NEEDS_ROOT();
  const auto make = [](const std::string& prefix) {
    for (int i = 0; i < 20; ++i) {
      const Namespace ns = Namespace::create(own_name(prefix + std::to_string(i)));
    }
  };
  std::thread other(make, "a");
  make("b");
  other.join();
  const auto names = list_namespaces();
  EXPECT_TRUE(std::none_of(names.begin(), names.end(), [](const auto& n) { return n.starts_with(own_name("")); }));
}

class TwoNodes : public testing::Test {
 protected:
  void SetUp() override {
    CATS_NEEDS_ROOT();
    a_.emplace(Namespace::anonymous("a"));
    b_.emplace(Namespace::anonymous("b"));
    at_a_.emplace(*a_);
    at_b_.emplace(*b_);
    at_a_->batch([&] {
      at_a_->set_up("lo");
      at_a_->add_veth({*a_, "a0", 10}, {*b_, "b0", 20}, 9000);
      at_a_->know_link("a0", 10);
      at_a_->add_address("a0", IpPrefix::of("2001:2::1/64"));
      at_a_->add_address("a0", IpPrefix::of("198.18.0.1/24"));
      at_a_->set_up("a0");
    });
    at_b_->batch([&] {
      at_b_->set_up("lo");
      at_b_->add_address("b0", IpPrefix::of("2001:2::2/64"));
      at_b_->add_address("b0", IpPrefix::of("198.18.0.2/24"));
      at_b_->set_up("b0");
    });
    at_a_->wait_running({"lo", "a0"}, soon());
    at_b_->wait_running({"b0"}, soon());
  }

  template <class Call>
  std::string message_of(Call&& call) {
    try {
      call();
      return "no error";
    } catch (const std::exception& error) {
      return error.what();
    }
  }

  std::optional<Namespace> a_, b_;
  std::optional<Netlink> at_a_, at_b_;
};

TEST_F(TwoNodes, LinksHaveWhatWasAskedFor) {
  const auto links = at_b_->links();
  const auto link = std::find_if(links.begin(), links.end(), [](const Link& l) { return l.name == "b0"; });
  ASSERT_NE(link, links.end());
  EXPECT_EQ(link->index, 20);
  EXPECT_EQ(link->mtu, 9000);
  EXPECT_EQ(link->kind, "veth");
  EXPECT_TRUE(link->up && link->running);
  at_b_->set_mtu("b0", 1400);
  at_b_->set_up("b0", false);
  at_b_->set_arp("b0", false);
  for (const Link& now : at_b_->links()) {
    if (now.name == "b0") {
      EXPECT_EQ(now.mtu, 1400);
      EXPECT_FALSE(now.up);
    }
  }
}

TEST_F(TwoNodes, WaitingForALinkEndsAtTheDeadline) {
  at_a_->add_veth({*a_, "near"}, {*a_, "far"});
  at_a_->set_up("near");
  EXPECT_EQ(message_of([&] {
              at_a_->wait_running({"a0", "near"}, MonotonicClock().now());
            }),
            "in ns a not running: near");
  at_a_->set_up("far");
  EXPECT_NO_THROW(at_a_->wait_running({"a0", "near", "far"}, soon()));
}

TEST_F(TwoNodes, TcpPassesAtOnceInBothFamilies) {
  for (const char* const address : {"2001:2::2", "198.18.0.2"}) {
    const testing_tcp::Server server(*b_, IpAddress::of(address), 80, 'b');
    testing_tcp::Client client(*a_, IpAddress::of(address), 80);
    EXPECT_EQ(client.ask(), 'b') << address;
    EXPECT_EQ(client.retransmitted(), 0u) << address;
  }
}

TEST_F(TwoNodes, MacAddressesCanBeChosen) {
  const MacAddress mac{2, 0, 0, 0, 0, 7};
  at_a_->add_veth({*a_, "near", 0, mac}, {*a_, "far", 0, mac});
  int same = 0;
  for (const Link& link : at_a_->links()) {
    same += link.mac == mac ? 1 : 0;
  }
  EXPECT_EQ(same, 2);
  at_a_->delete_link("near");
  EXPECT_THROW(at_a_->index_of("far"), SystemError);
}

TEST_F(TwoNodes, ErrorsNameOperationObjectNamespaceAndReason) {
  EXPECT_EQ(message_of([&] { at_a_->delete_link("zz"); }), "ip link delete zz in ns a: No such device");
  const std::string text = message_of([&] {
    at_a_->add_route({.destination = IpPrefix::of("2001:db8::1/128"),
                      .next_hops = {{.via = IpAddress::of("2001:2:9::1"), .dev = "a0"}}});
  });
  EXPECT_EQ(text.find("ip route add 2001:db8::1/128 via 2001:2:9::1 dev a0 in ns a: "), 0u) << text;
  EXPECT_NE(text.find("No route to host"), std::string::npos) << text;
  const std::string both = message_of([&] {
    at_a_->batch([&] {
      at_a_->delete_link("zz");
      at_a_->set_mtu("a0", 1600);
      at_a_->delete_link("yy");
    });
  });
  EXPECT_EQ(both, "ip link delete zz (and 1 more) in ns a: No such device");
  EXPECT_EQ(at_a_->links().back().mtu, 1600);  // what could be done was done, and the socket goes on
}

TEST_F(TwoNodes, RoutesComeBackAsTheyWentIn) {
  set_sysctls(*a_, {{"net.ipv6.conf.all.forwarding", "1"}, {"net.ipv6.conf.all.seg6_enabled", "1"}});
  const IpAddress via6 = IpAddress::of("2001:2::2");
  const IpAddress via4 = IpAddress::of("198.18.0.2");
  const std::vector<Route> routes = {
      {.destination = IpPrefix::of("2001:2:1::/48"), .next_hops = {{via6, "a0"}}, .metric = 7, .protocol = 99},
      {.destination = IpPrefix::of("2001:2:2::1/128"),
       .next_hops = {{std::nullopt, "a0"}},
       .table = 1001,
       .encap = HEncaps{{IpAddress::of("2001:2::f1"), IpAddress::of("2001:2::f2")}}},
      {.destination = IpPrefix::of("2001:2::f3/128"),
       .next_hops = {{std::nullopt, "a0"}},
       .encap = Seg6Local{Seg6Local::Action::kEndDx6, via6}},
      {.destination = IpPrefix::of("2001:2::f4/128"),
       .next_hops = {{std::nullopt, "a0"}},
       .encap = Seg6Local{Seg6Local::Action::kEndDx4, via4}},
      {.destination = IpPrefix::of("2001:2::f5/128"),
       .next_hops = {{std::nullopt, "a0"}},
       .encap = Seg6Local{Seg6Local::Action::kEnd, std::nullopt}},
      {.destination = IpPrefix::of("2001:2:3::/48"), .type = Route::Type::kBlackhole},
      {.destination = IpPrefix::of("2001:2:4::1/128"),
       .next_hops = {{std::nullopt, "lo"}},
       .type = Route::Type::kLocal,
       .table = kLocalTable},
      {.destination = IpPrefix::of("2001:2:5::1/128"),
       .next_hops = {{via6, "a0", 1}, {IpAddress::of("2001:2::3"), "a0", 3}}},
      {.destination = IpPrefix::of("198.18.1.0/24"),
       .next_hops = {{via4, "a0"}},
       .source = IpAddress::of("198.18.0.1")},
      {.destination = IpPrefix::of("198.18.2.1/32"),
       .next_hops = {{std::nullopt, "a0"}},
       .table = 1002,
       .encap = HEncaps{{IpAddress::of("2001:2::f1")}}},
      {.destination = IpPrefix::of("198.18.3.1/32"), .next_hops = {{via6, "a0"}}},
      {.destination = IpPrefix::of("198.18.4.0/24"),
       .next_hops = {{via4, "a0", 2}, {IpAddress::of("198.18.0.3"), "a0", 1}}},
  };
  at_a_->batch([&] {
    for (const Route& route : routes) {
      at_a_->add_route(route);
    }
  });
  for (const Route& route : routes) {
    const auto found = at_a_->routes(route.destination.address.is_v6(), route.table);
    EXPECT_NE(std::find(found.begin(), found.end(), route), found.end()) << describe(route);
  }
  for (const Route& route : routes) {
    at_a_->replace_route(route);
    at_a_->delete_route(route);
    const auto found = at_a_->routes(route.destination.address.is_v6(), route.table);
    EXPECT_EQ(std::find(found.begin(), found.end(), route), found.end()) << describe(route);
  }
}

// What iproute2 installs from the same words is what we install: its encoding is the reference for ours.
TEST_F(TwoNodes, Srv6RoutesEqualThoseOfIproute) {
  const auto ip = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"ip", "-6", "route", "add"});
    const Output output = run_program(words, "", &*a_);
    ASSERT_TRUE(output.status.success()) << output.err;
  };
  ip({"2001:2:7::1/128", "encap", "seg6", "mode", "encap", "segs", "2001:2::f1,2001:2::f2", "dev", "a0", "proto",
      "202"});
  ip({"2001:2:7::2/128", "encap", "seg6local", "action", "End.DX6", "nh6", "2001:2::2", "dev", "a0", "proto", "202"});
  ip({"2001:2:7::3/128", "encap", "seg6local", "action", "End.DX4", "nh4", "198.18.0.2", "dev", "a0", "proto", "202"});
  const std::vector<Route> ours = {{.destination = IpPrefix::of("2001:2:7::1/128"),
                                    .next_hops = {{std::nullopt, "a0"}},
                                    .encap = HEncaps{{IpAddress::of("2001:2::f1"), IpAddress::of("2001:2::f2")}}},
                                   {.destination = IpPrefix::of("2001:2:7::2/128"),
                                    .next_hops = {{std::nullopt, "a0"}},
                                    .encap = Seg6Local{Seg6Local::Action::kEndDx6, IpAddress::of("2001:2::2")}},
                                   {.destination = IpPrefix::of("2001:2:7::3/128"),
                                    .next_hops = {{std::nullopt, "a0"}},
                                    .encap = Seg6Local{Seg6Local::Action::kEndDx4, IpAddress::of("198.18.0.2")}}};
  const auto installed = at_a_->routes(true, kMainTable);
  for (const Route& route : ours) {
    EXPECT_NE(std::find(installed.begin(), installed.end(), route), installed.end()) << describe(route);
    EXPECT_THROW(at_a_->add_route(route), SystemError) << "the kernel takes it for another route";
    at_a_->delete_route(route);
  }
}

TEST_F(TwoNodes, RulesComeBackAsTheyWentIn) {
  const std::vector<Rule> rules = {{.v6 = true, .priority = 1000, .fwmark = 258, .table = 1258},
                                   {.v6 = false, .priority = 1000, .fwmark = 1, .fwmask = 0xff, .table = 1001},
                                   {.v6 = true, .priority = 900, .iif = "a0", .table = 1001}};
  for (const Rule& rule : rules) {
    at_a_->add_rule(rule);
    auto found = at_a_->rules(rule.v6);
    EXPECT_NE(std::find(found.begin(), found.end(), rule), found.end()) << describe(rule);
    at_a_->delete_rule(rule);
    found = at_a_->rules(rule.v6);
    EXPECT_EQ(std::find(found.begin(), found.end(), rule), found.end()) << describe(rule);
  }
}

TEST_F(TwoNodes, SysctlsAreTheNamespacesOwn) {
  set_sysctl(*a_, "net.ipv6.conf.a0.hop_limit", "17");
  EXPECT_EQ(get_sysctl(*a_, "net/ipv6/conf/a0/hop_limit"), "17");
  EXPECT_EQ(get_sysctl(*b_, "net.ipv6.conf.b0.hop_limit"), "64");
  EXPECT_EQ(message_of([&] { set_sysctl(*a_, "net.ipv6.conf.zz.hop_limit", "1"); }),
            "set /proc/sys/net/ipv6/conf/zz/hop_limit to 1 in ns a: No such file or directory");
}

TEST(ProbeNetns, FindsWhatThisTestNeedsAndLeavesNothing) {
  CATS_NEEDS_ROOT();
  const auto before = list_namespaces();
  for (const Feature& feature : probe_features()) {
    fmt::print("{:28} {:4} {}\n", feature.name, feature.available ? "yes" : "no", feature.detail);
    EXPECT_TRUE(feature.available || !feature.required) << feature.name << ": " << feature.detail;
    EXPECT_FALSE(feature.detail.empty());
  }
  EXPECT_EQ(list_namespaces(), before);
}

}  // namespace
}  // namespace cats::kernel
