// The parts of the ingress agent put together. One thread, but for the flow table and the session table, which have
// their own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/thread_pool.hpp>

#include "base/clock.h"
#include "base/event_log.h"
#include "bgp/speaker.h"
#include "collectors/metric_mapping.h"
#include "cpsel/ingress_selection.h"
#include "emulator/control/server.h"
#include "emulator/roles/ingress.h"
#include "emulator/roles/ingress_flow_writer.h"
#include "emulator/roles/ingress_paths.h"
#include "emulator/roles/ingress_sessions.h"
#include "emulator/roles/ingress_tunnels.h"
#include "http/asio_scheduler.h"
#include "http/server.h"
#include "http/tokens.h"

namespace cats::roles {

class IngressAgent {
 public:
  explicit IngressAgent(const IngressConfig& config);

  void run();  // until stop() or SIGTERM

 private:
  // ingress_agent.cc: routes in, marks out.
  cpsel::IngressSelection::Wiring wiring();
  bgp::SpeakerConfig speaker_config() const;
  void on_state(bgp::SessionState state, const std::string& why);
  void on_update(Instant received, const bgp::DecodedUpdate& update);
  void announced(Instant received, const PathChange& change, const bgp::PathAttributes& attributes);
  void withdrawn(Instant received, const PathChange& change);
  void stop();

  // ingress_commands.cc: docs/control.md.
  void add_commands();
  nlohmann::ordered_json status() const;
  void algorithm_command(const nlohmann::json& request, const control::Reply& reply);
  void multipath_command(const nlohmann::json& request, const control::Reply& reply);
  void probe_command(const nlohmann::json& request, const control::Reply& reply);
  void forget_flows_command(const control::Reply& reply);
  void hold_flows_command(const nlohmann::json& request, const control::Reply& reply);  // ingress_hold_flows.cc

  // ingress_rest.cc: weights that a controller orders, and what it may ask.
  Expected<cpsel::OrderedWeights> read_order(std::size_t service, const nlohmann::json& body) const;
  void ask_rest(const http::Request& request, const http::Principal& principal, const http::Reply& reply);
  void put_weights(std::size_t service, const http::Request& request, const http::Reply& reply);
  void flows_rest(std::size_t service, const http::Reply& reply);
  void sessions_rest(const http::Reply& reply);
  void topology_rest(const http::Reply& reply);

  // ingress_faults.cc
  void fault_command(const nlohmann::json& request, const control::Reply& reply);
  void move_session(const control::Reply& reply);

  IngressConfig config_;
  MonotonicClock clock_;
  collectors::WallClock wall_ = collectors::WallClock::of_this_machine();
  kernel::Namespace namespace_;
  EventLog log_;
  boost::asio::io_context io_{1};
  http::AsioScheduler scheduler_{io_.get_executor()};
  boost::asio::signal_set signals_{io_};
  PathTable paths_;
  Tunnels tunnels_;
  bool bad_hash_ = false;
  bool stopping_ = false;
  std::unique_ptr<FlowWriter> flow_writer_;
  cpsel::IngressSelection selection_;
  std::unique_ptr<SessionWatch> sessions_;
  std::unique_ptr<bgp::Speaker> speaker_;
  std::unique_ptr<control::Server> control_;
  http::Tokens tokens_;
  std::unique_ptr<http::Server> rest_;
  boost::asio::thread_pool igp_{1};  // asks FRR, which may block
};

}  // namespace cats::roles
