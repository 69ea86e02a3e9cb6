#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <fmt/format.h>

#include "emulator/kernel/netlink_state.h"

namespace cats::kernel {
namespace {

Message address_message(int type, int flags, int index, const IpPrefix& address) {
  ifaddrmsg header{};
  header.ifa_family = address.address.is_v6() ? AF_INET6 : AF_INET;
  header.ifa_prefixlen = static_cast<std::uint8_t>(address.length);
  header.ifa_flags = IFA_F_NODAD;
  header.ifa_index = static_cast<std::uint32_t>(index);
  Message message(type, flags);
  message.header(header).put(IFA_LOCAL, address.address).put(IFA_ADDRESS, address.address);
  return message;
}

}  // namespace

void Netlink::add_address(std::string_view dev, const IpPrefix& address) {
  state_->change(address_message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, index_of(dev), address),
                 fmt::format("ip address add {} dev {}", address, dev));
}

void Netlink::delete_address(std::string_view dev, const IpPrefix& address) {
  state_->change(address_message(RTM_DELADDR, 0, index_of(dev), address),
                 fmt::format("ip address delete {} dev {}", address, dev));
}

std::vector<InterfaceAddress> Netlink::addresses() {
  state_->learn_links();
  std::vector<InterfaceAddress> found;
  state_->socket.dump(request_with(RTM_GETADDR, ifaddrmsg{}), "ip address show", [&](const nlmsghdr& message) {
    const auto header = header_of<ifaddrmsg>(message);
    const Attributes attributes(message, sizeof header, IFA_MAX);
    std::optional<IpAddress> address = attributes.address(IFA_LOCAL);
    if (!address) {
      address = attributes.address(IFA_ADDRESS);
    }
    if (address) {
      const bool tentative = (attributes.u32(IFA_FLAGS, header.ifa_flags) & IFA_F_TENTATIVE) != 0;
      found.push_back(
          {state_->name_of(static_cast<int>(header.ifa_index)), {*address, header.ifa_prefixlen}, tentative});
    }
  });
  return found;
}

}  // namespace cats::kernel
