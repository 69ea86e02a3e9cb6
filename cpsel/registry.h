// The C-PS algorithms (`catsbench algorithms` lists them, docs/algorithms.md explains them) and the interface they
// implement. An algorithm is one file in cpsel/algorithms/ and one line in registry.cc; its parameters are declared
// there once, for validation, help and docs.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "cpsel/instance.h"
#include "cpsel/metrics.h"

namespace cats::cpsel {

// One instance that may be given new flows.
struct Candidate {
  InstanceId id;
  double load = 0;  // relative to its capacity, less is better; 0 for algorithms that ignore metrics
  const Values* metrics = nullptr;
  Duration age{};  // of the metrics
  double capacity = 1;
  double last_weight = 0;    // what this instance got in the last decision
  std::uint64_t report = 0;  // a number that changes with each report of this instance
  // New flows that the flow table gave it after the window that its last report covers, and between the windows of its
  // last two reports. There for algorithms that declare needs_flow_counts.
  std::optional<double> flows_since_report = std::nullopt;
  std::optional<double> flows_before_report = std::nullopt;
};

struct Snapshot {
  std::span<const Candidate> candidates;  // ascending by id; at least one
  Duration dt{};                          // since the last call for this service; 0 at the first
  RandomStream& random;
  std::optional<double> arrivals = std::nullopt;  // new flows of the service in dt; with needs_flow_counts
};

struct Choice {
  // No weights: new flows are left to the router's own multipath route.
  bool kernel_multipath = false;
  // By candidate, ≥ 0, sum 1 — or all 0: no new flow is steered.
  std::vector<double> weights;
  std::string note = {};  // what else the choice depended on, for the log; "" when nothing
};

class Algorithm {
 public:
  virtual ~Algorithm() = default;
  virtual Choice choose(const Snapshot& snapshot) = 0;
};

struct Parameter {
  std::string name;
  std::string unit;  // "none" where there is none
  double default_value = 0;
  double lo = 0;  // lo ≤ value ≤ hi
  double hi = 0;
  std::string help;
};

using Parameters = std::map<std::string, double>;

// cpsel/flow_algorithm.h
class FlowAlgorithm;
struct FlowSetting;

struct AlgorithmInfo {
  std::string name;
  std::string help = {};
  std::vector<Parameter> parameters = {};
  bool ignores_metrics = false;  // no metric of an instance changes what it chooses
  // Chooses for every flow, by what it hears of others: it has `make_for_flows` in the place of `make`. It cannot run
  // where only packets are seen: the emulator refuses it.
  bool needs_replies = false;
  bool probes = false;  // one of these: asks instances between replies
  // Reads the flow table's counts, also between reports: it declares kRefresh.
  bool needs_flow_counts = false;
  bool needs_values = false;  // reads metrics beside the load to steer by
  // Whoever gets new flows gets equally many: a router that shares them evenly among next hops can carry it out.
  bool equal_weights = false;
  // Every declared parameter is present in what they get.
  std::function<std::unique_ptr<Algorithm>(const Parameters&)> make = {};
  std::function<std::unique_ptr<FlowAlgorithm>(const Parameters&, const FlowSetting&)> make_for_flows = {};
  // Why values that are allowed are nevertheless a poor choice where reports come every `interval`.
  std::function<std::optional<std::string>(const Parameters&, Duration interval)> warning = {};
};

// The parameter that says how often weights are computed again between reports.
inline constexpr std::string_view kRefresh = "refresh_ms";
Parameter refresh_parameter();

// All of them, by name.
std::span<const AlgorithmInfo> algorithms();
const AlgorithmInfo* find_algorithm(std::string_view name);
std::vector<std::string> algorithm_names();

// What is given plus the defaults of what is not. Error: the algorithm or a parameter is unknown, or a value is out of
// range; names the value and what is allowed.
Expected<Parameters> complete(std::string_view algorithm, const Parameters& given);
// Nothing when the algorithm is not known, or has nothing to say.
std::optional<std::string> warning_of(std::string_view algorithm, const Parameters& complete, Duration interval);
// Error: complete()'s, or it needs replies: see make_flow_algorithm().
Expected<std::unique_ptr<Algorithm>> make_algorithm(std::string_view name, const Parameters& given);

}  // namespace cats::cpsel
