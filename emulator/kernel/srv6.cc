#include "emulator/kernel/srv6.h"

#include <array>
#include <cstring>
#include <linux/lwtunnel.h>
#include <linux/rtnetlink.h>
#include <linux/seg6_iptunnel.h>
#include <linux/seg6_local.h>

#include <fmt/format.h>

#include "base/error.h"
#include "emulator/kernel/message.h"

namespace cats::kernel {
namespace {

constexpr std::size_t kSegmentSize = 16;
constexpr std::size_t kSrhFixedSize = 8;
constexpr std::size_t kSrhLastEntry = 4;
constexpr std::uint8_t kRoutingTypeSrv6 = 4;  // RFC 8754 section 2

[[noreturn]] void refuse(const Encap& encap, std::string_view reason) {
  throw UsageError(fmt::format("{}: {}", describe(encap), reason));
}

// struct seg6_iptunnel_encap: the mode, then a segment routing header whose list is in reverse order of travel.
std::vector<std::byte> h_encaps_payload(const HEncaps& encap) {
  const std::size_t count = encap.segments.size();
  if (count == 0 || count > 127) {
    refuse(encap, "needs 1 to 127 segments");
  }
  const int mode = SEG6_IPTUN_MODE_ENCAP;
  const auto length = static_cast<std::uint8_t>(2 * count);  // in units of 8 octets beyond the first
  const auto last = static_cast<std::uint8_t>(count - 1);
  // RFC 8754 section 2: next header, length, routing type, segments left, last entry, flags, tag (2).
  const std::array<std::uint8_t, kSrhFixedSize> header{0, length, kRoutingTypeSrv6, last, last, 0, 0, 0};

  std::vector<std::byte> payload(sizeof mode + header.size());
  std::memcpy(payload.data(), &mode, sizeof mode);
  std::memcpy(payload.data() + sizeof mode, header.data(), header.size());
  for (auto segment = encap.segments.rbegin(); segment != encap.segments.rend(); ++segment) {
    if (!segment->is_v6()) {
      refuse(encap, "a segment is an IPv6 address");
    }
    payload.insert(payload.end(), segment->bytes().begin(), segment->bytes().end());
  }
  return payload;
}

int kernel_action(Seg6Local::Action action) {
  switch (action) {
    case Seg6Local::Action::kEnd:
      return SEG6_LOCAL_ACTION_END;
    case Seg6Local::Action::kEndDx6:
      return SEG6_LOCAL_ACTION_END_DX6;
    case Seg6Local::Action::kEndDx4:
      return SEG6_LOCAL_ACTION_END_DX4;
  }
  return SEG6_LOCAL_ACTION_UNSPEC;
}

void put_seg6_local(Message& message, const Seg6Local& local) {
  const bool wants_v6 = local.action == Seg6Local::Action::kEndDx6;
  const bool wants_v4 = local.action == Seg6Local::Action::kEndDx4;
  if (local.next_hop.has_value() != (wants_v6 || wants_v4) || (local.next_hop && local.next_hop->is_v6() != wants_v6)) {
    refuse(local, "End takes no next hop, End.DX6 an IPv6 one, End.DX4 an IPv4 one");
  }
  message.put_u32(SEG6_LOCAL_ACTION, static_cast<std::uint32_t>(kernel_action(local.action)));
  if (local.next_hop) {
    message.put(wants_v6 ? SEG6_LOCAL_NH6 : SEG6_LOCAL_NH4, *local.next_hop);
  }
}

Encap parse_h_encaps(const Attributes& attributes) {
  const std::span<const std::byte> payload = attributes.bytes(SEG6_IPTUNNEL_SRH);
  int mode = 0;
  if (payload.size() < sizeof mode + kSrhFixedSize) {
    return {};
  }
  std::memcpy(&mode, payload.data(), sizeof mode);
  const std::size_t count = std::to_integer<std::size_t>(payload[sizeof mode + kSrhLastEntry]) + 1;
  const std::span<const std::byte> list = payload.subspan(sizeof mode + kSrhFixedSize);
  if (mode != SEG6_IPTUN_MODE_ENCAP || list.size() < count * kSegmentSize) {
    return {};
  }
  HEncaps encap;
  for (std::size_t i = count; i-- > 0;) {
    encap.segments.push_back(*IpAddress::from_bytes(list.subspan(i * kSegmentSize, kSegmentSize)));
  }
  return encap;
}

Encap parse_seg6_local(const Attributes& attributes) {
  switch (attributes.u32(SEG6_LOCAL_ACTION)) {
    case SEG6_LOCAL_ACTION_END:
      return Seg6Local{Seg6Local::Action::kEnd, std::nullopt};
    case SEG6_LOCAL_ACTION_END_DX6:
      return Seg6Local{Seg6Local::Action::kEndDx6, attributes.address(SEG6_LOCAL_NH6)};
    case SEG6_LOCAL_ACTION_END_DX4:
      return Seg6Local{Seg6Local::Action::kEndDx4, attributes.address(SEG6_LOCAL_NH4)};
    default:
      return {};
  }
}

}  // namespace

std::vector<std::byte> encap_attributes(const Encap& encap) {
  Message message(0, 0, 4096);
  if (const auto* const tunnel = std::get_if<HEncaps>(&encap)) {
    message.put_u16(RTA_ENCAP_TYPE, LWTUNNEL_ENCAP_SEG6);
    message.nest(RTA_ENCAP, [&] { message.put(SEG6_IPTUNNEL_SRH, h_encaps_payload(*tunnel)); });
  } else if (const auto* const local = std::get_if<Seg6Local>(&encap)) {
    message.put_u16(RTA_ENCAP_TYPE, LWTUNNEL_ENCAP_SEG6_LOCAL);
    message.nest(RTA_ENCAP, [&] { put_seg6_local(message, *local); });
  }
  const std::span<const std::byte> attributes = message.payload();
  return {attributes.begin(), attributes.end()};
}

Encap parse_encap(std::uint16_t encap_type, std::span<const std::byte> rta_encap) {
  switch (encap_type) {
    case LWTUNNEL_ENCAP_SEG6:
      return parse_h_encaps(Attributes(rta_encap, SEG6_IPTUNNEL_MAX));
    case LWTUNNEL_ENCAP_SEG6_LOCAL:
      return parse_seg6_local(Attributes(rta_encap, SEG6_LOCAL_MAX));
    default:
      return {};
  }
}

std::string describe(const Encap& encap) {
  if (const auto* const tunnel = std::get_if<HEncaps>(&encap)) {
    return fmt::format("encap seg6 mode encap segs {} [ {} ]", tunnel->segments.size(),
                       fmt::join(tunnel->segments, " "));
  }
  if (const auto* const local = std::get_if<Seg6Local>(&encap)) {
    switch (local->action) {
      case Seg6Local::Action::kEnd:
        return "encap seg6local action End";
      case Seg6Local::Action::kEndDx6:
        return fmt::format("encap seg6local action End.DX6 nh6 {}", local->next_hop ? local->next_hop->str() : "?");
      case Seg6Local::Action::kEndDx4:
        return fmt::format("encap seg6local action End.DX4 nh4 {}", local->next_hop ? local->next_hop->str() : "?");
    }
  }
  return {};
}

}  // namespace cats::kernel
