#include <algorithm>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <thread>

#include <fmt/format.h>

#include "base/error.h"
#include "emulator/kernel/netlink_state.h"

namespace cats::kernel {
namespace {

constexpr std::size_t kBatchPiece = 64;
constexpr std::string_view kVeth = "veth";

void put_end(Message& message, const VethEnd& end, int mtu) {
  message.put(IFLA_IFNAME, std::string_view(end.name));
  message.put_u32(IFLA_MTU, static_cast<std::uint32_t>(mtu));
  message.put_u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(end.ns.fd()));
  if (end.mac) {
    message.put(IFLA_ADDRESS, std::as_bytes(std::span(*end.mac)));
  }
}

ifinfomsg with_index(int index) {
  ifinfomsg header{};
  header.ifi_index = index;
  return header;
}

Link parse_link(const nlmsghdr& message) {
  const auto header = header_of<ifinfomsg>(message);
  const Attributes attributes(message, sizeof header, IFLA_MAX);
  Link link;
  link.index = header.ifi_index;
  link.name = attributes.text(IFLA_IFNAME);
  link.mtu = static_cast<int>(attributes.u32(IFLA_MTU));
  link.up = (header.ifi_flags & IFF_UP) != 0;
  if (const nlattr* const info = attributes[IFLA_LINKINFO]) {
    link.kind = Attributes(*info, IFLA_INFO_MAX).text(IFLA_INFO_KIND);
  }
  // IFF_RUNNING alone is also set while the state is still unknown: before link watch has seen a new veth it drops all.
  const std::uint8_t state = attributes.u8(IFLA_OPERSTATE);
  link.running = (header.ifi_flags & IFF_RUNNING) != 0 && (header.ifi_flags & IFF_LOWER_UP) != 0 &&
                 (state == IF_OPER_UP || (state == IF_OPER_UNKNOWN && link.kind != kVeth));
  const std::span<const std::byte> mac = attributes.bytes(IFLA_ADDRESS);
  if (mac.size() == link.mac.size()) {
    std::memcpy(link.mac.data(), mac.data(), mac.size());
  }
  return link;
}

}  // namespace

void Netlink::State::change(Message message, std::string operation) {
  socket.queue(std::move(message), std::move(operation));
  if (!batching || socket.pending() >= kBatchPiece) {
    socket.flush();
  }
}

int Netlink::State::index_of(std::string_view dev) {
  const auto known = indexes.find(dev);
  if (known != indexes.end()) {
    return known->second;
  }
  learn_links();
  const auto learnt = indexes.find(dev);
  if (learnt == indexes.end()) {
    throw SystemError(ENODEV, fmt::format("ip link show {} in ns {}", dev, socket.namespace_name()));
  }
  return learnt->second;
}

std::string Netlink::State::name_of(int index) {
  const auto by_index = [&] {
    return std::find_if(indexes.begin(), indexes.end(), [&](const auto& entry) { return entry.second == index; });
  };
  auto found = by_index();
  if (found == indexes.end()) {
    learn_links();
    found = by_index();
  }
  return found == indexes.end() ? fmt::format("if{}", index) : found->first;
}

void Netlink::State::learn_links() {
  settle();
  indexes.clear();
  socket.dump(request_with(RTM_GETLINK, ifinfomsg{}), "ip link show", [&](const nlmsghdr& message) {
    const Link link = parse_link(message);
    indexes[link.name] = link.index;
  });
}

Netlink::Netlink(const Namespace& ns) : state_(std::make_unique<State>(ns)) {}
Netlink::~Netlink() = default;
Netlink::Netlink(Netlink&&) noexcept = default;
Netlink& Netlink::operator=(Netlink&&) noexcept = default;

const std::string& Netlink::namespace_name() const { return state_->socket.namespace_name(); }

void Netlink::begin_batch() { state_->batching = true; }

void Netlink::end_batch() {
  state_->batching = false;
  state_->socket.flush();
}

void Netlink::drop_batch() noexcept {
  state_->batching = false;
  state_->socket.drop();
}

void Netlink::add_veth(const VethEnd& a, const VethEnd& b, int mtu) {
  Message message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  message.header(with_index(a.index));
  put_end(message, a, mtu);
  message.nest(IFLA_LINKINFO, [&] {
    message.put(IFLA_INFO_KIND, kVeth);
    message.nest(IFLA_INFO_DATA, [&] {
      message.nest(VETH_INFO_PEER, [&] {
        message.header(with_index(b.index));
        put_end(message, b, mtu);
      });
    });
  });
  state_->change(std::move(message),
                 fmt::format("ip link add {} type veth peer {} in ns {}", a.name, b.name, b.ns.name()));
}

Message Netlink::State::link_change(std::string_view dev, unsigned flags, unsigned changed) const {
  const auto known = indexes.find(dev);
  ifinfomsg header = with_index(known == indexes.end() ? 0 : known->second);
  header.ifi_flags = flags;
  header.ifi_change = changed;
  Message message(RTM_NEWLINK, 0);
  message.header(header);
  if (known == indexes.end()) {
    message.put(IFLA_IFNAME, dev);
  }
  return message;
}

void Netlink::delete_link(std::string_view dev) {
  Message message(RTM_DELLINK, 0);
  message.header(ifinfomsg{}).put(IFLA_IFNAME, dev);
  state_->change(std::move(message), fmt::format("ip link delete {}", dev));
  if (const auto known = state_->indexes.find(dev); known != state_->indexes.end()) {
    state_->indexes.erase(known);
  }
}

void Netlink::set_up(std::string_view dev, bool up) {
  state_->change(state_->link_change(dev, up ? IFF_UP : 0, IFF_UP),
                 fmt::format("ip link set {} {}", dev, up ? "up" : "down"));
}

void Netlink::set_mtu(std::string_view dev, int mtu) {
  Message message = state_->link_change(dev, 0, 0);
  message.put_u32(IFLA_MTU, static_cast<std::uint32_t>(mtu));
  state_->change(std::move(message), fmt::format("ip link set {} mtu {}", dev, mtu));
}

void Netlink::set_arp(std::string_view dev, bool on) {
  state_->change(state_->link_change(dev, on ? 0 : IFF_NOARP, IFF_NOARP),
                 fmt::format("ip link set {} arp {}", dev, on ? "on" : "off"));
}

void Netlink::know_link(std::string_view dev, int index) { state_->indexes[std::string(dev)] = index; }

int Netlink::index_of(std::string_view dev) { return state_->index_of(dev); }

std::vector<Link> Netlink::links() {
  state_->settle();
  std::vector<Link> links;
  state_->socket.dump(request_with(RTM_GETLINK, ifinfomsg{}), "ip link show",
                      [&](const nlmsghdr& message) { links.push_back(parse_link(message)); });
  return links;
}

void Netlink::wait_running(const std::vector<std::string>& devs, Instant deadline) {
  for (;;) {
    const std::vector<Link> now = links();
    std::vector<std::string> missing;
    for (const std::string& dev : devs) {
      const bool running =
          std::any_of(now.begin(), now.end(), [&](const Link& link) { return link.name == dev && link.running; });
      if (!running) {
        missing.push_back(dev);
      }
    }
    if (missing.empty()) {
      return;
    }
    if (MonotonicClock().now() >= deadline) {
      throw MeasurementError(fmt::format("in ns {} not running: {}", namespace_name(), fmt::join(missing, ", ")));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

}  // namespace cats::kernel
