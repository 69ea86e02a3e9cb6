// The SDN controller: follows the edge server manager (I4), runs the C-PS and tells the routers (I1). It has a REST
// interface of its own:
//
//   GET /v1/health
//   GET /v1/metrics                        what is known of every instance, with its age
//   GET /v1/policies                       algorithm and parameters by service
//   PUT /v1/policies/CS-ID                 {"algorithm", "parameters"}, by an operator
//   GET /v1/selections                     the latest decision of every service, and which routers have it in force
//   GET /v1/selections/events              decisions as server-sent events
//   GET /v1/routers                        who is told, and whether it answers
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "base/ip.h"
#include "cpsel/registry.h"
#include "emulator/roles/rest_config.h"

namespace cats::roles {

// As JSON:
//   {"node": "sdn", "events": FILE, "control": SOCKET, "seed": 1, "candidates"?: false, "rest": {…}, "manager": {…},
//    "routers": [{"node": "r1", "rest": {…}}],
//    "services": [{"cs_id", "age_limit_ns": null, "steer_by", "algorithm", "parameters": {},
//                  "instances": [{"csci", "node", "capacity"}]}]}
struct ControllerConfig {
  std::string node;
  std::filesystem::path events;
  std::filesystem::path control;
  std::uint64_t seed = 0;
  // What it decides is refined by the routers: it logs `candidate` events then, theirs are the decisions.
  bool candidates = false;
  RestServerConfig rest;
  RestPeerConfig manager;

  struct Router {
    std::string node;
    RestPeerConfig rest;
  };
  std::vector<Router> routers;

  struct Instance {
    IpAddress csci;
    std::string node;
    double capacity = 1;
  };
  struct Service {
    IpAddress cs_id;
    std::optional<Duration> age_limit;
    std::string steer_by;
    std::string algorithm;
    cpsel::Parameters parameters;
    std::vector<Instance> instances;
  };
  std::vector<Service> services;
};

// Error: everything wrong in one line.
Expected<ControllerConfig> parse_controller(const nlohmann::json& json);

// Runs until `stop` or SIGTERM/SIGINT; returns the exit status. Throws UsageError or SystemError when it cannot start.
int run_controller(const ControllerConfig& config);

}  // namespace cats::roles
