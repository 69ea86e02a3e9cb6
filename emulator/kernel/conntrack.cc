#include "emulator/kernel/conntrack.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>

#include <fmt/format.h>

#include "base/error.h"
#include "emulator/kernel/socket.h"

namespace cats::kernel {
namespace {

bool is_icmp(std::uint8_t protocol) { return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6; }

// Attribute types of an ICMP flow, which differ between the two versions.
struct IcmpAttributes {
  int id;
  int type;
  int code;
};

IcmpAttributes icmp_attributes(std::uint8_t protocol) {
  return protocol == IPPROTO_ICMP ? IcmpAttributes{CTA_PROTO_ICMP_ID, CTA_PROTO_ICMP_TYPE, CTA_PROTO_ICMP_CODE}
                                  : IcmpAttributes{CTA_PROTO_ICMPV6_ID, CTA_PROTO_ICMPV6_TYPE, CTA_PROTO_ICMPV6_CODE};
}

Message ct_message(int message, int flags, std::uint8_t family = AF_UNSPEC) {
  Message result((NFNL_SUBSYS_CTNETLINK << 8) | message, flags);
  result.header(nfgenmsg{family, NFNETLINK_V0, 0});
  return result;
}

std::uint8_t family_of(const ConntrackEntry& entry) { return entry.original.source.is_v6() ? AF_INET6 : AF_INET; }

void put_tuple(Message& message, int attribute, const FlowTuple& tuple) {
  const bool v6 = tuple.source.is_v6();
  message.nest(attribute, [&] {
    message.nest(CTA_TUPLE_IP, [&] {
      message.put(v6 ? CTA_IP_V6_SRC : CTA_IP_V4_SRC, tuple.source);
      message.put(v6 ? CTA_IP_V6_DST : CTA_IP_V4_DST, tuple.destination);
    });
    message.nest(CTA_TUPLE_PROTO, [&] {
      message.put_u8(CTA_PROTO_NUM, tuple.protocol);
      if (is_icmp(tuple.protocol)) {
        const IcmpAttributes icmp = icmp_attributes(tuple.protocol);
        message.put_be16(icmp.id, tuple.source_port);
        message.put_u8(icmp.type, static_cast<std::uint8_t>(tuple.destination_port >> 8));
        message.put_u8(icmp.code, static_cast<std::uint8_t>(tuple.destination_port & 0xff));
      } else {
        message.put_be16(CTA_PROTO_SRC_PORT, tuple.source_port);
        message.put_be16(CTA_PROTO_DST_PORT, tuple.destination_port);
      }
    });
  });
}

FlowTuple parse_tuple(const nlattr* attribute) {
  FlowTuple tuple;
  if (attribute == nullptr) {
    return tuple;
  }
  const Attributes parts(*attribute, CTA_TUPLE_MAX);
  if (const nlattr* const ip = parts[CTA_TUPLE_IP]) {
    const Attributes addresses(*ip, CTA_IP_MAX);
    const bool v6 = addresses[CTA_IP_V6_SRC] != nullptr;
    tuple.source = addresses.address(v6 ? CTA_IP_V6_SRC : CTA_IP_V4_SRC).value_or(IpAddress{});
    tuple.destination = addresses.address(v6 ? CTA_IP_V6_DST : CTA_IP_V4_DST).value_or(IpAddress{});
  }
  if (const nlattr* const protocol = parts[CTA_TUPLE_PROTO]) {
    const Attributes ports(*protocol, CTA_PROTO_MAX);
    tuple.protocol = ports.u8(CTA_PROTO_NUM);
    if (is_icmp(tuple.protocol)) {
      const IcmpAttributes icmp = icmp_attributes(tuple.protocol);
      tuple.source_port = ports.be16(icmp.id);
      tuple.destination_port = static_cast<std::uint16_t>((ports.u8(icmp.type) << 8) | ports.u8(icmp.code));
    } else {
      tuple.source_port = ports.be16(CTA_PROTO_SRC_PORT);
      tuple.destination_port = ports.be16(CTA_PROTO_DST_PORT);
    }
  }
  return tuple;
}

std::optional<std::uint8_t> parse_tcp_state(const nlattr* protocol_info) {
  if (protocol_info == nullptr) {
    return std::nullopt;
  }
  const nlattr* const tcp = Attributes(*protocol_info, CTA_PROTOINFO_MAX)[CTA_PROTOINFO_TCP];
  if (tcp == nullptr) {
    return std::nullopt;
  }
  return Attributes(*tcp, CTA_PROTOINFO_TCP_MAX).u8(CTA_PROTOINFO_TCP_STATE);
}

ConntrackEntry parse_entry(const nlmsghdr& message) {
  const Attributes attributes(message, sizeof(nfgenmsg), CTA_MAX);
  ConntrackEntry entry;
  entry.original = parse_tuple(attributes[CTA_TUPLE_ORIG]);
  entry.reply = parse_tuple(attributes[CTA_TUPLE_REPLY]);
  entry.mark = attributes.be32(CTA_MARK);
  entry.timeout_s = attributes.be32(CTA_TIMEOUT);
  entry.tcp_state = parse_tcp_state(attributes[CTA_PROTOINFO]);
  entry.id = attributes.be32(CTA_ID);
  entry.zone = attributes.be16(CTA_ZONE);
  return entry;
}

std::string describe(const FlowTuple& tuple) {
  return fmt::format("[{}]:{} to [{}]:{} protocol {}", tuple.source, tuple.source_port, tuple.destination,
                     tuple.destination_port, tuple.protocol);
}

}  // namespace

std::string tcp_state_name(std::uint8_t state) {
  switch (state) {
    case TCP_CONNTRACK_NONE:
      return "NONE";
    case TCP_CONNTRACK_SYN_SENT:
      return "SYN_SENT";
    case TCP_CONNTRACK_SYN_RECV:
      return "SYN_RECV";
    case TCP_CONNTRACK_ESTABLISHED:
      return "ESTABLISHED";
    case TCP_CONNTRACK_FIN_WAIT:
      return "FIN_WAIT";
    case TCP_CONNTRACK_CLOSE_WAIT:
      return "CLOSE_WAIT";
    case TCP_CONNTRACK_LAST_ACK:
      return "LAST_ACK";
    case TCP_CONNTRACK_TIME_WAIT:
      return "TIME_WAIT";
    case TCP_CONNTRACK_CLOSE:
      return "CLOSE";
    case TCP_CONNTRACK_SYN_SENT2:
      return "SYN_SENT2";
    default:
      return fmt::format("STATE_{}", state);
  }
}

struct Conntrack::State {
  explicit State(const Namespace& ns) : socket(ns, NETLINK_NETFILTER) {}

  // False when the kernel no longer has the entry.
  bool change(Message message, const ConntrackEntry& entry, std::string_view operation) {
    if (entry.zone != 0) {
      message.put_be16(CTA_ZONE, entry.zone);
    }
    try {
      socket.request(std::move(message), fmt::format("conntrack {} {}", operation, describe(entry.original)));
      return true;
    } catch (const SystemError& error) {
      if (error.code().value() == ENOENT) {
        return false;
      }
      throw;
    }
  }

  NetlinkSocket socket;
};

Conntrack::Conntrack(const Namespace& ns) : state_(std::make_unique<State>(ns)) {}
Conntrack::~Conntrack() = default;
Conntrack::Conntrack(Conntrack&&) noexcept = default;
Conntrack& Conntrack::operator=(Conntrack&&) noexcept = default;

std::vector<ConntrackEntry> Conntrack::dump(bool marked_only) {
  std::vector<ConntrackEntry> entries;
  state_->socket.dump(ct_message(IPCTNL_MSG_CT_GET, 0), "conntrack -L", [&](const nlmsghdr& message) {
    const ConntrackEntry entry = parse_entry(message);
    if (!marked_only || entry.mark != 0) {
      entries.push_back(entry);
    }
  });
  return entries;
}

void Conntrack::insert(const ConntrackEntry& entry) {
  Message message = ct_message(IPCTNL_MSG_CT_NEW, NLM_F_CREATE | NLM_F_EXCL, family_of(entry));
  put_tuple(message, CTA_TUPLE_ORIG, entry.original);
  put_tuple(message, CTA_TUPLE_REPLY, entry.reply);
  // Assured entries are not sacrificed when the table is full.
  message.put_be32(CTA_STATUS, IPS_CONFIRMED | IPS_SEEN_REPLY | IPS_ASSURED);
  message.put_be32(CTA_TIMEOUT, entry.timeout_s);
  message.put_be32(CTA_MARK, entry.mark);
  if (entry.tcp_state)
    message.nest(CTA_PROTOINFO, [&] {
      message.nest(CTA_PROTOINFO_TCP, [&] { message.put_u8(CTA_PROTOINFO_TCP_STATE, *entry.tcp_state); });
    });
  state_->socket.request(std::move(message), fmt::format("conntrack -I {}", describe(entry.original)));
}

bool Conntrack::remove(const ConntrackEntry& entry) {
  Message message = ct_message(IPCTNL_MSG_CT_DELETE, 0, family_of(entry));
  put_tuple(message, CTA_TUPLE_ORIG, entry.original);
  message.put_be32(CTA_ID, entry.id);
  return state_->change(std::move(message), entry, "-D");
}

std::size_t Conntrack::remove_if(const std::function<bool(const ConntrackEntry&)>& matches) {
  std::size_t removed = 0;
  for (const ConntrackEntry& entry : dump()) {
    if (matches(entry) && remove(entry)) {
      ++removed;
    }
  }
  return removed;
}

void Conntrack::flush() { state_->socket.request(ct_message(IPCTNL_MSG_CT_DELETE, 0), "conntrack -F"); }

bool Conntrack::set_mark(const ConntrackEntry& entry, std::uint32_t mark) {
  Message message = ct_message(IPCTNL_MSG_CT_NEW, 0, family_of(entry));
  put_tuple(message, CTA_TUPLE_ORIG, entry.original);
  message.put_be32(CTA_MARK, mark);
  return state_->change(std::move(message), entry, "-U");
}

}  // namespace cats::kernel
