// The path attributes of one received UPDATE, with RFC 7606 deciding what each fault costs.
#pragma once

#include <bitset>
#include <optional>
#include <string>

#include "bgp/update.h"

namespace cats::bgp {

class AttributeDecoder {
 public:
  AttributeDecoder(const SessionParameters& session, DecodedUpdate& out) : session_(session), out_(out) {}

  // All of the Path Attributes field, then what can be judged only at its end.
  void decode(ByteView field);

 private:
  struct Attribute {
    std::uint8_t flags;
    std::uint8_t type;
    ByteView value;
    ByteView whole;
  };

  bool next(Reader& r, ByteView& field, Attribute& a);
  void one(const Attribute& a);
  bool flags_conflict(const Attribute& a) const;
  void dispatch(const Attribute& a);
  void unknown(const Attribute& a);
  void missing();
  void finish_as4();

  void origin(const Attribute& a);
  std::optional<AsPath> path_of(const Attribute& a, bool four_octets);
  void as_path(const Attribute& a);
  void aggregator(const Attribute& a);
  void as4_aggregator(const Attribute& a);
  void next_hop(const Attribute& a);
  void number(const Attribute& a, std::optional<std::uint32_t>& into);
  void numbers(const Attribute& a, std::vector<std::uint32_t>& into);
  void large_communities(const Attribute& a);
  void prefix_sid(const Attribute& a);
  void edge_metadata(const Attribute& a);
  void mp_reach(const Attribute& a);
  bool read_next_hop(ByteView octets, MpReach& reach) const;
  void mp_unreach(const Attribute& a);
  bool from_outside(const Attribute& a);

  void problem(std::uint8_t attribute, std::string what, ErrorAction action);
  void discard(const Attribute& a, std::string what);
  void withdraw(const Attribute& a, std::string what);
  void disable(const Attribute& a, Family family, std::string what);
  void reset(const Attribute& a, std::uint8_t subcode, std::string what);
  PathAttributes& attributes() { return out_.update.attributes; }

  const SessionParameters& session_;
  DecodedUpdate& out_;
  std::bitset<256> seen_;
  std::optional<AsPath> as4_path_;
  std::optional<Aggregator> as4_aggregator_;
  bool only_mp_unreach_ = true;  // no other attribute, and the list is whole
  bool reachable_ = false;       // an MP_REACH with NLRI came, usable or not
};

}  // namespace cats::bgp
