// One netlink message under construction, and the attributes of one received. libnl's functions, with an owner and with
// errors that throw. Internal to this folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <linux/netlink.h>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <netlink/attr.h>
#include <netlink/msg.h>

#include "base/ip.h"

namespace cats::kernel {

class Message {
 public:
  // NLM_F_REQUEST is added to the flags.
  Message(int type, int flags, std::size_t capacity = 2048);

  // The fixed header that follows nlmsghdr.
  template <class Header>
  Message& header(const Header& header) {
    return append(&header, sizeof header);
  }
  Message& append(const void* data, std::size_t size);  // aligned to four octets

  Message& put(int attribute, std::span<const std::byte> value);
  Message& put(int attribute, const IpAddress& address) { return put(attribute, address.bytes()); }
  Message& put(int attribute, std::string_view text);  // with the closing NUL
  Message& put_u8(int attribute, std::uint8_t value);
  Message& put_u16(int attribute, std::uint16_t value);
  Message& put_u32(int attribute, std::uint32_t value);
  Message& put_be16(int attribute, std::uint16_t value);
  Message& put_be32(int attribute, std::uint32_t value);

  // Attributes put by `content` become the inside of `attribute`.
  template <class Content>
  Message& nest(int attribute, Content&& content) {
    nlattr* const start = begin_nest(attribute);
    std::forward<Content>(content)();
    end_nest(start);
    return *this;
  }

  nlmsghdr& head() { return *nlmsg_hdr(message_.get()); }
  std::span<const std::byte> bytes() const;    // the whole message
  std::span<const std::byte> payload() const;  // after nlmsghdr
  // For the few structures with a length of their own (rtnexthop): where the next append will go, and a way back to it.
  std::size_t size() const { return payload().size(); }
  std::span<std::byte> written(std::size_t from);

 private:
  struct Free {
    void operator()(nl_msg* message) const { nlmsg_free(message); }
  };
  nlattr* begin_nest(int attribute);
  void end_nest(nlattr* start);

  std::unique_ptr<nl_msg, Free> message_;
};

// A message of a type and a fixed header, for dumps.
template <class Header>
Message request_with(int type, const Header& header) {
  Message message(type, 0);
  message.header(header);
  return message;
}

// The attributes of a message or a nest by type, each absent or valid.
class Attributes {
 public:
  Attributes(const nlmsghdr& message, std::size_t header_size, int highest);
  Attributes(const nlattr& nest, int highest);
  Attributes(std::span<const std::byte> attributes, int highest);

  const nlattr* operator[](int attribute) const { return table_[static_cast<std::size_t>(attribute)]; }
  std::span<const std::byte> bytes(int attribute) const;  // empty when absent
  std::string_view text(int attribute) const;             // empty when absent
  std::uint8_t u8(int attribute, std::uint8_t otherwise = 0) const;
  std::uint16_t u16(int attribute, std::uint16_t otherwise = 0) const;
  std::uint32_t u32(int attribute, std::uint32_t otherwise = 0) const;
  std::uint16_t be16(int attribute, std::uint16_t otherwise = 0) const;
  std::uint32_t be32(int attribute, std::uint32_t otherwise = 0) const;
  std::optional<IpAddress> address(int attribute) const;

 private:
  // A copy, so that an attribute shorter than its type never reads past its end.
  template <class Value>
  Value value(int attribute, Value otherwise) const;

  std::vector<nlattr*> table_;
};

// The fixed header after nlmsghdr, copied; zeros when the message is too short.
template <class Header>
Header header_of(const nlmsghdr& message);

std::span<const std::byte> payload_of(const nlmsghdr& message);
std::span<const std::byte> payload_of(const nlattr& attribute);

template <class Header>
Header header_of(const nlmsghdr& message) {
  Header header{};
  const std::span<const std::byte> payload = payload_of(message);
  if (payload.size() >= sizeof header) {
    std::memcpy(&header, payload.data(), sizeof header);
  }
  return header;
}

}  // namespace cats::kernel
