// Steering a router by its FRRouting alone: a static route to the CS-ID chooses among tunnel interfaces that lead to
// one instance each (tunnel_interfaces.h). It decides where new flows go; established ones are the flow table's.
// Written for FRR 8.4, which has no SRv6 static routes.
//
// FRR shares new flows evenly among the next hops of a route, so weights above 0 must be equal: an order that cannot be
// expressed is refused, not rounded. With weights of 0 throughout there is no static route, and the router's own
// multipath decides.
#pragma once

#include <filesystem>
#include <memory>
#include <set>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "emulator/roles/order_queue.h"

namespace cats::roles {

struct FrrRouter {
  struct Listener {
    IpAddress address;
    std::uint16_t port = 0;

    std::string str() const;  // "[2001:2::1]:2601"
  };
  Listener zebra;        // its VTY: every route is read back there
  Listener staticd;      // its VTY, or its gRPC server
  std::string password;  // of the VTYs, for login and for `enable`
  // The interface to each instance, by CS-ID and CSCI-ID.
  std::map<IpAddress, std::map<IpAddress, std::string>> tunnels;
};

// Both tell `in_force` once zebra has the kernel's acknowledgement, look every second whether the router still has what
// it was told, and bring it back when it has not. What FRR refuses comes back in its own words, and the route as it
// was.

// Configuration lines over staticd's VTY, new next hops before old ones go.
std::unique_ptr<Southbound> frr_vtysh_southbound(const boost::asio::any_io_executor& executor, FrrRouter router,
                                                 Southbound::Callbacks callbacks);
// One transaction of staticd's gRPC northbound: candidate, edit, validate, commit. Throws UsageError where FRR's gRPC
// module was not built. FRR 8.4 ends its gRPC server when a client goes in the middle of a call: the destructor waits
// for the call under way, at most 5 s.
std::unique_ptr<Southbound> frr_grpc_southbound(const boost::asio::any_io_executor& executor, FrrRouter router,
                                                Southbound::Callbacks callbacks);
// The module, for `staticd -M FILE:PORT`: made by cmake/frr-grpc.sh for the FRR that is installed. Throws UsageError
// saying what is missing and what makes it.
std::filesystem::path frr_grpc_module();

// -- What the two have in common.

using Interfaces = std::set<std::string>;

// Where the order's new flows go; empty: nowhere in particular. An error: why FRR cannot do that.
Expected<Interfaces> next_hops(const SteeringOrder& order, const FrrRouter& router);

// zebra's static route to a prefix, from what it says to "show ipv6 route PREFIX json".
struct StaticRoute {
  Interfaces next_hops;  // those in the kernel; none when there is no static route
  std::string pending;   // why the kernel does not have it as zebra does; empty: it has
};
Expected<StaticRoute> read_static_route(const IpPrefix& prefix, const std::string& answer);

// A way to configure static routes, one change at a time.
class StaticRoutes {
 public:
  virtual ~StaticRoutes() = default;
  // These become the only next hops of the static route to a CS-ID; none: no such route. All of it, or nothing.
  virtual boost::asio::awaitable<OrderOutcome> set(IpAddress cs_id, Interfaces interfaces) = 0;
  // What is under way ends soon. No set() afterwards.
  virtual void close() = 0;
};

std::unique_ptr<Southbound> frr_southbound(const boost::asio::any_io_executor& executor, FrrRouter router,
                                           std::unique_ptr<StaticRoutes> routes, Southbound::Callbacks callbacks);

}  // namespace cats::roles
