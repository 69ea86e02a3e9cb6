// The orders to one router in real time (cpsel/order_sender.h). How a router takes an order is its carrier's
// (southbound_agent.cc, southbound_frr.cc).
#pragma once

#include <memory>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "cpsel/order_sender.h"
#include "emulator/roles/southbound.h"

namespace cats::roles {

using cpsel::OrderKept;
using cpsel::OrderOutcome;

// One call at a time; close() may come in the middle of one.
class OrderCarrier {
 public:
  virtual ~OrderCarrier() = default;
  // Done: the router has the order in its forwarding.
  virtual boost::asio::awaitable<OrderOutcome> carry_out(SteeringOrder order) = 0;
  // Whether the router still has an order that is in force; an error says why not.
  virtual boost::asio::awaitable<Expected<OrderKept>> look(SteeringOrder order) = 0;
  // What is under way ends soon. No calls afterwards.
  virtual void close() = 0;
};

std::unique_ptr<Southbound> order_queue(const boost::asio::any_io_executor& executor,
                                        std::unique_ptr<OrderCarrier> carrier, Southbound::Callbacks callbacks);

}  // namespace cats::roles
