#include "bgp/session.h"

#include <algorithm>
#include <utility>

namespace cats::bgp {
namespace {

std::uint32_t identifier(const IpAddress& router_id) { return Reader(router_id.bytes()).u32(); }

void refuse_unspeakable(const SessionConfig& config) {
  const auto refuse = [](const std::string& what) { throw UsageError("BGP session: " + what); };
  if (config.local_as == 0) {
    refuse("local AS is 0");
  }
  if (!config.router_id.is_v4() || identifier(config.router_id) == 0) {
    refuse(fmt::format("router id {} is not an IPv4 address other than 0.0.0.0", config.router_id));
  }
  const auto hold = config.hold_time.count();
  if (hold < 0 || hold == 1 || hold == 2 || hold > 65535) {
    refuse(fmt::format("hold time {} s is neither 0 nor 3…65535", hold));
  }
  if (config.families.empty()) {
    refuse("no address family");
  }
}

bool parsed(Family family) { return family == ipv4_unicast || family == ipv6_unicast; }

// Moves what is announced to what is withdrawn. False when one UPDATE has no room for that: two families in MP_REACH
// and MP_UNREACH, neither of which fits the IPv4 field.
bool withdraw_announced(Update& update) {
  const auto append = [](std::vector<Nlri>& to, std::vector<Nlri>& from) {
    to.insert(to.end(), from.begin(), from.end());
    from.clear();
  };
  append(update.withdrawn, update.nlri);
  if (!update.mp_reach) {
    return true;
  }
  MpReach& reach = *update.mp_reach;
  if (update.mp_unreach && update.mp_unreach->family == ipv4_unicast) {
    append(update.withdrawn, update.mp_unreach->withdrawn);
    update.mp_unreach.reset();
  }
  if (reach.family == ipv4_unicast) {
    append(update.withdrawn, reach.nlri);
  } else if (!update.mp_unreach) {
    update.mp_unreach = MpUnreach{reach.family, std::move(reach.nlri), std::move(reach.raw_nlri)};
  } else if (update.mp_unreach->family == reach.family && parsed(reach.family)) {
    append(update.mp_unreach->withdrawn, reach.nlri);
  } else {
    return false;
  }
  update.mp_reach.reset();
  return true;
}

std::string first_problem(const DecodedUpdate& decoded) {
  for (const UpdateProblem& problem : decoded.problems) {
    if (problem.action == decoded.action) {
      return problem.what;
    }
  }
  return "";
}

}  // namespace

std::string_view to_string(SessionState state) {
  switch (state) {
    case SessionState::idle:
      return "idle";
    case SessionState::connect:
      return "connect";
    case SessionState::active:
      return "active";
    case SessionState::open_sent:
      return "open-sent";
    case SessionState::open_confirm:
      return "open-confirm";
    case SessionState::established:
      return "established";
  }
  return "unknown";
}

std::vector<Capability> capabilities_of(const SessionConfig& config) {
  std::vector<Capability> all;
  for (const Family& family : config.families) {
    all.emplace_back(MultiprotocolCapability{family});
  }
  if (config.route_refresh) {
    all.emplace_back(RouteRefreshCapability{});
  }
  if (config.extended_messages) {
    all.emplace_back(ExtendedMessagesCapability{});
  }
  all.emplace_back(FourOctetAsCapability{config.local_as});
  if (!config.add_path.empty()) {
    all.emplace_back(AddPathCapability{config.add_path});
  }
  if (config.edge_metadata_capability) {
    all.emplace_back(EdgeMetadataCapability{true, {}});
  }
  all.insert(all.end(), config.more_capabilities.begin(), config.more_capabilities.end());
  return all;
}

Session::Session(SessionConfig config) : config_(std::move(config)), capabilities_(capabilities_of(config_)) {
  refuse_unspeakable(config_);
  Open open;
  open.as = config_.local_as;
  open.hold_time_s = static_cast<std::uint16_t>(config_.hold_time.count());
  open.router_id = identifier(config_.router_id);
  open.capabilities = capabilities_;
  auto octets = encode_open(open, config_.codes);
  if (!octets) {
    throw UsageError("BGP session: " + octets.error().message);
  }
  open_ = std::move(*octets);
}

const SessionParameters* Session::parameters() const {
  return state_ == SessionState::established ? &parameters_ : nullptr;
}

void Session::start() {
  if (!on_connection()) {
    state_ = config_.passive ? SessionState::active : SessionState::connect;
  }
}

void Session::connected(Instant now) {
  if (on_connection()) {
    return;
  }
  input_.clear();
  output_.clear();
  hold_ = Duration(0);
  state_ = SessionState::open_sent;
  emit(now, open_);
  hold_deadline_ = now + config_.open_wait;
}

void Session::received(Instant now, ByteView octets) {
  if (!on_connection()) {
    return;
  }
  if (input_.empty()) {
    octets = octets.subspan(consume(now, octets));
    input_.assign(octets.begin(), octets.end());
  } else {
    input_.insert(input_.end(), octets.begin(), octets.end());
    const auto used = static_cast<std::ptrdiff_t>(consume(now, input_));
    input_.erase(input_.begin(), input_.begin() + used);
  }
  if (!on_connection()) {
    input_.clear();
  }
}

// Octets of the whole messages at the front, each handled; stops when the session ends.
std::size_t Session::consume(Instant now, ByteView buffer) {
  std::size_t used = 0;
  while (on_connection()) {
    const NextMessage next = next_message(buffer.subspan(used), config_.extended_messages);
    if (std::holds_alternative<NeedMore>(next)) {
      break;
    }
    if (const auto* error = std::get_if<Notification>(&next)) {
      fail_with(now, *error);
      break;
    }
    const Frame& frame = std::get<Frame>(next);
    handle(now, frame);
    used += frame.whole.size();
  }
  return used;
}

void Session::disconnected(Instant /*now*/, std::string_view why) {
  if (on_connection()) {
    end(std::string(why));
  }
  state_ = SessionState::idle;
}

void Session::tick(Instant now) {
  if (hold_deadline_ && now >= *hold_deadline_) {
    fail_with(now, {ErrorCode::hold_timer_expired, 0, {}});
    return;
  }
  if (keepalive_deadline_ && now >= *keepalive_deadline_) {
    emit(now, encode_keepalive());
  }
}

std::optional<Instant> Session::next_deadline() const {
  if (hold_deadline_ && keepalive_deadline_) {
    return std::min(*hold_deadline_, *keepalive_deadline_);
  }
  return hold_deadline_ ? hold_deadline_ : keepalive_deadline_;
}

void Session::close(Instant now, std::string_view text) {
  if (on_connection()) {
    fail_with(now, shutdown_notification(text), "closed here");
  } else {
    state_ = SessionState::idle;
  }
}

Expected<void> Session::send(Instant now, const Update& update) {
  if (state_ != SessionState::established) {
    return fail("UPDATE to AS {}: session is {}, not established", config_.peer_as, to_string(state_));
  }
  Bytes octets;
  const auto encoded = encode_update(update, parameters_, octets);
  if (!encoded) {
    return tl::make_unexpected(encoded.error());
  }
  if (encoded->edge_metadata_left_out) {
    return fail(
        "attribute {} to AS {}: the peer did not announce the Edge Metadata Capability for this family and transit "
        "mode is off, so it must not be sent",
        config_.codes.attribute, parameters_.peer_as);
  }
  if (auto allowed = admit(now, octets); !allowed) {
    return allowed;
  }
  output_.insert(output_.end(), octets.begin(), octets.end());
  return {};
}

Expected<void> Session::admit(Instant now, ByteView messages) {
  if (state_ != SessionState::established) {
    return fail("messages to AS {}: session is {}, not established", config_.peer_as, to_string(state_));
  }
  auto allowed = check_outgoing(messages, parameters_);
  if (allowed) {
    sent(now);
  }
  return allowed;
}

Bytes Session::take_output() { return std::exchange(output_, {}); }

std::vector<SessionEvent> Session::take_events() { return std::exchange(events_, {}); }

void Session::handle(Instant now, const Frame& frame) {
  switch (frame.type) {
    case MessageType::open:
      return state_ == SessionState::open_sent ? handle_open(now, frame.body) : unexpected(now, frame.type);
    case MessageType::keepalive:
      return state_ == SessionState::open_sent ? unexpected(now, frame.type) : handle_keepalive(now);
    case MessageType::update:
      return state_ == SessionState::established ? handle_update(now, frame) : unexpected(now, frame.type);
    case MessageType::notification:
      return handle_notification(frame.body);
    case MessageType::route_refresh:
      return state_ == SessionState::established ? handle_refresh(now, frame.body) : unexpected(now, frame.type);
  }
}

void Session::handle_open(Instant now, ByteView body) {
  auto open = decode_open(body, config_.codes);
  if (!open) {
    return fail_with(now, open.error());
  }
  const std::uint32_t as = open->effective_as();
  if (as == 0 || (config_.peer_as != 0 && as != config_.peer_as)) {
    return fail_with(now, {ErrorCode::open_message, open_error::bad_peer_as, {}},
                     fmt::format("peer is AS {}, configured {}", as, config_.peer_as));
  }
  // RFC 6286: identifiers are unique within an AS only.
  if (as == config_.local_as && open->router_id == identifier(config_.router_id)) {
    return fail_with(now, {ErrorCode::open_message, open_error::bad_identifier, {}}, "peer has our router id");
  }
  parameters_ =
      negotiate(capabilities_, open->capabilities, as,
                {config_.local_as, config_.codes, config_.edge_metadata_transit, config_.recognised_as_scopes});
  if (parameters_.families.empty()) {
    std::vector<Capability> wanted;
    for (const Family& family : config_.families) {
      wanted.emplace_back(MultiprotocolCapability{family});
    }
    return fail_with(now,
                     {ErrorCode::open_message, open_error::unsupported_capability,
                      encode_capabilities(wanted, config_.codes).value_or(Bytes{})},
                     "no address family in common");
  }
  hold_ = std::min(config_.hold_time, std::chrono::seconds(open->hold_time_s));
  peer_open_ = std::move(*open);
  state_ = SessionState::open_confirm;
  emit(now, encode_keepalive());
  hold_deadline_ = now + (hold_.count() > 0 ? hold_ : config_.open_wait);
}

void Session::handle_keepalive(Instant now) {
  restart_hold(now);
  if (state_ == SessionState::open_confirm) {
    state_ = SessionState::established;
    events_.emplace_back(Established{parameters_, peer_open_, std::chrono::duration_cast<std::chrono::seconds>(hold_)});
  }
}

// RFC 7606 leaves the choice between disabling a family and a reset; a reset leaves no half-alive session behind.
void Session::handle_update(Instant now, const Frame& frame) {
  restart_hold(now);
  DecodedUpdate decoded = decode_update(frame.body, parameters_);
  const bool kept = decoded.action < ErrorAction::treat_as_withdraw ||
                    (decoded.action == ErrorAction::treat_as_withdraw && withdraw_announced(decoded.update));
  if (!kept) {
    return fail_with(now,
                     decoded.notification.value_or(
                         Notification{ErrorCode::update_message, update_error::malformed_attribute_list, {}}),
                     first_problem(decoded));
  }
  events_.emplace_back(UpdateReceived{std::move(decoded), to_bytes(frame.whole)});
}

void Session::handle_notification(ByteView body) {
  const auto decoded = decode_notification(body);
  if (!decoded) {
    return end("NOTIFICATION received that does not parse");
  }
  const std::string text = shutdown_text(*decoded);
  events_.emplace_back(NotificationReceived{*decoded});
  end(fmt::format("NOTIFICATION received: {}{}{}", decoded->str(), text.empty() ? "" : ": ", text));
}

// RFC 7313 section 5: unknown subtypes are ignored; RFC 2918: so are families that were not agreed.
void Session::handle_refresh(Instant now, ByteView body) {
  auto refresh = decode_route_refresh(body);
  if (!refresh) {
    return fail_with(now, refresh.error());
  }
  if (refresh->subtype <= RouteRefresh::end && parameters_.has_family(refresh->family)) {
    events_.emplace_back(RefreshReceived{std::move(*refresh)});
  }
}

// RFC 6608: the data is the type of the message.
void Session::unexpected(Instant now, MessageType type) {
  const std::uint8_t subcode = state_ == SessionState::open_sent      ? fsm_error::in_open_sent
                               : state_ == SessionState::open_confirm ? fsm_error::in_open_confirm
                                                                      : fsm_error::in_established;
  fail_with(now, {ErrorCode::finite_state_machine, subcode, {static_cast<std::byte>(type)}});
}

void Session::fail_with(Instant now, const Notification& notification, std::string_view why) {
  emit(now, encode_notification(notification));
  events_.emplace_back(NotificationSent{notification});
  end(fmt::format("NOTIFICATION sent: {}{}{}", notification.str(), why.empty() ? "" : ": ", why));
}

void Session::end(std::string reason) {
  state_ = SessionState::idle;
  hold_deadline_.reset();
  keepalive_deadline_.reset();
  events_.emplace_back(Closed{std::move(reason)});
}

void Session::emit(Instant now, ByteView message) {
  output_.insert(output_.end(), message.begin(), message.end());
  sent(now);
}

void Session::sent(Instant now) {
  if (hold_.count() > 0) {
    keepalive_deadline_ = now + hold_ / 3;
  }
}

void Session::restart_hold(Instant now) {
  hold_deadline_ = hold_.count() > 0 ? std::optional(now + hold_) : std::nullopt;
}

}  // namespace cats::bgp
