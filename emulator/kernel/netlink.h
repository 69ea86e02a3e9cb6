// Links, addresses, routes and rules of one namespace over one NETLINK_ROUTE socket. The socket is opened inside the
// namespace once and stays there, whatever namespace the calling thread is in later.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/ip.h"
#include "emulator/kernel/namespace.h"
#include "emulator/kernel/srv6.h"

namespace cats::kernel {

using MacAddress = std::array<std::uint8_t, 6>;

// One end of a veth pair, born inside its namespace. A chosen index (> 1, unique in that namespace) saves a look-up.
struct VethEnd {
  const Namespace& ns;
  std::string name;
  int index = 0;  // 0: the kernel chooses
  std::optional<MacAddress> mac = std::nullopt;
};

struct Link {
  int index = 0;
  std::string name;
  int mtu = 0;
  bool up = false;       // administratively
  bool running = false;  // and the kernel's link watch agrees
  std::string kind;      // "veth", "" for hardware and loopback
  MacAddress mac{};
};

struct InterfaceAddress {
  std::string dev;
  IpPrefix address;
  bool tentative = false;

  bool operator==(const InterfaceAddress&) const = default;
};

struct NextHop {
  std::optional<IpAddress> via = std::nullopt;  // may be IPv6 for an IPv4 route (RFC 5549)
  std::string dev;                              // may be empty when `via` is on a connected network
  int weight = 1;                               // 1 … 256, for multipath

  bool operator==(const NextHop&) const = default;
};

inline constexpr std::uint32_t kMainTable = 254;
inline constexpr std::uint32_t kLocalTable = 255;
inline constexpr std::uint8_t kRouteProtocol = 0xCA;  // who installed it, as `ip route` shows: ours, not FRR's

struct Route {
  enum class Type { kUnicast, kLocal, kBlackhole, kUnreachable };

  IpPrefix destination;
  std::vector<NextHop> next_hops = {};  // none for blackhole and unreachable; several are one multipath route
  Type type = Type::kUnicast;
  std::uint32_t table = kMainTable;
  std::uint32_t metric = 0;  // 0: the kernel's default
  std::uint8_t protocol = kRouteProtocol;
  std::optional<IpAddress> source = std::nullopt;  // preferred source address
  Encap encap = std::monostate{};                  // applies to every next hop

  bool operator==(const Route&) const = default;
};

// As `ip route` writes it: "2001:2::1/128 via fe80::1 dev eth1 table 1001".
std::string describe(const Route& route);

struct Rule {
  bool v6 = true;
  std::uint32_t priority = 0;
  std::optional<std::uint32_t> fwmark = std::nullopt;
  std::optional<std::uint32_t> fwmask = std::nullopt;  // all ones when absent
  std::string iif = {};
  std::uint32_t table = kMainTable;

  bool operator==(const Rule&) const = default;
};

std::string describe(const Rule& rule);

// Every call returns after the kernel's acknowledgement, or throws SystemError with operation, object, namespace and
// reason ("ip route add 2001:db8::1/128 in ns catsb-3f-r1: Network unreachable"). Not for two threads at once.
class Netlink {
 public:
  explicit Netlink(const Namespace& ns);
  ~Netlink();
  Netlink(Netlink&&) noexcept;
  Netlink& operator=(Netlink&&) noexcept;

  const std::string& namespace_name() const;

  // Inside `requests` nothing is sent at once: changes travel together, and errors surface when batch() returns (the
  // first one's text, and how many more). Dumps and look-ups inside send what is pending first.
  template <class Requests>
  void batch(Requests&& requests) {
    begin_batch();
    try {
      std::forward<Requests>(requests)();
    } catch (...) {
      drop_batch();
      throw;
    }
    end_batch();
  }

  // Both ends are created where they belong; neither needs to be this socket's namespace. Left down.
  void add_veth(const VethEnd& a, const VethEnd& b, int mtu = 1500);
  void delete_link(std::string_view dev);
  void set_up(std::string_view dev, bool up = true);
  void set_mtu(std::string_view dev, int mtu);
  void set_arp(std::string_view dev, bool on);
  // Saves the look-up of an index that the caller chose in VethEnd.
  void know_link(std::string_view dev, int index);
  int index_of(std::string_view dev);  // throws SystemError(ENODEV)
  std::vector<Link> links();
  // Returns once every named link is RUNNING. Throws MeasurementError naming those that are not by the deadline.
  void wait_running(const std::vector<std::string>& devs, Instant deadline);

  // Without duplicate address detection: usable at once.
  void add_address(std::string_view dev, const IpPrefix& address);
  void delete_address(std::string_view dev, const IpPrefix& address);
  std::vector<InterfaceAddress> addresses();

  void add_route(const Route& route);
  void replace_route(const Route& route);  // add, or take the place of the one with the same destination and metric
  void delete_route(const Route& route);
  std::vector<Route> routes(bool v6, std::optional<std::uint32_t> table = std::nullopt);

  void add_rule(const Rule& rule);
  void delete_rule(const Rule& rule);
  std::vector<Rule> rules(bool v6);

 private:
  void begin_batch();
  void end_batch();
  void drop_batch() noexcept;

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cats::kernel
