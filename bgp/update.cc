#include "bgp/update.h"

#include <algorithm>

#include "bgp/message.h"

namespace cats::bgp {

std::string_view to_string(ErrorAction action) {
  switch (action) {
    case ErrorAction::none:
      return "none";
    case ErrorAction::attribute_discard:
      return "attribute discard";
    case ErrorAction::treat_as_withdraw:
      return "treat as withdraw";
    case ErrorAction::afi_safi_disable:
      return "AFI/SAFI disable";
    case ErrorAction::session_reset:
      return "session reset";
  }
  return "";
}

RouteChanges route_changes(const DecodedUpdate& decoded) {
  RouteChanges changes;
  if (decoded.action == ErrorAction::session_reset) {
    return changes;
  }
  const bool withdraw = std::any_of(decoded.problems.begin(), decoded.problems.end(),
                                    [](const UpdateProblem& p) { return p.action == ErrorAction::treat_as_withdraw; });
  const auto announce = [&](const std::vector<Nlri>& all, const IpAddress& next_hop) {
    for (const Nlri& nlri : all) {
      if (withdraw) {
        changes.withdrawn.push_back(nlri);
      } else {
        changes.announced.push_back({nlri, next_hop});
      }
    }
  };
  const auto usable = [&](Family family) { return decoded.disabled_family != family; };
  const Update& update = decoded.update;
  if (usable(ipv4_unicast)) {
    changes.withdrawn = update.withdrawn;
    announce(update.nlri, update.attributes.next_hop.value_or(IpAddress()));
  }
  if (update.mp_unreach && usable(update.mp_unreach->family)) {
    const auto& gone = update.mp_unreach->withdrawn;
    changes.withdrawn.insert(changes.withdrawn.end(), gone.begin(), gone.end());
  }
  if (update.mp_reach && usable(update.mp_reach->family)) {
    announce(update.mp_reach->nlri, update.mp_reach->next_hop);
  }
  return changes;
}

std::optional<Family> end_of_rib(const DecodedUpdate& decoded) {
  const Update& u = decoded.update;
  if (!decoded.problems.empty() || u.mp_reach || !u.nlri.empty() || !u.withdrawn.empty() ||
      u.attributes != PathAttributes{}) {
    return {};
  }
  if (!u.mp_unreach) {
    return ipv4_unicast;
  }
  const bool empty = u.mp_unreach->withdrawn.empty() && u.mp_unreach->raw_withdrawn.empty();
  return empty ? std::optional(u.mp_unreach->family) : std::nullopt;
}

void encode_end_of_rib(Family family, Bytes& out) {
  Writer w(out);
  const std::size_t begin = begin_message(w, MessageType::update);
  w.u16(0);
  if (family == ipv4_unicast) {
    w.u16(0);
  } else {
    w.u16(6);
    w.u8(attribute_flag::optional);
    w.u8(static_cast<std::uint8_t>(AttributeType::mp_unreach));
    w.u8(3);
    w.u16(family.afi);
    w.u8(family.safi);
  }
  end_message(w, begin);
}

}  // namespace cats::bgp
