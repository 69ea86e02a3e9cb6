#include "emulator/roles/tap.h"

#include <exception>
#include <fcntl.h>
#include <map>
#include <sched.h>
#include <thread>

#include "base/fd.h"
#include "base/json_fields.h"
#include "bgp/bmp_receiver.h"
#include "bgp/message.h"
#include "bgp/tcp_options.h"
#include "bgp/update.h"
#include "emulator/roles/agent.h"
#include "emulator/roles/codes.h"

namespace cats::roles {
namespace {

// The socket belongs to the namespace of the thread that makes it; a thread of its own has no way back to find.
Fd listener_inside(const TapRouter& router) {
  Fd listener;
  std::exception_ptr failure;
  std::thread([&] {
    try {
      const Fd ns(check(::open(router.netns.c_str(), O_RDONLY | O_CLOEXEC), "open {}", router.netns.string()));
      check(::setns(ns.get(), CLONE_NEWNET), "enter {} of {}", router.netns.string(), router.router);
      const IpAddress loopback = IpAddress::of("::1");
      listener = bgp::tcp_listener(loopback, loopback, router.port, {});
    } catch (...) {
      failure = std::current_exception();
    }
  }).join();
  if (failure) std::rethrow_exception(failure);
  return listener;
}

class Tap {
 public:
  explicit Tap(const TapConfig& config)
      : codes_(config.codes), agent_(config, "tap"), receiver_(agent_.io(), callbacks()) {
    for (const TapRouter& router : config.routers) {
      routers_[router.router];
      receiver_.listen(router.router, listener_inside(router));
    }
    agent_.on_status([this] { return status(); });
  }

  int run() { return agent_.run(); }

 private:
  struct RouterState {
    int connections = 0;
    std::uint64_t messages = 0;  // mirrored
    std::uint64_t unread = 0;    // of them, no UPDATE that could be read
    std::uint64_t lost = 0;      // reports of lost mirrored messages
  };

  bgp::BmpCallbacks callbacks() {
    bgp::BmpCallbacks callbacks;
    callbacks.on_mirrored = [this](const std::string& router, Instant received, const bgp::BmpPeer& peer,
                                   bgp::ByteView update) { mirrored(router, received, peer, update); };
    // The two OPENs say how to read what the peer sends.
    callbacks.on_peer_up = [this](const std::string& router, Instant received, const bgp::BmpPeerUp& up) {
      if (bgp::lacks_received_open(up))
        agent_.events().write_at(received, "tap_open_missing", {{"router", router}, {"peer", up.peer.address.str()}});
      if (auto session = bgp::mirrored_session(up, codes_))
        sessions_.insert_or_assign({router, up.peer.address}, *session);
    };
    callbacks.on_messages_lost = [this](const std::string& router, Instant received, const bgp::BmpPeer&) {
      ++routers_[router].lost;
      agent_.events().write_at(received, "tap_lost", {{"router", router}, {"tap", "bmp"}});
    };
    callbacks.on_connection = [this](const std::string& router, Instant when, bool up, const std::string& why) {
      routers_[router].connections += up ? 1 : -1;
      agent_.events().write_at(when, "tap_connection", {{"router", router}, {"up", up}, {"why", why}});
    };
    return callbacks;
  }

  void mirrored(const std::string& router, Instant received, const bgp::BmpPeer& peer, bgp::ByteView message) {
    RouterState& state = routers_[router];
    ++state.messages;
    if (peer.post_policy() || message.size() < bgp::header_size) return;
    const auto session = sessions_.find({router, peer.address});
    if (session == sessions_.end()) {
      ++state.unread;
      return;
    }
    const auto decoded = bgp::decode_update(message.subspan(bgp::header_size), session->second);
    if (decoded.action != bgp::ErrorAction::none) ++state.unread;
    const auto& carried = decoded.update.attributes.edge_metadata;
    if (!carried) return;
    const auto* stamp = bgp::find<bgp::CatsStamp>(carried->metadata);
    if (stamp == nullptr) return;
    for (const auto& route : bgp::route_changes(decoded).announced)
      agent_.events().write_at(received, "hop_seen",
                               {{"router", router},
                                {"tap", "bmp"},
                                {"source", route.next_hop.str()},
                                {"seq", stamp->sequence},
                                {"peer", peer.address.str()},
                                {"prefix", route.nlri.prefix.str()}});
  }

  nlohmann::ordered_json status() const {
    nlohmann::ordered_json routers = nlohmann::ordered_json::object();
    for (const auto& [name, state] : routers_)
      routers[name] = {{"connected", state.connections > 0},
                       {"messages", state.messages},
                       {"unread", state.unread},
                       {"lost", state.lost}};
    return {{"routers", std::move(routers)}};
  }

  bgp::EdgeMetadataCodes codes_;
  Agent agent_;
  std::map<std::string, RouterState> routers_;
  std::map<std::pair<std::string, IpAddress>, bgp::SessionParameters> sessions_;  // by router and its peer
  bgp::BmpReceiver receiver_;
};

}  // namespace

Expected<TapConfig> parse_tap(const nlohmann::json& json) {
  JsonFields fields(json, "tap");
  TapConfig config;
  read_agent(fields, config);
  for (JsonFields& one : fields.objects("routers"))
    config.routers.push_back(
        {one.get<std::string>("router"), one.get<std::string>("netns"), one.get<std::uint16_t>("port")});
  if (fields.has("codes")) config.codes = read_codes(fields);
  if (const auto wrong = fields.finish()) return fail("{}", *wrong);
  return config;
}

int run_tap(const TapConfig& config) { return Tap(config).run(); }

}  // namespace cats::roles
