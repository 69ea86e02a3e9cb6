#include <algorithm>

#include "bgp/attribute_encoder.h"
#include "bgp/message.h"
#include "bgp/nlri.h"
#include "bgp/update.h"

namespace cats::bgp {
namespace {

constexpr std::size_t header_length_spare = 1;  // MP attributes above 255 octets have one more in their header

class MessageEncoder {
 public:
  MessageEncoder(const Update& update, const SessionParameters& session, Bytes& out)
      : update_(update), session_(session), out_(out), start_(out.size()), attributes_(update, session, out) {}

  Expected<EncodedUpdate> encode() {
    const bool done = message(whole()) || (!attributes_.error() && split());
    if (!done) {
      out_.resize(start_);
      return fail("UPDATE: {}", attributes_.error().value_or(fmt::format(
                                    "attributes and one prefix exceed the {} octets of a message on this session",
                                    session_.max_message_size())));
    }
    return EncodedUpdate{messages_, attributes_.edge_metadata_left_out()};
  }

 private:
  using Prefixes = std::span<const Nlri>;

  UpdateParts whole() const {
    UpdateParts parts{.withdrawn = update_.withdrawn, .nlri = update_.nlri, .reach = {}, .unreach = {}};
    if (update_.mp_reach) {
      parts.reach = update_.mp_reach->nlri;
    }
    if (update_.mp_unreach) {
      parts.unreach = update_.mp_unreach->withdrawn;
    }
    return parts;
  }

  // False, with `out` as before: too long for a message, or no encoding at all.
  bool message(const UpdateParts& parts) {
    const std::size_t before = out_.size();
    Writer w(out_);
    const std::size_t begin = begin_message(w, MessageType::update);
    const std::size_t withdrawn_at = length_field(w);
    attributes_.prefixes(parts.withdrawn, ipv4_unicast);
    const std::size_t withdrawn_size = w.position() - withdrawn_at - 2;
    const std::size_t attributes_at = length_field(w);
    attributes_.encode(parts);
    const std::size_t attributes_size = w.position() - attributes_at - 2;
    attributes_.prefixes(parts.nlri, ipv4_unicast);
    if (attributes_.error() || w.position() - begin > session_.max_message_size()) {
      out_.resize(before);
      return false;
    }
    w.put_u16(withdrawn_at, static_cast<std::uint16_t>(withdrawn_size));
    w.put_u16(attributes_at, static_cast<std::uint16_t>(attributes_size));
    end_message(w, begin);
    ++messages_;
    return true;
  }

  static std::size_t length_field(Writer& w) {
    w.u16(0);
    return w.position() - 2;
  }

  // Withdrawals first and without attributes, so that a prefix that is in both ends up announced.
  bool split() {
    messages_ = 0;
    const auto& reach = update_.mp_reach;
    const auto& unreach = update_.mp_unreach;
    if ((reach && !reach->raw_nlri.empty()) || (unreach && !unreach->raw_withdrawn.empty())) {
      return false;  // prefixes of families that are not understood cannot be told apart
    }
    return chunks(update_.withdrawn, ipv4_unicast,
                  [](Prefixes p) { return UpdateParts{.withdrawn = p, .attributes = false}; }) &&
           (!unreach || chunks(unreach->withdrawn, unreach->family,
                               [](Prefixes p) { return UpdateParts{.unreach = p, .attributes = false}; })) &&
           (!reach || chunks(reach->nlri, reach->family, [](Prefixes p) { return UpdateParts{.reach = p}; })) &&
           chunks(update_.nlri, ipv4_unicast, [](Prefixes p) { return UpdateParts{.nlri = p}; }) && messages_ > 0;
  }

  template <class PartsOf>
  bool chunks(Prefixes all, Family family, PartsOf parts_of) {
    if (all.empty()) {
      return true;
    }
    const bool path_ids = session_.sends_path_ids(family);
    const std::size_t fixed = size_without_prefixes(parts_of(Prefixes())) + header_length_spare;
    while (!all.empty()) {
      std::size_t size = fixed;
      std::size_t count = 0;
      while (count < all.size() && size + nlri_size(all[count], path_ids) <= session_.max_message_size()) {
        size += nlri_size(all[count++], path_ids);
      }
      if (count == 0 || !message(parts_of(all.first(count)))) {
        return false;
      }
      all = all.subspan(count);
    }
    return true;
  }

  std::size_t size_without_prefixes(const UpdateParts& parts) {
    const std::size_t before = out_.size();
    attributes_.encode(parts);
    const std::size_t size = out_.size() - before;
    out_.resize(before);
    return header_size + 4 + size;
  }

  const Update& update_;
  const SessionParameters& session_;
  Bytes& out_;
  std::size_t start_;
  AttributeEncoder attributes_;
  std::size_t messages_ = 0;
};

}  // namespace

Expected<EncodedUpdate> encode_update(const Update& update, const SessionParameters& session, Bytes& out) {
  return MessageEncoder(update, session, out).encode();
}

}  // namespace cats::bgp
