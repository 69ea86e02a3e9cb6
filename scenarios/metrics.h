// CATS metrics as a scenario declares them: section 4 of draft-yl-bmwg-cats-02, fields of
// draft-ietf-cats-metric-definition.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.h"

namespace cats::scenarios {

enum class Level { kL0, kL1, kL2 };
enum class Statistic { kMean, kMax, kMin, kCur };  // cur: the last value of the window
enum class Aggregation { kMean, kMin, kMax, kWeighted };
enum class Order { kNormaliseFirst, kAggregateFirst };

// A raw metric into [0, 1], where 1 is best. Bounds are in the metric's own unit.
struct Normalisation {
  enum class Function {
    kMinmax,   // a = low, b = high
    kSigmoid,  // a = midpoint, b = steepness (> 0, per unit)
    kZscore,   // a = mean, b = sd (> 0)
  };
  Function function = Function::kMinmax;
  double a = 0;
  double b = 1;
  bool more_is_better = false;
  double weight = 0;  // with Aggregation::kWeighted; the weights of a score sum to 1
};

struct MetricDeclaration {
  std::string type;  // "cpu_utilisation", "compute_norm", "norm_fi"
  Level level = Level::kL0;
  std::string unit;                     // "none" for scores
  std::optional<Statistic> statistics;  // absent only at L2
  std::string format;                   // "int", "float"; "int" for scores
  int length = 0;                       // octets; 0 when not declared, 1 for scores
  std::string source;                   // "" when not declared
  bool more_is_better = false;          // of the value as it is steered by; scores: true

  // Scores only: input metric → how it is normalised, in file order of `inputs`.
  std::vector<std::string> inputs;
  std::map<std::string, Normalisation> normalisation;
  std::optional<Aggregation> aggregation;  // absent at L2 with one input
  Order order = Order::kNormaliseFirst;
};

struct Metrics {
  Duration window{};     // the sampling window W
  std::string steer_by;  // the declared metric that the C-PS reads
  std::vector<MetricDeclaration> declared;

  const MetricDeclaration& steering() const;  // throws std::logic_error when not loaded by the loader
  const MetricDeclaration* find(const std::string& type) const;  // nullptr when not declared
};

// A raw metric that our collectors can measure. `sub_tlv` is 0 where attribute 42 has no place for it at level 0: such
// a metric can be an input of a score, and is logged, but is not distributed.
struct KnownMetric {
  std::string type;
  std::string unit;
  std::string format;
  bool more_is_better = false;
  int sub_tlv = 0;
  std::string help;
};
const std::vector<KnownMetric>& known_metrics();

// The declaration as the report carries it (the draft's section 4).
nlohmann::ordered_json to_json(const MetricDeclaration& declaration);

const char* to_string(Level level);                       // "L0"
const char* to_string(Statistic statistic);               // "mean"
const char* to_string(Aggregation aggregation);           // "weighted"
const char* to_string(Order order);                       // "normalise-first"
const char* to_string(Normalisation::Function function);  // "minmax"

}  // namespace cats::scenarios
