// What the controller's REST interface reads of it, and what it may have it do. All on the controller's thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/ip.h"
#include "cpsel/selector.h"
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

// In the order of the configuration.
struct ServiceState {
  std::string algorithm;
  cpsel::Parameters parameters = {};
  std::optional<cpsel::Decision> last = {};
  SelectionHistory history = {};
};
struct RouterState {
  std::string node;
  std::map<IpAddress, std::uint64_t> in_force = {};  // decisions by service
  std::string failure = {};                          // why the latest order is not in force
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
  virtual const std::vector<ServiceState>& services() const = 0;
  virtual const std::vector<RouterState>& routers() const = 0;
  virtual const KnownTopology& topology() const = 0;
  // The last report of an instance; nullptr before the first one.
  virtual const cpsel::Report* report(std::size_t service, const IpAddress& csci) const = 0;
  // Whether a router's agent answers; nothing before it was asked.
  virtual std::optional<bool> answers(const std::string& router) const = 0;

  virtual void ask_routers(const std::string& target, std::function<void(std::vector<RouterAgents::Answer>)> done) = 0;
  // Returns the id of the decision that the algorithm makes. Throws UsageError when it is refused.
  virtual std::uint64_t choose(std::size_t service, const std::string& algorithm,
                               const cpsel::Parameters& parameters) = 0;
};

}  // namespace cats::roles
