// Dimensioning, the third method of draft-rosa-bmwg-vnfbench: bounds are given, and one value of the scenario is
// searched for the largest (or smallest) that meets them, by repeated runs.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "suite/report/bound.h"

namespace cats::suite {

// "interval=100ms..30s", "workload.short.rate=5/s..50/s", "service.quota=10%..80%": a scenario's key and the two ends,
// in the same unit. Durations are searched on a logarithmic scale, everything else on a linear one.
struct Search {
  std::string key;
  double lo = 0;
  double hi = 0;
  std::string unit;  // as written behind the number; of durations "ns"
  bool duration = false;

  std::string text(double value) const;  // as a scenario writes it
  double between(double a, double b) const;
  // How far apart two values are: as a share of the smaller on the logarithmic scale, else of the whole range.
  double distance(double a, double b) const;
};

// The error says what is wrong and what is allowed.
Expected<Search> parse_search(std::string_view text);

struct Probe {
  double value = 0;
  std::string text;
  Verdict verdict = Verdict::error;  // pass: every bound holds
  std::vector<BoundResult> bounds;
  std::string run;  // its directory
};

struct Dimension {
  // The best value that was shown to meet the bounds, and the nearest beyond it that was not: the answer lies between.
  // No `met`: not even the easiest value does. No `unmet`: the whole range meets them.
  std::optional<double> met, unmet;
  std::string stopped;        // "precision", "probes", "whole range", "none", or why a probe was not measured
  std::vector<Probe> probes;  // in the order in which they ran
};

struct DimensionOptions {
  bool smallest = false;   // the smallest value that meets the bounds instead of the largest
  double precision = 0.1;  // stop when met and unmet are that near (Search::distance)
  int most_probes = 10;    // and at the latest after so many runs; at least 2
};

// Bisection. It takes for granted that what is easier than a met value is met too, and says so with its bracket only: a
// figure that goes up and down has several such brackets. An inconclusive probe counts as unmet: it was not shown. A
// probe that could not be measured ends the search.
Dimension dimension(const Search& search, const DimensionOptions& options,
                    const std::function<Probe(double value, const std::string& text)>& run);

nlohmann::ordered_json to_json(const Dimension& result, const Search& search, const DimensionOptions& options);

}  // namespace cats::suite
