// Writes the Path Attributes field of one UPDATE.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "bgp/update.h"

namespace cats::bgp {

// What one message carries of an Update.
struct UpdateParts {
  std::span<const Nlri> withdrawn{};
  std::span<const Nlri> nlri{};
  std::optional<std::span<const Nlri>> reach{};    // with it, an MP_REACH
  std::optional<std::span<const Nlri>> unreach{};  // with it, an MP_UNREACH
  bool attributes = true;
};

class AttributeEncoder {
 public:
  AttributeEncoder(const Update& update, const SessionParameters& session, Bytes& out)
      : update_(update), session_(session), out_(out), w_(out) {}

  // MP_REACH first (RFC 7606 section 5.1), then MP_UNREACH, then by type.
  void encode(const UpdateParts& parts);

  // Why the update has no encoding, if so; then what was written is worthless.
  const std::optional<std::string>& error() const { return error_; }
  bool edge_metadata_left_out() const { return left_out_; }
  void prefixes(std::span<const Nlri> all, Family family);

 private:
  // Header, then what `value` writes; the length is known afterwards.
  template <class Value>
  void attribute(std::uint8_t flags, AttributeType type, Value value);
  template <class Value>
  void attribute_of(std::uint8_t flags, std::uint8_t type, Value value);
  void all_attributes(Family family);
  void well_known();
  void optional_ones();
  void path(const AsPath& path, bool four_octets);
  void aggregator();
  void as4();
  void edge_metadata(Family family);
  void mp_reach(std::span<const Nlri> nlri);
  void mp_unreach(std::span<const Nlri> withdrawn);
  void refuse(std::string why);

  const Update& update_;
  const SessionParameters& session_;
  Bytes& out_;
  Writer w_;
  std::optional<std::string> error_;
  bool left_out_ = false;
};

}  // namespace cats::bgp
