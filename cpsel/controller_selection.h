// The C-PS of a controller: reports in, decisions out, for whoever orders the ingresses. The same object runs in the
// controller's process and in the simulator's. It reads nothing but the scheduler's clock and writes nothing but the
// event log.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/event_log.h"
#include "base/scheduler.h"
#include "cpsel/chosen_algorithm.h"
#include "cpsel/flow_count_reader.h"
#include "cpsel/order_book.h"
#include "cpsel/selector.h"

namespace cats::cpsel {

class ControllerSelection {
 public:
  struct Instance {
    IpAddress csci;
    std::string node;  // the edge server
    double capacity = 1;
  };
  struct Service {
    IpAddress cs_id;
    std::optional<Duration> age_limit;
    std::string steer_by;
    ChosenAlgorithm algorithm;
    std::vector<Instance> instances;
  };
  struct Config {
    std::uint64_t seed = 0;
    // What it decides is refined by the ingresses: it logs `candidate` events then, theirs are the decisions.
    bool candidates = false;
    std::vector<Service> services;
  };
  struct Wiring {
    AlgorithmMaker make;
    // A decision that was logged, with decision_text(): to be ordered.
    std::function<void(const Decision&, const std::string& text)> decided;
    // Asks for the counts of new flows over all ingresses; the callback is called once.
    std::function<void(std::size_t service, FlowCountReader::Counted)> read_flows;
  };
  // Of a service, in the order of the configuration.
  struct State {
    ChosenAlgorithm algorithm;
    std::optional<std::string> failure = {};  // of the algorithm: what was chosen stays chosen
    std::optional<Decision> last = {};
  };

  // Throws UsageError when an algorithm is refused. `scheduler` and `log` outlive it.
  ControllerSelection(Scheduler& scheduler, EventLog& log, Config config, Wiring wiring);
  ~ControllerSelection();  // nothing is called any more
  ControllerSelection(const ControllerSelection&) = delete;
  ControllerSelection& operator=(const ControllerSelection&) = delete;

  void start();  // begins to count flows, where an algorithm wants to know them
  void stop();   // nothing is decided any more by the passing of time

  // Reports are told to it (Selector::learn); decide() then decides about what they concern.
  Selector& selector() { return selector_; }
  void decide(const std::vector<std::size_t>& services, Instant now);
  // From now on. Returns the id of the decision that it makes. Throws UsageError when the algorithm is refused.
  std::uint64_t choose(std::size_t service, ChosenAlgorithm algorithm);

  std::optional<std::size_t> find(const IpAddress& cs_id) const;
  const std::vector<State>& services() const { return states_; }

  // As the interfaces tell it: per service the algorithm and what became of it; what is known of every instance; the
  // latest decision of each service, and which ingresses have it in force.
  nlohmann::ordered_json algorithms() const;
  nlohmann::ordered_json metrics() const;
  nlohmann::ordered_json selections(const OrderBook& orders) const;

 private:
  MadeAlgorithm make(std::size_t service, const ChosenAlgorithm& chosen);
  void apply(const Decision& decision);
  void refresh(std::size_t service, const FlowCounts& counts);
  void arm_age_timer();

  Scheduler& scheduler_;
  EventLog& log_;
  Config config_;
  Wiring wiring_;
  Selector selector_;
  std::vector<State> states_;
  std::vector<AlgorithmInfo> infos_;  // of the algorithms
  std::unique_ptr<Timer> age_timer_;
  bool stopped_ = false;
  FlowCountReader flow_counts_;
};

}  // namespace cats::cpsel
