// What the controller's REST interface reads of it, and what it may have it do. All on the controller's thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "cpsel/controller_selection.h"
#include "emulator/roles/controller_routers.h"
#include "emulator/roles/controller_topology.h"

namespace cats::roles {

// The latest decisions about one service.
class SelectionHistory {
 public:
  static constexpr std::size_t kKept = 100;

  // `decision`: decision_text(), an object.
  void add(std::int64_t decided_unix_ns, std::string decision);
  // The latest first; each with `decided_unix_ns`.
  nlohmann::ordered_json json() const;

 private:
  struct Entry {
    std::int64_t decided_unix_ns = 0;
    std::string decision;
  };
  std::deque<Entry> entries_;
};

struct ManagerState {
  bool up = false;
  std::uint64_t events = 0;
  std::uint64_t bad = 0;         // parts of events that told nothing
  std::optional<Instant> heard;  // the latest event
};

class ControllerState {
 public:
  virtual ~ControllerState() = default;

  virtual const ManagerState& manager() const = 0;
  virtual const cpsel::ControllerSelection& selection() const = 0;
  virtual const SelectionHistory& history(std::size_t service) const = 0;
  virtual const cpsel::OrderBook& orders() const = 0;
  virtual const KnownTopology& topology() const = 0;
  // Whether a router's agent answers; nothing before it was asked.
  virtual std::optional<bool> answers(const std::string& router) const = 0;

  virtual void ask_routers(const std::string& target, std::function<void(std::vector<RouterAgents::Answer>)> done) = 0;
  // Returns the id of the decision that the algorithm makes. Throws UsageError when it is refused.
  virtual std::uint64_t choose(std::size_t service, cpsel::ChosenAlgorithm algorithm) = 0;
};

}  // namespace cats::roles
