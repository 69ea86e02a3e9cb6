// What the parts of Netlink (links, routes, rules) share. Internal to this folder.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "emulator/kernel/netlink.h"
#include "emulator/kernel/socket.h"

namespace cats::kernel {

struct Netlink::State {
  explicit State(const Namespace& ns) : socket(ns, NETLINK_ROUTE) {}

  // Sends the change now, or with the batch. Long batches leave in pieces, each small enough that its acknowledgements
  // fit the receive buffer.
  void change(Message message, std::string operation);
  // Before reading: what is pending takes effect first.
  void settle() { socket.flush(); }
  // A change of one link, found by index when that is known, else by name in the kernel.
  Message link_change(std::string_view dev, unsigned flags, unsigned changed) const;
  Message route_message(int type, int flags, const Route& route);
  // Nothing for a route of another type or a cached copy.
  std::optional<Route> parse_route(const nlmsghdr& message);
  int index_of(std::string_view dev);
  std::string name_of(int index);
  void learn_links();

  NetlinkSocket socket;
  bool batching = false;
  std::map<std::string, int, std::less<>> indexes{{"lo", 1}};
};

}  // namespace cats::kernel
