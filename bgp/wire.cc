#include "bgp/wire.h"

#include <array>

namespace cats::bgp {

ByteView Reader::bytes(std::size_t count) {
  if (count > data_.size()) {
    fail();
    return {};
  }
  const ByteView taken = data_.first(count);
  data_ = data_.subspan(count);
  return taken;
}

Reader Reader::sub(std::size_t count) {
  Reader inner(bytes(count));
  if (!ok_) {
    inner.fail();
  }
  return inner;
}

void Reader::fail() {
  ok_ = false;
  data_ = {};
}

std::uint64_t Reader::integer(std::size_t octets) {
  std::uint64_t v = 0;
  for (const std::byte b : bytes(octets)) {
    v = (v << 8) | std::to_integer<std::uint64_t>(b);
  }
  return v;
}

void Writer::integer(std::uint64_t v, std::size_t octets) {
  std::array<std::byte, 8> buffer;
  for (std::size_t i = octets; i-- > 0; v >>= 8) {
    buffer[i] = static_cast<std::byte>(v & 0xff);
  }
  bytes(ByteView(buffer).first(octets));
}

void Writer::put_u16(std::size_t at, std::uint16_t v) {
  out_[at] = static_cast<std::byte>(v >> 8);
  out_[at + 1] = static_cast<std::byte>(v & 0xff);
}

std::string to_hex(ByteView data) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(data.size() * 2);
  for (const std::byte b : data) {
    text += digits[std::to_integer<unsigned>(b) >> 4];
    text += digits[std::to_integer<unsigned>(b) & 15];
  }
  return text;
}

Expected<Bytes> from_hex(std::string_view text) {
  Bytes out;
  int high = -1;
  for (const char c : text) {
    int digit = 0;
    if (c >= '0' && c <= '9') {
      digit = c - '0';
    } else if (c >= 'a' && c <= 'f') {
      digit = c - 'a' + 10;
    } else if (c >= 'A' && c <= 'F') {
      digit = c - 'A' + 10;
    } else if ((c == ' ' || c == '\n' || c == '\t') && high < 0) {
      continue;
    } else {
      return cats::fail("hexadecimal \"{}\": '{}' is no digit", text, c);
    }
    if (high < 0) {
      high = digit;
    } else {
      out.push_back(static_cast<std::byte>(high << 4 | digit));
      high = -1;
    }
  }
  if (high >= 0) {
    return cats::fail("hexadecimal \"{}\": half an octet at the end", text);
  }
  return out;
}

}  // namespace cats::bgp
