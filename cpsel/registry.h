// The C-PS algorithms (`catsbench algorithms` lists them) and the interface they implement. An algorithm is one file in
// cpsel/algorithms/ and one line in registry.cc; its parameters are declared here once, for validation, help and docs.
#pragma once

#include <functional>
#include <map>
#include <memory>
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
  double last_weight = 0;  // what this instance got in the last decision
};

struct Snapshot {
  std::span<const Candidate> candidates;  // ascending by id; at least one
  Duration dt{};                          // since the last decision of this service; 0 at the first
  RandomStream& random;
};

struct Choice {
  // No weights: new flows are left to the router's own multipath route.
  bool kernel_multipath = false;
  // By candidate, ≥ 0, sum 1 — or all 0: no new flow is steered.
  std::vector<double> weights;
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

struct AlgorithmInfo {
  std::string name;
  std::string help;
  std::vector<Parameter> parameters;
  bool ignores_metrics = false;  // no metric of an instance changes what it chooses
  bool needs_replies = false;    // cannot run where only packets are seen: the emulator refuses it
  // Every declared parameter is present in what it gets.
  std::function<std::unique_ptr<Algorithm>(const Parameters&)> make;
};

// All of them, by name.
std::span<const AlgorithmInfo> algorithms();
const AlgorithmInfo* find_algorithm(std::string_view name);
std::vector<std::string> algorithm_names();

// What is given plus the defaults of what is not. Error: the algorithm or a parameter is unknown, or a value is out of
// range; names the value and what is allowed.
Expected<Parameters> complete(std::string_view algorithm, const Parameters& given);
Expected<std::unique_ptr<Algorithm>> make_algorithm(std::string_view name, const Parameters& given);

}  // namespace cats::cpsel
