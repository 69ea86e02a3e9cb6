// The REST interface of the controller (docs/openapi/controller.yaml):
//
//   GET /v1/health                         manager, routers, age of the topology, events
//   GET /v1/inventory                      what the topology file has
//   GET /v1/topology                       what the routers' IGP has now, and what is missing
//   GET /v1/metrics                        what is known of every instance, with its age
//   GET /v1/policies                       algorithm and parameters by service
//   PUT /v1/policies/CS-ID                 {"algorithm", "parameters"}, by an operator
//   GET /v1/selections                     the latest decision of every service, and which routers have it in force
//   GET /v1/selections/events              decisions as server-sent events
//   GET /v1/selections/CS-ID/history       the latest 100 decisions about a service
//   GET /v1/routers                        who is told, and whether it answers
//   GET /v1/routes, /v1/sessions           as the routers report them when asked
#pragma once

#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include "base/event_log.h"
#include "collectors/metric_mapping.h"
#include "emulator/roles/controller.h"
#include "emulator/roles/controller_state.h"
#include "http/event_stream.h"
#include "http/server.h"
#include "http/tokens.h"

namespace cats::roles {

class ControllerRest {
 public:
  // All outlive it; `state` is not asked before listen().
  ControllerRest(boost::asio::io_context& io, const ControllerConfig& config, ControllerState& state, EventLog& log);

  std::uint16_t listen();  // returns the port
  void close();
  // A decision, as decision_text() has it, to those who follow.
  void decided(const std::string& decision);

 private:
  void ask(const http::Request& request, const http::Principal& principal, const http::Reply& reply);
  http::Response read(const std::string& path) const;
  http::Response put_policy(const http::Request& request, const http::Principal& principal);
  http::Response history(const http::Request& request, const http::Principal& principal) const;
  // The lists that the routers answer `target` with, as their member `what`.
  void ask_routers(const std::string& target, const char* what, const http::Reply& reply);
  nlohmann::ordered_json health() const;
  nlohmann::ordered_json policies() const;

  const ControllerConfig& config_;
  ControllerState& state_;
  EventLog& log_;
  http::Tokens tokens_;
  std::shared_ptr<http::EventFeed> feed_;
  http::Server server_;
};

}  // namespace cats::roles
