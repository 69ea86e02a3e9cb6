// The parts of the ingress agent put together. One thread, but for the flow table and the session table, which have
// their own.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

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
#include "http/server.h"
#include "http/tokens.h"

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
  // What this agent's own selector says. Returns the id of the decision that is told to the flow table; 0: none.
  std::uint64_t apply(const cpsel::Decision& decision, std::function<void()> in_force = {});
  std::uint64_t decide(std::size_t service, std::function<void()> in_force = {});
  std::vector<std::uint32_t> marks_of(const cpsel::Decision& decision) const;
  void arm_age_timer();
  void stop();

  // ingress_algorithm.cc: which algorithm decides for a service, and how often.
  struct Selection {
    std::string algorithm;
    std::filesystem::path library;  // empty: of the registry
    cpsel::Parameters parameters;   // the registry's are complete
  };
  struct Made {
    cpsel::AlgorithmInfo info;
    std::unique_ptr<cpsel::Algorithm> algorithm;
  };
  Made make(std::size_t service, const Selection& selection);
  void select(std::size_t service, Selection selection, std::function<void(std::uint64_t decision)> in_force);
  void algorithm_failed(std::size_t service, const std::string& reason);
  void arm_refresh(std::size_t service);
  void refresh_after(std::size_t service, Duration interval);
  void refresh(std::size_t service, const std::map<std::uint32_t, std::uint64_t>& flows);

  // ingress_commands.cc: docs/control.md.
  void add_commands();
  std::size_t service_argument(const nlohmann::json& request) const;
  nlohmann::ordered_json status() const;
  nlohmann::ordered_json service_status(std::size_t service) const;
  void algorithm_command(const nlohmann::json& request, const control::Reply& reply);
  void multipath_command(const nlohmann::json& request, const control::Reply& reply);
  void probe_command(const nlohmann::json& request, const control::Reply& reply);
  void forget_flows_command(const control::Reply& reply);
  void hold_flows_command(const nlohmann::json& request, const control::Reply& reply);  // ingress_hold_flows.cc

  // ingress_rest.cc: weights that a controller orders, and what it may ask.
  struct Order {
    std::uint64_t decision = 0;
    std::map<IpAddress, double> weights;             // by CSCI-ID; sum 1, or 0 when no new flow is steered
    std::map<IpAddress, collectors::Stamp> samples;  // that the controller used, as far as it says
    std::optional<Instant> acked;                    // in the flow table since
  };
  Expected<Order> read_order(std::size_t service, const nlohmann::json& body) const;
  void handle_rest(const http::Request& request, const http::Reply& reply);
  void ask_rest(const http::Request& request, const http::Principal& principal, const http::Reply& reply);
  void put_weights(std::size_t service, const http::Request& request, const http::Reply& reply);
  void sessions_rest(const http::Reply& reply);
  void topology_rest(const http::Reply& reply);
  std::uint64_t carry_out(std::size_t service, std::function<void()> in_force = {});
  cpsel::Decision refined(std::size_t service);
  void controller_heard();
  void controller_lost();

  // ingress_faults.cc
  void fault_command(const nlohmann::json& request, const control::Reply& reply);
  // What takes the place of the algorithm that a service should have.
  using Faulty =
      std::function<std::unique_ptr<cpsel::Algorithm>(std::size_t service, std::unique_ptr<cpsel::Algorithm> right)>;
  void start_fault(const std::string& kind, Faulty faulty);
  std::vector<std::map<cpsel::InstanceId, double>> chosen_weights() const;  // by service
  void go_blind(Duration period, std::size_t turn);
  void stop_fault();
  void move_session(const control::Reply& reply);

  struct Service {
    Selection selection;
    cpsel::AlgorithmInfo info;
    std::optional<std::string> failure;  // of the algorithm: what was chosen stays chosen
    cpsel::Decision local;               // this agent's own selector's last
    cpsel::Decision last;                // what the flow table was told last
    std::optional<Order> order;          // the controller's last
    std::unique_ptr<boost::asio::steady_timer> refresh;
    std::uint64_t selections = 0;  // outdates a refresh under way
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
  bool bad_hash_ = false;
  std::string fault_ = "none";  // of the C-PS
  Faulty faulty_;               // while there is one
  boost::asio::steady_timer blind_timer_{io_};
  bool controller_up_ = false;  // split: it has been heard lately
  boost::asio::steady_timer controller_timer_{io_};
  std::uint64_t last_refined_;  // split: ids of decisions, which the selector does not number
  bool stopping_ = false;
  std::unique_ptr<FlowWriter> flow_writer_;
  std::unique_ptr<SessionWatch> sessions_;
  std::unique_ptr<bgp::Speaker> speaker_;
  std::unique_ptr<control::Server> control_;
  http::Tokens tokens_;
  std::unique_ptr<http::Server> rest_;
  boost::asio::thread_pool igp_{1};  // asks FRR, which may block
};

}  // namespace cats::roles
