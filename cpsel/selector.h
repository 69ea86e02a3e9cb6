// The selector of a C-PS: keeps each service's instances, their metrics and ages; turns events into decisions. The same
// object runs in the ingress agent, the controller and the simulator. No clock: every call says what time it is, and
// times never go back.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "cpsel/flow_count.h"
#include "cpsel/instance.h"
#include "cpsel/registry.h"

namespace cats::cpsel {

// What arrived about an instance.
struct Report {
  Values values;
  std::optional<std::uint32_t> sequence;  // of the CATS Stamp
  std::optional<Instant> window_end;      // end of the sampling window
  std::uint32_t path_id = 0;
  std::string sid;  // where its SRv6 tunnel ends; "" when not known
};

struct ServiceSettings {
  std::string name;      // how decisions call it: the CS-ID
  std::string steer_by;  // a name of metrics()
  // Metrics older than this make an instance ineligible; nothing with `refresh: on-change`. The age counts from the end
  // of the sampling window, or from receipt when the report has no stamp or one from the future.
  std::optional<Duration> age_limit;
  std::map<InstanceId, double> capacities;  // 1 when absent
};

struct DecisionInput {
  InstanceId instance;
  std::optional<std::uint32_t> sequence;
  Duration age{};
  std::optional<double> load;  // nothing when the metric to steer by was not reported
  std::optional<Instant> window_end;
  bool eligible = false;
};

struct Decision {
  std::uint64_t id = 0;  // increasing over all services
  std::size_t service = 0;
  std::string service_name;
  std::string algorithm;
  Instant when;
  std::vector<DecisionInput> inputs;  // announced instances, ascending by id
  // By input: 0 for those that are not eligible. Sum 1, or 0 when no new flow is steered.
  std::vector<double> weights;
  bool kernel_multipath = false;  // weights are all 0 because the router's own multipath route decides
  std::string note = {};          // the algorithm's
};

class Selector {
 public:
  // Decisions have ids above `last_id`.
  explicit Selector(std::uint64_t seed, std::uint64_t last_id = 0) : seed_(seed), last_id_(last_id) {}

  // Returns the index of the service. `algorithm` is how decisions call it.
  std::size_t add_service(ServiceSettings settings, const AlgorithmInfo& info, std::unique_ptr<Algorithm> algorithm);

  // Nothing when the report tells nothing new: the same values and stamp again, perhaps over another path.
  std::optional<Decision> received(std::size_t service, const InstanceId& instance, Report report, Instant now);
  // For reports that come in batches: whether it tells anything new, and the decision after the last of them.
  bool learn(std::size_t service, const InstanceId& instance, Report report, Instant now);
  Decision choose(std::size_t service, Instant now) { return decide(service, now); }
  // Nothing when it was not there.
  std::optional<Decision> withdrawn(std::size_t service, const InstanceId& instance, Instant now);
  // A decision for each service in which an age limit has passed since its last decision.
  std::vector<Decision> tick(Instant now);
  // The owner of the flow table tells how many new flows it has given the instance in all, since it was made. For
  // algorithms that need flow counts; nothing is decided.
  void flows_sent(std::size_t service, const InstanceId& instance, double total, Instant now);
  // Asks the algorithm again, between reports. Nothing when the weights hardly move (kLeastMove).
  std::optional<Decision> refresh(std::size_t service, Instant now);
  static constexpr double kLeastMove = 0.005;
  // When tick() is due next.
  std::optional<Instant> next_tick() const;

  // From now on; decides at once.
  Decision set_algorithm(std::size_t service, const AlgorithmInfo& info, std::unique_ptr<Algorithm> algorithm,
                         Instant now);

  // The last report of an instance that is announced.
  const Report* report(std::size_t service, const InstanceId& instance) const;

 private:
  struct Instance {
    Report report;
    Instant received;
    double last_weight = 0;
    std::uint64_t number = 0;        // of the report, over all instances
    std::optional<Instant> earlier;  // when the report before this one was born
  };
  struct Service {
    ServiceSettings settings;
    std::string algorithm_name;
    bool ignores_metrics = false;
    bool needs_flow_counts = false;
    std::unique_ptr<Algorithm> algorithm;
    RandomStream random;
    std::map<InstanceId, Instance> instances = {};  // the announced ones
    std::uint64_t reports = 0;
    std::map<InstanceId, FlowCount> flows = {};  // also of instances that are gone: counters never fall
    std::optional<Instant> last_call = {};       // of the algorithm
    std::optional<Instant> last_decision = {};
    std::optional<Decision> last = {};
  };

  Candidate candidate(const Service& service, const InstanceId& id, const Instance& instance, Instant now) const;
  Decision decide(std::size_t index, Instant now) { return commit(ask(index, now)); }
  Decision ask(std::size_t index, Instant now);  // what the algorithm says, without an id
  Decision commit(Decision decision);
  static Instant born(const Instance& instance);
  static std::optional<Instant> next_expiry(const Service& service);

  std::uint64_t seed_;
  std::uint64_t last_id_;
  std::vector<Service> services_;
};

}  // namespace cats::cpsel
