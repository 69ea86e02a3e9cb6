#include <algorithm>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <fmt/format.h>

#include "base/error.h"
#include "emulator/kernel/netlink_state.h"

namespace cats::kernel {
namespace {

constexpr std::uint32_t kKernelMetricV6 = 1024;  // what the kernel makes of metric 0

unsigned char kernel_type(Route::Type type) {
  switch (type) {
    case Route::Type::kUnicast:
      return RTN_UNICAST;
    case Route::Type::kLocal:
      return RTN_LOCAL;
    case Route::Type::kBlackhole:
      return RTN_BLACKHOLE;
    case Route::Type::kUnreachable:
      return RTN_UNREACHABLE;
  }
  return RTN_UNSPEC;
}

std::optional<Route::Type> route_type(unsigned char kernel) {
  switch (kernel) {
    case RTN_UNICAST:
      return Route::Type::kUnicast;
    case RTN_LOCAL:
      return Route::Type::kLocal;
    case RTN_BLACKHOLE:
      return Route::Type::kBlackhole;
    case RTN_UNREACHABLE:
      return Route::Type::kUnreachable;
    default:
      return std::nullopt;
  }
}

bool has_next_hops(Route::Type type) { return type == Route::Type::kUnicast || type == Route::Type::kLocal; }

unsigned char scope_of(const Route& route) {
  if (route.destination.address.is_v6() || !has_next_hops(route.type)) {
    return RT_SCOPE_UNIVERSE;
  }
  if (route.type == Route::Type::kLocal) {
    return RT_SCOPE_HOST;
  }
  const bool via = std::any_of(route.next_hops.begin(), route.next_hops.end(), [](const NextHop& h) { return h.via; });
  return via ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
}

// RTA_GATEWAY, or RTA_VIA when the next hop is of the other family.
void put_gateway(Message& message, const NextHop& hop, bool v6) {
  if (!hop.via) {
    return;
  }
  if (hop.via->is_v6() == v6) {
    message.put(RTA_GATEWAY, *hop.via);
    return;
  }
  const sa_family_t family = hop.via->is_v6() ? AF_INET6 : AF_INET;
  std::vector<std::byte> via(sizeof family);
  std::memcpy(via.data(), &family, sizeof family);
  via.insert(via.end(), hop.via->bytes().begin(), hop.via->bytes().end());
  message.put(RTA_VIA, std::span<const std::byte>(via));
}

void put_encap(Message& message, const Encap& encap) {
  const std::vector<std::byte> attributes = encap_attributes(encap);
  message.append(attributes.data(), attributes.size());
}

std::optional<IpAddress> parse_gateway(const Attributes& attributes) {
  if (const std::optional<IpAddress> same_family = attributes.address(RTA_GATEWAY)) {
    return same_family;
  }
  const std::span<const std::byte> via = attributes.bytes(RTA_VIA);
  if (via.size() <= sizeof(sa_family_t)) {
    return std::nullopt;
  }
  const Expected<IpAddress> address = IpAddress::from_bytes(via.subspan(sizeof(sa_family_t)));
  return address ? std::optional(*address) : std::nullopt;
}

struct Multipath {
  std::vector<NextHop> hops;
  Encap encap;
};

Encap parse_route_encap(const Attributes& attributes) {
  return attributes[RTA_ENCAP] == nullptr ? Encap{}
                                          : parse_encap(attributes.u16(RTA_ENCAP_TYPE), attributes.bytes(RTA_ENCAP));
}

template <class NameOf>
Multipath parse_multipath(std::span<const std::byte> bytes, NameOf&& name_of) {
  Multipath result;
  rtnexthop header{};
  while (bytes.size() >= sizeof header) {
    std::memcpy(&header, bytes.data(), sizeof header);
    if (header.rtnh_len < sizeof header || header.rtnh_len > bytes.size()) {
      break;
    }
    const Attributes attributes(bytes.subspan(sizeof header, header.rtnh_len - sizeof header), RTA_MAX);
    result.hops.push_back({parse_gateway(attributes), name_of(header.rtnh_ifindex), header.rtnh_hops + 1});
    result.encap = parse_route_encap(attributes);
    bytes = bytes.subspan(std::min<std::size_t>(RTNH_ALIGN(header.rtnh_len), bytes.size()));
  }
  return result;
}

}  // namespace

std::string describe(const Route& route) {
  std::string text;
  switch (route.type) {
    case Route::Type::kUnicast:
      break;
    case Route::Type::kLocal:
      text = "local ";
      break;
    case Route::Type::kBlackhole:
      text = "blackhole ";
      break;
    case Route::Type::kUnreachable:
      text = "unreachable ";
      break;
  }
  text += route.destination.str();
  if (!std::holds_alternative<std::monostate>(route.encap)) {
    text += " " + describe(route.encap);
  }
  for (const NextHop& hop : route.next_hops) {
    text += route.next_hops.size() > 1 ? " nexthop" : "";
    text += hop.via ? fmt::format(" via {}", *hop.via) : "";
    text += hop.dev.empty() ? "" : fmt::format(" dev {}", hop.dev);
    text += hop.weight != 1 ? fmt::format(" weight {}", hop.weight) : "";
  }
  text += route.source ? fmt::format(" src {}", *route.source) : "";
  text += route.metric != 0 ? fmt::format(" metric {}", route.metric) : "";
  text += route.table != kMainTable ? fmt::format(" table {}", route.table) : "";
  return text;
}

Message Netlink::State::route_message(int type, int flags, const Route& route) {
  const bool v6 = route.destination.address.is_v6();
  rtmsg header{};
  header.rtm_family = v6 ? AF_INET6 : AF_INET;
  header.rtm_dst_len = static_cast<std::uint8_t>(route.destination.length);
  header.rtm_table = RT_TABLE_UNSPEC;
  header.rtm_protocol = route.protocol;
  header.rtm_scope = scope_of(route);
  header.rtm_type = kernel_type(route.type);
  Message message(type, flags, 16384);
  message.header(header);
  message.put(RTA_DST, route.destination.network().address);
  message.put_u32(RTA_TABLE, route.table);
  if (route.metric != 0) {
    message.put_u32(RTA_PRIORITY, route.metric);
  }
  if (route.source) {
    message.put(RTA_PREFSRC, *route.source);
  }
  if (route.next_hops.size() == 1) {
    const NextHop& hop = route.next_hops.front();
    put_gateway(message, hop, v6);
    if (!hop.dev.empty()) {
      message.put_u32(RTA_OIF, static_cast<std::uint32_t>(index_of(hop.dev)));
    }
    put_encap(message, route.encap);
  } else if (!route.next_hops.empty()) {
    message.nest(RTA_MULTIPATH, [&] {
      for (const NextHop& hop : route.next_hops) {
        rtnexthop next{};
        next.rtnh_hops = static_cast<std::uint8_t>(hop.weight - 1);
        next.rtnh_ifindex = hop.dev.empty() ? 0 : index_of(hop.dev);
        const std::size_t start = message.size();
        message.header(next);
        put_gateway(message, hop, v6);
        put_encap(message, route.encap);
        const std::span<std::byte> written = message.written(start);
        next.rtnh_len = static_cast<std::uint16_t>(written.size());
        std::memcpy(written.data(), &next, sizeof next);
      }
    });
  }
  return message;
}

std::optional<Route> Netlink::State::parse_route(const nlmsghdr& message) {
  const auto header = header_of<rtmsg>(message);
  const std::optional<Route::Type> type = route_type(header.rtm_type);
  if (!type || (header.rtm_flags & RTM_F_CLONED) != 0) {
    return std::nullopt;
  }
  const bool v6 = header.rtm_family == AF_INET6;
  const Attributes attributes(message, sizeof header, RTA_MAX);
  Route route;
  route.type = *type;
  route.destination = {attributes.address(RTA_DST).value_or(IpAddress::of(v6 ? "::" : "0.0.0.0")), header.rtm_dst_len};
  route.table = attributes.u32(RTA_TABLE, header.rtm_table);
  route.metric = attributes.u32(RTA_PRIORITY);
  if (v6 && route.metric == kKernelMetricV6) {
    route.metric = 0;
  }
  route.protocol = header.rtm_protocol;
  route.source = attributes.address(RTA_PREFSRC);
  if (!has_next_hops(route.type)) {
    return route;
  }
  if (attributes[RTA_MULTIPATH] != nullptr) {
    Multipath multipath =
        parse_multipath(attributes.bytes(RTA_MULTIPATH), [this](int index) { return name_of(index); });
    route.next_hops = std::move(multipath.hops);
    route.encap = std::move(multipath.encap);
    return route;
  }
  NextHop hop;
  hop.via = parse_gateway(attributes);
  if (attributes[RTA_OIF] != nullptr) {
    hop.dev = name_of(static_cast<int>(attributes.u32(RTA_OIF)));
  }
  route.next_hops.push_back(std::move(hop));
  route.encap = parse_route_encap(attributes);
  return route;
}

void Netlink::add_route(const Route& route) {
  state_->change(state_->route_message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route),
                 "ip route add " + describe(route));
}

void Netlink::replace_route(const Route& route) {
  state_->change(state_->route_message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, route),
                 "ip route replace " + describe(route));
}

void Netlink::delete_route(const Route& route) {
  state_->change(state_->route_message(RTM_DELROUTE, 0, route), "ip route delete " + describe(route));
}

std::vector<Route> Netlink::routes(bool v6, std::optional<std::uint32_t> table) {
  state_->learn_links();
  rtmsg header{};
  header.rtm_family = v6 ? AF_INET6 : AF_INET;
  std::vector<Route> routes;
  state_->socket.dump(request_with(RTM_GETROUTE, header), "ip route show", [&](const nlmsghdr& message) {
    std::optional<Route> route = state_->parse_route(message);
    if (route && (!table || route->table == *table)) {
      routes.push_back(std::move(*route));
    }
  });
  return routes;
}

}  // namespace cats::kernel
