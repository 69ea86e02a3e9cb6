#include "sim/world/bgp_wire.h"

#include <utility>

#include "base/error.h"
#include "bgp/message.h"
#include "sim/world/model.h"

namespace cats::sim {
namespace {

bgp::SessionParameters wire_session(std::uint32_t local_as, std::uint32_t peer_as,
                                    const bgp::EdgeMetadataCodes& codes) {
  bgp::SessionParameters session;
  session.local_as = local_as;
  session.peer_as = peer_as;
  session.families = {bgp::ipv6_unicast, bgp::ipv4_unicast};
  session.codes = codes;
  return session;
}

}  // namespace

bgp::Bytes BgpWire::update(const collectors::MetricReport& report) const {
  bgp::Update update;
  update.attributes.origin = bgp::Origin::igp;
  update.attributes.as_path = bgp::AsPath::sequence({config_.local_as});
  if (report != collectors::MetricReport{}) {
    auto metadata = collectors::to_edge_metadata(report, kWallClock);
    if (!metadata) throw MeasurementError(fmt::format("BGP UPDATE of {}: {}", config_.csci, metadata.error().message));
    update.attributes.edge_metadata = bgp::CarriedEdgeMetadata{std::move(*metadata), 0};
  }
  const bgp::Nlri nlri{IpPrefix::host(config_.cs_id), 0};
  if (config_.cs_id.is_v4()) {
    update.attributes.next_hop = config_.csci;
    update.nlri = {nlri};
  } else {
    update.mp_reach = bgp::MpReach{.family = bgp::ipv6_unicast, .next_hop = config_.csci, .nlri = {nlri}};
  }
  return encoded(update);
}

bgp::Bytes BgpWire::withdrawal() const {
  bgp::Update update;
  const bgp::Nlri nlri{IpPrefix::host(config_.cs_id), 0};
  if (config_.cs_id.is_v4())
    update.withdrawn = {nlri};
  else
    update.mp_unreach = bgp::MpUnreach{.family = bgp::ipv6_unicast, .withdrawn = {nlri}};
  return encoded(update);
}

bgp::Bytes BgpWire::encoded(const bgp::Update& update) const {
  bgp::Bytes octets;
  const auto done = bgp::encode_update(update, wire_session(config_.local_as, config_.peer_as, config_.codes), octets);
  if (!done) throw MeasurementError(fmt::format("BGP UPDATE of {}: {}", config_.csci, done.error().message));
  return octets;
}

collectors::MetricReport BgpWire::read(bgp::ByteView update) const {
  if (update.size() < bgp::header_size)
    throw MeasurementError(fmt::format("BGP UPDATE of {}: {} octets", config_.csci, update.size()));
  const auto decoded = bgp::decode_update(update.subspan(bgp::header_size),
                                          wire_session(config_.peer_as, config_.local_as, config_.codes));
  if (decoded.action != bgp::ErrorAction::none)
    throw MeasurementError(fmt::format("BGP UPDATE of {}: {}", config_.csci, decoded.problems.front().what));
  const auto routes = bgp::route_changes(decoded);
  if (routes.announced.size() != 1 || routes.announced[0].next_hop != config_.csci)
    throw MeasurementError(fmt::format("BGP UPDATE of {}: announces another route", config_.csci));
  const auto& carried = decoded.update.attributes.edge_metadata;
  return carried ? collectors::from_edge_metadata(carried->metadata, kWallClock) : collectors::MetricReport{};
}

}  // namespace cats::sim
