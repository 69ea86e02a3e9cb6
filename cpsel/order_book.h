// What a controller knows of its orders: which decision each ingress has in force, and who waits for one.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/event_log.h"
#include "base/ip.h"

namespace cats::cpsel {

class OrderBook {
 public:
  struct Router {
    std::string node;
    std::map<IpAddress, std::uint64_t> in_force = {};  // decisions by service
    std::string failure = {};                          // why the latest order is not in force
  };

  explicit OrderBook(EventLog& log) : log_(log) {}

  void add(const std::string& router) { routers_.push_back({.node = router}); }

  // The events `order_acknowledged` and `order_failed`; the latter once for each reason.
  void acknowledged(std::size_t router, const IpAddress& service, std::uint64_t decision, Instant at);
  void failed(std::size_t router, std::uint64_t decision, const std::string& why, bool tried_again);

  // Calls `done` once every router has this decision or a later one about the service in force; at once when they do.
  void when_everywhere(const IpAddress& service, std::uint64_t decision, std::function<void()> done);

  const std::vector<Router>& routers() const { return routers_; }
  // Names of those that have exactly this decision in force.
  std::vector<std::string> having(const IpAddress& service, std::uint64_t decision) const;
  // [{"node", "failure"}], as the interfaces tell it.
  nlohmann::ordered_json json() const;

 private:
  struct Waiting {
    IpAddress service;
    std::uint64_t decision = 0;
    std::function<void()> done;
  };

  bool everywhere(const Waiting& one) const;
  void answer_waiting();

  EventLog& log_;
  std::vector<Router> routers_;
  std::vector<Waiting> waiting_;
};

}  // namespace cats::cpsel
