#include "emulator/kernel/message.h"

#include <arpa/inet.h>
#include <new>
#include <stdexcept>
#include <string>

namespace cats::kernel {
namespace {

// A message larger than its capacity is a mistake in this folder, not in the input.
void must_fit(int result) {
  if (result < 0) {
    throw std::length_error("netlink message exceeds its buffer");
  }
}

}  // namespace

Message::Message(int type, int flags, std::size_t capacity) : message_(nlmsg_alloc_size(capacity)) {
  if (!message_ || nlmsg_put(message_.get(), 0, 0, type, 0, NLM_F_REQUEST | flags) == nullptr) {
    throw std::bad_alloc();
  }
}

Message& Message::append(const void* data, std::size_t size) {
  // libnl takes a pointer to non-const and only reads it.
  must_fit(nlmsg_append(message_.get(), const_cast<void*>(data), size, NLMSG_ALIGNTO));
  return *this;
}

Message& Message::put(int attribute, std::span<const std::byte> value) {
  must_fit(nla_put(message_.get(), attribute, static_cast<int>(value.size()), value.data()));
  return *this;
}

Message& Message::put(int attribute, std::string_view text) {
  must_fit(nla_put_string(message_.get(), attribute, std::string(text).c_str()));
  return *this;
}

Message& Message::put_u8(int attribute, std::uint8_t value) {
  must_fit(nla_put_u8(message_.get(), attribute, value));
  return *this;
}

Message& Message::put_u16(int attribute, std::uint16_t value) {
  must_fit(nla_put_u16(message_.get(), attribute, value));
  return *this;
}

Message& Message::put_u32(int attribute, std::uint32_t value) {
  must_fit(nla_put_u32(message_.get(), attribute, value));
  return *this;
}

Message& Message::put_be16(int attribute, std::uint16_t value) { return put_u16(attribute, htons(value)); }
Message& Message::put_be32(int attribute, std::uint32_t value) { return put_u32(attribute, htonl(value)); }

nlattr* Message::begin_nest(int attribute) {
  nlattr* const start = nla_nest_start(message_.get(), attribute | NLA_F_NESTED);
  if (start == nullptr) {
    must_fit(-1);
  }
  return start;
}

void Message::end_nest(nlattr* start) { must_fit(nla_nest_end(message_.get(), start)); }

std::span<const std::byte> Message::bytes() const {
  const nlmsghdr* const header = nlmsg_hdr(message_.get());
  return std::as_bytes(std::span(reinterpret_cast<const char*>(header), header->nlmsg_len));
}

std::span<const std::byte> Message::payload() const { return bytes().subspan(NLMSG_HDRLEN); }

std::span<std::byte> Message::written(std::size_t from) {
  auto* const data = static_cast<std::byte*>(nlmsg_data(nlmsg_hdr(message_.get())));
  return {data + from, size() - from};
}

Attributes::Attributes(const nlmsghdr& message, std::size_t header_size, int highest)
    : table_(static_cast<std::size_t>(highest) + 1) {
  if (nlmsg_parse(const_cast<nlmsghdr*>(&message), static_cast<int>(header_size), table_.data(), highest, nullptr) <
      0) {
    table_.assign(table_.size(), nullptr);
  }
}

Attributes::Attributes(const nlattr& nest, int highest) : Attributes(payload_of(nest), highest) {}

Attributes::Attributes(std::span<const std::byte> attributes, int highest)
    : table_(static_cast<std::size_t>(highest) + 1) {
  auto* const first = reinterpret_cast<nlattr*>(const_cast<std::byte*>(attributes.data()));
  if (nla_parse(table_.data(), highest, first, static_cast<int>(attributes.size()), nullptr) < 0) {
    table_.assign(table_.size(), nullptr);
  }
}

std::span<const std::byte> Attributes::bytes(int attribute) const {
  const nlattr* const found = (*this)[attribute];
  return found == nullptr ? std::span<const std::byte>{} : payload_of(*found);
}

std::string_view Attributes::text(int attribute) const {
  const std::span<const std::byte> all = bytes(attribute);
  const std::string_view padded(reinterpret_cast<const char*>(all.data()), all.size());
  return padded.substr(0, padded.find('\0'));
}

template <class Value>
Value Attributes::value(int attribute, Value otherwise) const {
  const std::span<const std::byte> all = bytes(attribute);
  if (all.size() < sizeof(Value)) {
    return otherwise;
  }
  Value result;
  std::memcpy(&result, all.data(), sizeof result);
  return result;
}

std::uint8_t Attributes::u8(int attribute, std::uint8_t otherwise) const { return value(attribute, otherwise); }
std::uint16_t Attributes::u16(int attribute, std::uint16_t otherwise) const { return value(attribute, otherwise); }
std::uint32_t Attributes::u32(int attribute, std::uint32_t otherwise) const { return value(attribute, otherwise); }

std::uint16_t Attributes::be16(int attribute, std::uint16_t otherwise) const {
  return ntohs(value(attribute, htons(otherwise)));
}

std::uint32_t Attributes::be32(int attribute, std::uint32_t otherwise) const {
  return ntohl(value(attribute, htonl(otherwise)));
}

std::optional<IpAddress> Attributes::address(int attribute) const {
  const Expected<IpAddress> parsed = IpAddress::from_bytes(bytes(attribute));
  return parsed ? std::optional(*parsed) : std::nullopt;
}

std::span<const std::byte> payload_of(const nlmsghdr& message) {
  const auto* const data = static_cast<const std::byte*>(nlmsg_data(&message));
  return {data, static_cast<std::size_t>(nlmsg_datalen(&message))};
}

std::span<const std::byte> payload_of(const nlattr& attribute) {
  return {static_cast<const std::byte*>(nla_data(&attribute)), static_cast<std::size_t>(nla_len(&attribute))};
}

}  // namespace cats::kernel
