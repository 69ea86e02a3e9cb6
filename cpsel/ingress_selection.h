// The C-PS of an ingress: what it decides by itself, what a controller orders, or both, and what the flow table is told
// of it. The same object runs in the ingress agent and in the simulator's ingress; whoever owns it has the routes, the
// flow table and the REST interface. Nothing is read here but the scheduler's clock, nothing written but the event log.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/event_log.h"
#include "base/scheduler.h"
#include "cpsel/chosen_algorithm.h"
#include "cpsel/flow_count_reader.h"
#include "cpsel/ordered_weights.h"
#include "cpsel/selector.h"

namespace cats::cpsel {

// Who chooses: the ingress' own C-PS; a controller that orders weights; or both: the controller orders candidate
// weights, and the ingress refines them (refine.h).
enum class IngressCps : std::uint8_t { ingress, controller, split };

class IngressSelection {
 public:
  struct Service {
    IpAddress cs_id;
    std::string steer_by;               // a name of metrics()
    std::optional<Duration> age_limit;  // absent with `refresh: on-change`
    ChosenAlgorithm algorithm;
    std::map<InstanceId, double> capacities = {};  // 1 when absent
  };
  struct Config {
    std::uint64_t seed = 0;
    IngressCps cps = IngressCps::ingress;
    Duration controller_timeout = std::chrono::seconds(3);  // split: without an order for so long it is lost
    std::size_t slots = 64;                                 // of the flow table, per service
    std::vector<Service> services;

    // Of an engine's own configuration of an ingress, which has the same and what else its instances need.
    template <class Ingress>
    static Config of(const Ingress& ingress) {
      Config config{ingress.seed, ingress.cps, ingress.controller_timeout, ingress.slots, {}};
      for (const auto& service : ingress.services) {
        Service& own = config.services.emplace_back();
        own.cs_id = service.cs_id;
        own.steer_by = service.steer_by;
        own.age_limit = service.age_limit;
        own.algorithm = service.algorithm;
        for (const auto& instance : service.instances) own.capacities[{instance.csci, 0}] = instance.capacity;
      }
      return config;
    }
  };

  struct Tunnel {
    std::uint32_t mark = 0;
    bool learnt = false;  // from a route; else configured
  };
  using Flows = std::map<std::uint32_t, std::uint64_t>;  // new flows by mark
  struct Wiring {
    AlgorithmMaker make;
    // Of an instance that was told to received().
    std::function<std::optional<Tunnel>(std::size_t service, const InstanceId& instance)> tunnel;
    // To the flow table: marks by slot, 0 where no instance is named. `in_force` (perhaps empty) is called once they,
    // or those of a later decision of the service, are committed.
    std::function<void(std::size_t service, std::uint64_t decision, std::vector<std::uint32_t> marks,
                       std::function<void()> in_force)>
        submit;
    // Asks the flow table; `counted` is called once, later or at once.
    std::function<void(std::size_t service, std::function<void(const Flows&)> counted)> read_flows;
  };

  // Throws UsageError when an algorithm is refused. `scheduler` and `log` outlive it.
  IngressSelection(Scheduler& scheduler, EventLog& log, Config config, Wiring wiring);
  ~IngressSelection();  // nothing is called any more
  IngressSelection(const IngressSelection&) = delete;
  IngressSelection& operator=(const IngressSelection&) = delete;

  void start();  // begins to count flows, where an algorithm wants to know them
  void stop();   // nothing is decided any more by the passing of time

  // A route to an instance that has a tunnel; and it is gone.
  void received(std::size_t service, const InstanceId& instance, Report report, Instant when);
  void withdrawn(std::size_t service, const InstanceId& instance, Instant when);

  // From now on. `in_force` is told the decision that it makes once that is in the flow table. Throws UsageError.
  void select(std::size_t service, ChosenAlgorithm chosen, std::function<void(std::uint64_t decision)> in_force);

  // Of a controller (not with IngressCps::ingress); `done` is called once it is in the flow table. The same order
  // again changes nothing, and is in force since it was the first time.
  using Ordered = std::function<void(std::uint64_t decision, Instant acked)>;
  void order(std::size_t service, OrderedWeights order, Instant received, Ordered done);

  // ingress_selection_faults.cc: the faults of a C-PS (docs/control.md). False: the kind is no such fault. Throws
  // UsageError for its arguments.
  bool start_fault(const std::string& kind, const nlohmann::json& request);
  void stop_fault();
  void log_fault(const nlohmann::json& request);  // the event `fault`: the command as it was given

  // The service that a command names. Throws UsageError.
  std::size_t service_argument(const nlohmann::json& request) const;
  // docs/control.md: of all services, of the controller, of the fault.
  nlohmann::ordered_json status() const;

  std::size_t services() const { return services_.size(); }
  const IpAddress& cs_id(std::size_t service) const { return services_[service].cs_id; }
  // What the flow table was told last: its inputs are the instances that are there.
  const Decision& last(std::size_t service) const { return services_[service].last; }
  FlowCounts by_instance(std::size_t service, const Flows& flows) const;

 private:
  struct ServiceState {
    IpAddress cs_id;
    ChosenAlgorithm algorithm;
    AlgorithmInfo info = {};
    std::optional<std::string> failure = {};     // of the algorithm: what was chosen stays chosen
    Decision local = {};                         // this selector's last
    Decision last = {};                          // what the flow table was told last
    std::optional<OrderedWeights> ordered = {};  // the controller's last
    std::optional<Instant> ordered_acked = {};   // in the flow table since
  };
  // What takes the place of the algorithm that a service should have.
  using Faulty = std::function<std::unique_ptr<Algorithm>(std::size_t service, std::unique_ptr<Algorithm> right)>;

  MadeAlgorithm make(std::size_t service, const ChosenAlgorithm& chosen);
  void algorithm_failed(std::size_t service, const std::string& reason);
  // What the selector says. Returns the id of the decision that is told to the flow table; 0: none.
  std::uint64_t apply(const Decision& decision, std::function<void()> in_force = {});
  std::uint64_t decide(std::size_t service, std::function<void()> in_force = {});
  std::uint64_t carry_out(std::size_t service, std::function<void()> in_force = {});
  Decision refined(std::size_t service);
  void submit(std::size_t service, std::function<void()> in_force);
  void refresh(std::size_t service, const FlowCounts& counts);
  void arm_age_timer();
  void controller_heard();
  void controller_lost();

  void put_in_place(const std::string& kind, Faulty faulty);
  std::vector<std::map<InstanceId, double>> chosen_weights() const;  // by service
  void go_blind(Duration period, std::size_t turn);
  nlohmann::ordered_json service_status(std::size_t service) const;

  Scheduler& scheduler_;
  EventLog& log_;
  IngressCps cps_;
  Duration controller_timeout_;
  std::size_t slots_;
  Wiring wiring_;
  Selector selector_;
  std::uint64_t last_refined_;  // split: ids of decisions, which the selector does not number
  std::vector<ServiceState> services_;
  bool controller_up_ = false;  // split: it has been heard lately
  std::string fault_ = "none";
  Faulty faulty_;  // while there is one
  bool stopped_ = false;
  std::unique_ptr<Timer> age_timer_;
  std::unique_ptr<Timer> controller_timer_;
  std::unique_ptr<Timer> blind_timer_;
  FlowCountReader flow_counts_;
};

}  // namespace cats::cpsel
