#include "bgp/attribute_decoder.h"

#include <algorithm>

#include "bgp/as4.h"
#include "bgp/attribute_flags.h"

namespace cats::bgp {

void AttributeDecoder::problem(std::uint8_t attribute, std::string what, ErrorAction action) {
  out_.problems.push_back({attribute, std::move(what), action});
  out_.action = std::max(out_.action, action);
}

void AttributeDecoder::discard(const Attribute& a, std::string what) {
  problem(a.type, std::move(what), ErrorAction::attribute_discard);
}

void AttributeDecoder::withdraw(const Attribute& a, std::string what) {
  problem(a.type, std::move(what), ErrorAction::treat_as_withdraw);
}

void AttributeDecoder::disable(const Attribute& a, Family family, std::string what) {
  if (out_.disabled_family && *out_.disabled_family != family) {  // two at once: nothing is left to trust
    return reset(a, update_error::optional_attribute, std::move(what));
  }
  out_.disabled_family = family;
  out_.notification = {ErrorCode::update_message, update_error::optional_attribute, to_bytes(a.whole)};
  problem(a.type, std::move(what), ErrorAction::afi_safi_disable);
}

void AttributeDecoder::reset(const Attribute& a, std::uint8_t subcode, std::string what) {
  out_.notification = {ErrorCode::update_message, subcode, to_bytes(a.whole)};
  problem(a.type, std::move(what), ErrorAction::session_reset);
}

// RFC 7606 section 4: what remains cannot be a whole attribute.
bool AttributeDecoder::next(Reader& r, ByteView& field, Attribute& a) {
  const std::size_t before = r.remaining();
  a.flags = r.u8();
  a.type = r.u8();
  const bool extended = (a.flags & attribute_flag::extended_length) != 0;
  a.value = r.bytes(extended ? r.u16() : r.u8());
  if (!r.ok()) {
    only_mp_unreach_ = false;
    problem(0, "the last attribute is truncated or overruns the list", ErrorAction::treat_as_withdraw);
    return false;
  }
  const std::size_t size = before - r.remaining();
  a.whole = field.first(size);
  field = field.subspan(size);
  return true;
}

void AttributeDecoder::decode(ByteView field) {
  Reader r(field);
  while (!r.empty()) {
    Attribute a{};
    if (!next(r, field, a)) {
      break;
    }
    one(a);
    if (out_.action == ErrorAction::session_reset) {
      return;
    }
  }
  finish_as4();
  missing();
  // Section 5.2: without reachable NLRI one cannot be sure to have parsed the rest.
  const bool unsure = out_.update.nlri.empty() && !reachable_ && !only_mp_unreach_;
  if (unsure && out_.action > ErrorAction::attribute_discard && out_.action < ErrorAction::session_reset) {
    out_.notification = {ErrorCode::update_message, update_error::malformed_attribute_list, {}};
    problem(0, "attribute errors and no reachable NLRI", ErrorAction::session_reset);
  }
}

void AttributeDecoder::one(const Attribute& a) {
  const bool is_mp = a.type == static_cast<std::uint8_t>(AttributeType::mp_reach) ||
                     a.type == static_cast<std::uint8_t>(AttributeType::mp_unreach);
  if (seen_.test(a.type)) {  // section 3 g
    if (is_mp) {
      reset(a, update_error::malformed_attribute_list, attribute_name(a.type) + " twice");
    } else {
      discard(a, attribute_name(a.type) + " twice: the first counts");
    }
    return;
  }
  seen_.set(a.type);
  only_mp_unreach_ = only_mp_unreach_ && a.type == static_cast<std::uint8_t>(AttributeType::mp_unreach);
  if (flags_conflict(a)) {  // section 3 c; the prefixes of MP attributes are still needed
    const std::string what =
        fmt::format("{}: flags {:#04x} conflict with the stated ones", attribute_name(a.type), a.flags);
    const bool as4 = a.type == static_cast<std::uint8_t>(AttributeType::as4_path) ||
                     a.type == static_cast<std::uint8_t>(AttributeType::as4_aggregator);
    problem(a.type, what, as4 ? ErrorAction::attribute_discard : ErrorAction::treat_as_withdraw);
    if (!is_mp) {
      return;
    }
  }
  dispatch(a);
}

bool AttributeDecoder::flags_conflict(const Attribute& a) const {
  constexpr std::uint8_t kind = attribute_flag::optional | attribute_flag::transitive;
  if (a.type == session_.codes.attribute) {
    switch (session_.receive_mode()) {
      case EdgeMetadataMode::standard:  // a non-transitive attribute is never Partial
        return (a.flags & (kind | attribute_flag::partial)) != attribute_flag::optional;
      case EdgeMetadataMode::transit:
        return (a.flags & kind) != kind;
      case EdgeMetadataMode::none:
        return false;
    }
  }
  const auto stated = stated_flags(a.type);
  return stated && (a.flags & kind) != *stated;
}

void AttributeDecoder::dispatch(const Attribute& a) {
  if (a.type == session_.codes.attribute && session_.receive_mode() != EdgeMetadataMode::none) {
    return edge_metadata(a);
  }
  switch (static_cast<AttributeType>(a.type)) {
    case AttributeType::origin:
      return origin(a);
    case AttributeType::as_path:
      return as_path(a);
    case AttributeType::next_hop:
      return next_hop(a);
    case AttributeType::med:
      return number(a, attributes().med);
    case AttributeType::local_pref:
      return from_outside(a) ? void() : number(a, attributes().local_pref);
    case AttributeType::atomic_aggregate:
      attributes().atomic_aggregate = a.value.empty();
      return a.value.empty() ? void() : discard(a, "ATOMIC_AGGREGATE: not empty");
    case AttributeType::aggregator:
      return aggregator(a);
    case AttributeType::communities:
      return numbers(a, attributes().communities);
    case AttributeType::originator_id:
      return from_outside(a) ? void() : number(a, attributes().originator_id);
    case AttributeType::cluster_list:
      return from_outside(a) ? void() : numbers(a, attributes().cluster_list);
    case AttributeType::mp_reach:
      return mp_reach(a);
    case AttributeType::mp_unreach:
      return mp_unreach(a);
    case AttributeType::as4_path:
      as4_path_ = session_.four_octet_as ? std::nullopt : path_of(a, true);
      return as4_path_ ? void() : discard(a, "AS4_PATH: malformed, or from a speaker of four-octet AS numbers");
    case AttributeType::as4_aggregator:
      return as4_aggregator(a);
    case AttributeType::large_communities:
      return large_communities(a);
    case AttributeType::prefix_sid:
      return prefix_sid(a);
    case AttributeType::extended_communities:
    case AttributeType::edge_metadata:
      break;
  }
  unknown(a);
}

void AttributeDecoder::unknown(const Attribute& a) {
  if ((a.flags & attribute_flag::optional) == 0) {  // RFC 4271 section 6.3, which RFC 7606 leaves as it is
    return reset(a, update_error::unrecognized_well_known, fmt::format("well-known attribute {} is not known", a.type));
  }
  // Kept unread, but its length is stated (RFC 7606 section 7.14).
  if (a.type == static_cast<std::uint8_t>(AttributeType::extended_communities) &&
      (a.value.empty() || a.value.size() % 8 != 0)) {
    return withdraw(a, fmt::format("EXTENDED_COMMUNITIES: {} octets", a.value.size()));
  }
  attributes().unknown.push_back({a.flags, a.type, to_bytes(a.value)});
}

// Section 3 d.
void AttributeDecoder::missing() {
  if (!out_.update.announces()) {
    return;
  }
  const auto require = [&](bool needed, AttributeType type) {
    const auto code = static_cast<std::uint8_t>(type);
    if (needed && !seen_.test(code)) {
      problem(code, attribute_name(code) + " is missing", ErrorAction::treat_as_withdraw);
    }
  };
  require(true, AttributeType::origin);
  require(true, AttributeType::as_path);
  require(!out_.update.nlri.empty(), AttributeType::next_hop);
  require(session_.internal(), AttributeType::local_pref);
}

// RFC 6793 section 4.2.3: an AGGREGATOR that is not AS_TRANS comes from someone who did not understand the AS4 ones.
void AttributeDecoder::finish_as4() {
  PathAttributes& all = attributes();
  const bool stale = all.aggregator && all.aggregator->as != as_trans;
  if (as4_aggregator_ && all.aggregator && !stale) {
    all.aggregator = as4_aggregator_;
  }
  if (as4_path_ && all.as_path && !(stale && as4_aggregator_)) {
    all.as_path = merge_as4_path(*all.as_path, std::move(*as4_path_));
  }
}

}  // namespace cats::bgp
