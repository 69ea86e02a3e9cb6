// The selector of a C-PS: keeps each service's instances, their metrics and ages; turns events into decisions. The same
// object runs in the ingress agent, the controller and the simulator. No clock: every call says what time it is, and
// times never go back.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
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

// The same where the load is all that counts (sim/fleet).
struct LoadReport {
  std::optional<double> load;  // relative to the capacity; nothing: the instance is there, what it has to do is unknown
  std::optional<Instant> window_end;
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

  // The last report of an instance that is announced. It stays where it is until the next call that is not const.
  const Report* report(std::size_t service, const InstanceId& instance) const;

  // The same choices for services of thousands of instances, without reports, decisions and look-ups by id. An instance
  // goes by its place: its number among all ids that the service was ever told, ascending. A new id moves those above
  // it by one, so places are of use once all ids are known.
  //
  // Of an id, which is known from now on. `capacity` takes the place of what the settings say.
  std::size_t place(std::size_t service, const InstanceId& instance, std::optional<double> capacity = {});
  // learn() of a report that tells something new. There are no metrics beside the load: not for
  // AlgorithmInfo::needs_values. Whether the instance was not there before.
  bool learn_load(std::size_t service, std::size_t place, const LoadReport& report, Instant now);
  // withdrawn() without a decision. Whether it was there.
  bool forget(std::size_t service, std::size_t place);
  void flows_sent_to(std::size_t service, std::size_t place, double total, Instant now);
  struct Weights {
    std::span<const double> by_place;  // until the next call for the service
    bool kernel_multipath = false;
  };
  Weights weigh(std::size_t service, Instant now);  // choose()
  // refresh(), where weights move from `least_move` on.
  std::optional<Weights> reweigh(std::size_t service, Instant now, double least_move = kLeastMove);
  std::optional<Instant> next_tick(std::size_t service) const { return next_expiry(services_.at(service)); }

 private:
  // What a choice needs to know of an instance.
  struct Known {
    double load = 0;           // 0 when it is not known
    Instant born;              // of the last report
    Instant earlier;           // when the report before it was born
    std::uint64_t number = 0;  // of the report, over all instances
    double capacity = 1;
    bool announced = false;
    bool has_load = false;
    bool has_earlier = false;
  };
  struct Answer {
    std::vector<double> weights;          // by place
    std::vector<unsigned char> eligible;  // by place: 1 or 0
    bool kernel_multipath = false;
    std::string note = {};
    std::optional<Instant> expiry = {};  // see next_expiry()
  };
  struct Service {
    ServiceSettings settings;
    std::string algorithm_name;
    bool ignores_metrics = false;
    bool needs_flow_counts = false;
    std::unique_ptr<Algorithm> algorithm;
    RandomStream random;
    // By place; those that are gone stay, because counters of flows never fall.
    std::vector<InstanceId> ids = {};  // ascending
    std::vector<Known> known = {};
    std::vector<Report> reports = {};   // empty until there is one
    std::vector<FlowCount> flows = {};  // empty until a flow is counted
    std::uint64_t report_count = 0;
    std::optional<Instant> last_call = {};      // of the algorithm
    std::optional<Instant> last_decision = {};  // whose answer is `last`
    Answer last = {};                           // zeroes for what came since
    bool others = false;                        // an instance came or went since the last decision
    bool expiry_known = false;                  // last.expiry is right
  };

  static std::size_t place_of(Service& service, const InstanceId& instance);
  static std::optional<std::size_t> find(const Service& service, const InstanceId& instance);
  static bool heard(Service& service, std::size_t place, std::optional<Instant> window_end, Instant now);
  static std::optional<Instant> next_expiry(const Service& service);

  static void fill_flows(const Service& service, std::size_t place, Candidate& candidate);
  std::span<const Candidate> candidates(Service& service, Instant now);
  void ask(std::size_t index, Instant now);  // what the algorithm says, into answer_
  bool moved(const Service& service, double least_move) const;
  void commit(std::size_t index, Instant now);
  Decision decide(std::size_t index, Instant now) {
    ask(index, now);
    commit(index, now);
    return decision(index, now);
  }
  Decision decision(std::size_t index, Instant now) const;  // the last one, made now

  std::uint64_t seed_;
  std::uint64_t last_id_;
  std::vector<Service> services_;
  // Of the call that is under way; kept, because memory for thousands of instances is not asked for at every call.
  std::vector<Candidate> candidates_;
  std::vector<std::size_t> places_;  // of the candidates
  Answer answer_;
};

}  // namespace cats::cpsel
