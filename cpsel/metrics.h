// CATS metrics: their names, levels, units and directions, and how scores are derived from raw values
// (draft-ietf-cats-metric-definition; the seed's section 4 says what must be declared). Pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace cats::cpsel {

enum class Level : std::uint8_t { l0 = 0, l1 = 1, l2 = 2 };
enum class Better : std::uint8_t { less, more };

struct MetricInfo {
  std::string_view name;
  Level level = Level::l0;
  std::string_view unit;  // "none" for scores and preferences
  Better better = Better::less;
  double full_scale = 0;         // the value that means "all of it", 0 where there is none
  bool counts_in_whole = false;  // an amount at the site, not yet relative to the instance's capacity
  std::string_view help;
};

// Every metric that the project knows, L0 first.
std::span<const MetricInfo> metrics();
const MetricInfo* find_metric(std::string_view name);
std::vector<std::string> metric_names(Level level);

inline constexpr int kMaxScore = 10;  // L1 and L2: 0 poorest … 10 best

// One value of each metric, by name: raw for L0, 0 … kMaxScore for scores.
using Values = std::map<std::string, double>;

enum class NormalisationKind : std::uint8_t { minmax, sigmoid, zscore };

// Maps a value to [0, 1], 1 best. a and b are by kind: minmax lo < hi · sigmoid midpoint, steepness > 0 (per unit) ·
// zscore mean, sd > 0 (through the normal CDF, so that it is bounded).
struct Normalisation {
  NormalisationKind kind = NormalisationKind::minmax;
  double a = 0;
  double b = 1;
  Better better = Better::less;

  bool operator==(const Normalisation&) const = default;
};

// The names of a and b in files: {"lo", "hi"}, {"midpoint", "steepness"}, {"mean", "sd"}.
std::pair<std::string_view, std::string_view> parameter_names(NormalisationKind kind);
// Why the parameters make no function, if they do not.
std::optional<std::string> problem(const Normalisation& normalisation);
double normalise(const Normalisation& normalisation, double value);  // monotone; NaN gives 0

enum class Aggregation : std::uint8_t { mean, min, max, weighted };

// Values must not be empty; weights (for `weighted` alone) are as many, ≥ 0, and sum to 1.
double aggregate(Aggregation aggregation, std::span<const double> values, std::span<const double> weights = {});

enum class Order : std::uint8_t { normalise_first, aggregate_first };

enum class Statistics : std::uint8_t { max, min, mean, cur };
enum class Format : std::uint8_t { integer, floating };
enum class Source : std::uint8_t { nominal, estimation, directly_measured, normalisation, aggregation };

// The words used in files and reports; from_text gives nothing for an unknown word. Instantiated for the enumerations
// above: Level ("L0"), Better ("less", "more"), NormalisationKind, Aggregation, Order ("normalise-first"), Statistics,
// Format ("int", "float"), Source ("directly measured").
template <class E>
std::string_view to_text(E value);
template <class E>
std::optional<E> from_text(std::string_view text);
template <class E>
std::vector<std::string> texts();

// One of the values that a score is made of.
struct Term {
  std::string metric;
  std::optional<Normalisation>
      normalisation;  // else the declaration's; a score may have none (it is in [0, 1] already)
  double weight = 0;  // for Aggregation::weighted

  bool operator==(const Term&) const = default;
};

// What a scenario says about one metric. Absent fields are told apart from chosen ones, so that problems() can name
// them.
struct Declaration {
  std::string type = {};  // a name of metrics()
  std::optional<Level> level = {};
  std::optional<std::string> unit = {};
  std::optional<Statistics> statistics = {};
  std::optional<Format> format = {};
  std::optional<Source> source = {};
  std::optional<Normalisation> normalisation = {};
  std::optional<Aggregation> aggregation = {};
  Order order = Order::normalise_first;
  std::vector<Term> of = {};  // what an L1 or L2 score is derived from

  bool operator==(const Declaration&) const = default;
};

struct DeclarationProblem {
  std::size_t index = 0;  // of the declaration
  std::string field;      // "statistics", "of", …
  std::string message;    // names the metric and what is allowed
};

// Everything that makes the set unusable: fields that must be declared and are not (L0: level, unit, statistics,
// format; L1: level, statistics, normalisation, aggregation; L2: level, normalisation), units and levels that are not
// the metric's, terms that are not declared or go in a circle, parameters that make no function.
std::vector<DeclarationProblem> problems(const std::vector<Declaration>& declarations);

struct Derived {
  Values unquantised;                 // every declared score, 0 … 1
  std::map<std::string, int> scores;  // the same ×10, rounded half up
};

// `declarations` without problems(); `raw` holds L0 values by name. Error: a raw value that a score needs is missing,
// naming both.
Expected<Derived> derive(const std::vector<Declaration>& declarations, const Values& raw);
int quantise(double unquantised);  // ×10, rounded half up, clamped to 0 … kMaxScore

// A finite value of the metric as the load of an instance relative to its capacity: see below.
double load_of(const MetricInfo& metric, double value, double capacity);
// The metric as the load of an instance relative to its capacity: less is better, 0 … 1 where the metric has a full
// scale (a score of 10 is load 0). Nothing when `values` lacks it.
std::optional<double> load_of(std::string_view metric, const Values& values, double capacity);

}  // namespace cats::cpsel
