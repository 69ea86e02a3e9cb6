// Big-endian octets in and out. Lengths come from peers: nothing here reads past what it was given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace cats::bgp {

using Bytes = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;

// Takes from the front of a view. An error sticks: after it every read gives zero or nothing, and ok() is false.
class Reader {
 public:
  explicit Reader(ByteView data) : data_(data) {}

  std::uint8_t u8() { return static_cast<std::uint8_t>(integer(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(integer(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(integer(4)); }
  std::uint64_t u64() { return integer(8); }
  ByteView bytes(std::size_t count);
  ByteView rest() { return bytes(data_.size()); }
  // A reader of the next `count` octets; failed from the start when they are not there.
  Reader sub(std::size_t count);

  std::size_t remaining() const { return data_.size(); }
  bool empty() const { return data_.empty(); }
  bool ok() const { return ok_; }
  void fail();

 private:
  std::uint64_t integer(std::size_t octets);

  ByteView data_;
  bool ok_ = true;
};

// Appends to a buffer that the caller owns.
class Writer {
 public:
  explicit Writer(Bytes& out) : out_(out) {}

  void u8(std::uint8_t v) { out_.push_back(static_cast<std::byte>(v)); }
  void u16(std::uint16_t v) { integer(v, 2); }
  void u32(std::uint32_t v) { integer(v, 4); }
  void u64(std::uint64_t v) { integer(v, 8); }
  void bytes(ByteView v) { out_.insert(out_.end(), v.begin(), v.end()); }
  void fill(std::size_t count, std::uint8_t v) { out_.insert(out_.end(), count, static_cast<std::byte>(v)); }

  std::size_t position() const { return out_.size(); }
  // Overwrites octets already written (a length known only afterwards).
  void put_u8(std::size_t at, std::uint8_t v) { out_[at] = static_cast<std::byte>(v); }
  void put_u16(std::size_t at, std::uint16_t v);

 private:
  void integer(std::uint64_t v, std::size_t octets);

  Bytes& out_;
};

inline Bytes to_bytes(ByteView v) { return Bytes(v.begin(), v.end()); }
// "ffff0017…", lower case. from_hex skips blanks and refuses anything else that is no digit pair.
std::string to_hex(ByteView data);
Expected<Bytes> from_hex(std::string_view text);

}  // namespace cats::bgp
