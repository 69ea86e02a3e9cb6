#include "bgp/attribute_decoder.h"
#include "bgp/nlri.h"
#include "bgp/update.h"

namespace cats::bgp {
namespace {

void reset(DecodedUpdate& out, std::uint8_t subcode, std::string what) {
  out.problems.push_back({0, std::move(what), ErrorAction::session_reset});
  out.action = ErrorAction::session_reset;
  out.notification = {ErrorCode::update_message, subcode, {}};
}

}  // namespace

// The two IPv4 fields first: RFC 7606 sections 3 a and 3 j need them whatever the attributes are like.
DecodedUpdate decode_update(ByteView body, const SessionParameters& session) {
  DecodedUpdate out;
  Reader r(body);
  const ByteView withdrawn = r.bytes(r.u16());
  const ByteView attributes = r.bytes(r.u16());
  if (!r.ok()) {
    reset(out, update_error::malformed_attribute_list, "lengths exceed the message");
    return out;
  }
  const bool path_ids = session.receives_path_ids(ipv4_unicast);
  if (!read_nlri(withdrawn, true, path_ids, out.update.withdrawn)) {
    reset(out, update_error::invalid_network_field, "withdrawn routes: invalid prefix");
    return out;
  }
  if (!read_nlri(r.rest(), true, path_ids, out.update.nlri)) {
    reset(out, update_error::invalid_network_field, "NLRI: invalid prefix");
    return out;
  }
  AttributeDecoder(session, out).decode(attributes);
  return out;
}

}  // namespace cats::bgp
