// The parts of the ingress agent put together. One thread, but for the flow table and the session table, which have
// their own.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/clock.h"
#include "base/event_log.h"
#include "bgp/speaker.h"
#include "collectors/metric_mapping.h"
#include "cpsel/selector.h"
#include "emulator/control/server.h"
#include "emulator/roles/ingress.h"
#include "emulator/roles/ingress_flow_writer.h"
#include "emulator/roles/ingress_paths.h"
#include "emulator/roles/ingress_sessions.h"
#include "emulator/roles/ingress_tunnels.h"

namespace cats::roles {

class IngressAgent {
 public:
  explicit IngressAgent(const IngressConfig& config);

  void run();  // until stop() or SIGTERM

 private:
  // ingress_agent.cc: routes in, decisions out.
  bgp::SpeakerConfig speaker_config() const;
  void on_state(bgp::SessionState state, const std::string& why);
  void on_update(Instant received, const bgp::DecodedUpdate& update);
  void announced(Instant received, const PathChange& change, const bgp::PathAttributes& attributes);
  void withdrawn(Instant received, const PathChange& change);
  void apply(const cpsel::Decision& decision, std::function<void()> in_force = {});
  void log_decision(const cpsel::Decision& decision);
  std::vector<std::uint32_t> marks_of(const cpsel::Decision& decision) const;
  void arm_age_timer();
  void set_algorithm(std::size_t service, const std::string& name, const cpsel::Parameters& parameters,
                     std::function<void(std::uint64_t decision)> in_force);
  void stop();

  // ingress_commands.cc: docs/control.md.
  void add_commands();
  std::size_t service_argument(const nlohmann::json& request) const;
  nlohmann::ordered_json status() const;
  nlohmann::ordered_json service_status(std::size_t service) const;
  void algorithm_command(const nlohmann::json& request, const control::Reply& reply);
  void multipath_command(const nlohmann::json& request, const control::Reply& reply);
  void probe_command(const nlohmann::json& request, const control::Reply& reply);
  void forget_flows_command(const control::Reply& reply);
  void fault_command(const nlohmann::json& request, const control::Reply& reply);
  void stick(const control::Reply& reply);
  void unstick(const control::Reply& reply);
  void move_session(const control::Reply& reply);

  struct Service {
    std::string algorithm;
    cpsel::Parameters parameters;
    cpsel::Decision last;
    std::map<cpsel::InstanceId, double> stuck_weights;  // while stuck_
  };

  IngressConfig config_;
  MonotonicClock clock_;
  collectors::WallClock wall_ = collectors::WallClock::of_this_machine();
  kernel::Namespace namespace_;
  EventLog log_;
  boost::asio::io_context io_{1};
  boost::asio::signal_set signals_{io_};
  boost::asio::steady_timer age_timer_{io_};
  cpsel::Selector selector_;
  PathTable paths_;
  Tunnels tunnels_;
  std::vector<Service> services_;
  bool stuck_ = false;
  bool bad_hash_ = false;
  bool stopping_ = false;
  std::unique_ptr<FlowWriter> flow_writer_;
  std::unique_ptr<SessionWatch> sessions_;
  std::unique_ptr<bgp::Speaker> speaker_;
  std::unique_ptr<control::Server> control_;
};

}  // namespace cats::roles
