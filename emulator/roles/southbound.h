// How a controller tells a router what it decided (I1). One driver per way to do it; the established sessions of a
// router stay where they are with every one of them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "base/ip.h"
#include "collectors/metric_mapping.h"
#include "cpsel/selector.h"
#include "http/rest_client.h"

namespace cats::roles {

struct SteeringOrder {
  std::uint64_t decision = 0;
  IpAddress service;                    // CS-ID
  std::map<IpAddress, double> weights;  // by CSCI-ID; sum 1, or 0 when no new flow is steered
  struct Sample {
    std::uint32_t sequence = 0;
    std::int64_t window_end_unix_ns = 0;
  };
  std::map<IpAddress, Sample> samples;  // by CSCI-ID: what was decided on, for a router that decides further
};

SteeringOrder order_of(const cpsel::Decision& decision, const IpAddress& service, const collectors::WallClock& wall);
// As the ingress' agent takes it (docs/openapi/ingress.yaml).
std::string order_text(const SteeringOrder& order);

class Southbound {
 public:
  struct Callbacks {
    // The router has it in its forwarding, told once; orders that a later one overtook are not told.
    std::function<void(const SteeringOrder&, Instant at)> in_force = {};
    // Why it is not there: the router refuses it, or does not answer, in which case it is tried again.
    std::function<void(const SteeringOrder&, const std::string& why, bool tried_again)> failed = {};
  };

  virtual ~Southbound() = default;
  // The latest order of each service counts; one is under way at a time. What is in force is ordered again every
  // second, so that a router which was started anew is brought back, and one that listens knows that the controller
  // is there.
  virtual void steer(const SteeringOrder& order) = 0;
};

// The REST interface of the ingress' agent (ingress_rest.cc).
std::unique_ptr<Southbound> agent_southbound(const boost::asio::any_io_executor& executor, http::Endpoint router,
                                             Southbound::Callbacks callbacks);

}  // namespace cats::roles
