#include "suite/dimension.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/yaml.h"
#include "scenarios/values.h"

namespace cats::suite {
namespace {

constexpr std::string_view kExample = "write KEY=FROM..TO such as interval=100ms..30s";

struct Quantity {
  double value = 0;
  std::string unit;
  bool duration = false;
};

std::optional<Quantity> quantity(std::string_view text) {
  if (const auto duration = yaml::parse_duration(text))
    return Quantity{static_cast<double>(duration->count()), "ns", true};
  const auto [number, unit] = scenarios::split_quantity(text);
  if (!number) return std::nullopt;
  return Quantity{*number, std::string(unit), false};
}

// Three significant digits are enough of a searched value, and make it one that a person would write.
double rounded(double value) {
  if (value == 0) return 0;
  const double scale = std::pow(10, 2 - std::floor(std::log10(std::abs(value))));
  return std::round(value * scale) / scale;
}

}  // namespace

std::string Search::text(double value) const {
  return duration ? yaml::to_text(Duration(std::llround(value))) : fmt::format("{:g}{}", value, unit);
}

double Search::between(double a, double b) const { return rounded(duration ? std::sqrt(a * b) : (a + b) / 2); }

double Search::distance(double a, double b) const {
  return duration ? std::max(a, b) / std::min(a, b) - 1 : std::abs(a - b) / (hi - lo);
}

Expected<Search> parse_search(std::string_view text) {
  const std::size_t equals = text.find('=');
  const std::size_t dots = text.find("..", equals == std::string_view::npos ? 0 : equals);
  if (equals == std::string_view::npos || equals == 0 || dots == std::string_view::npos)
    return fail("--search '{}': {}", text, kExample);
  const std::string_view first = text.substr(equals + 1, dots - equals - 1);
  const std::string_view last = text.substr(dots + 2);
  const auto lo = quantity(first);
  const auto hi = quantity(last);
  if (!lo || !hi) return fail("--search '{}': \"{}\" is no number with a unit: {}", text, lo ? last : first, kExample);
  if (lo->unit != hi->unit)
    return fail("--search '{}': {} and {} are not in the same unit: {}", text, first, last, kExample);
  if (lo->value >= hi->value) return fail("--search '{}': {} is not less than {}", text, first, last);
  if (lo->duration && lo->value <= 0) return fail("--search '{}': {} is not longer than 0", text, first);
  return Search{std::string(text.substr(0, equals)), lo->value, hi->value, lo->unit, lo->duration};
}

Dimension dimension(const Search& search, const DimensionOptions& options,
                    const std::function<Probe(double value, const std::string& text)>& run) {
  Dimension result;
  // Runs one; false when it could not be measured.
  const auto probe = [&](double value) {
    result.probes.push_back(run(value, search.text(value)));
    const Verdict verdict = result.probes.back().verdict;
    if (verdict == Verdict::pass)
      result.met = value;
    else if (verdict == Verdict::fail || verdict == Verdict::inconclusive)
      result.unmet = value;
    else
      result.stopped = fmt::format("{} could not be measured", result.probes.back().text);
    return result.stopped.empty();
  };
  if (!probe(options.smallest ? search.lo : search.hi)) return result;
  if (result.met) {
    result.stopped = "whole range";
    return result;
  }
  if (!probe(options.smallest ? search.hi : search.lo)) return result;
  if (!result.met) {
    result.stopped = "none";
    return result;
  }
  while (search.distance(*result.met, *result.unmet) > options.precision) {
    const double value = search.between(*result.met, *result.unmet);
    if (value == *result.met || value == *result.unmet) break;
    if (static_cast<int>(result.probes.size()) >= options.most_probes) {
      result.stopped = "probes";
      return result;
    }
    if (!probe(value)) return result;
  }
  result.stopped = "precision";
  return result;
}

nlohmann::ordered_json to_json(const Dimension& result, const Search& search, const DimensionOptions& options) {
  using Json = nlohmann::ordered_json;
  const auto value = [&](const std::optional<double>& one) { return one ? Json(search.text(*one)) : Json(nullptr); };
  Json json = {{"schema", "catsbench.dimension/1"},
               {"key", search.key},
               {"from", search.text(search.lo)},
               {"to", search.text(search.hi)},
               {"searched", options.smallest ? "smallest" : "largest"},
               {"precision", options.precision},
               {"met", value(result.met)},
               {"unmet", value(result.unmet)},
               {"stopped", result.stopped}};
  Json& probes = json["probes"] = Json::array();
  for (const Probe& probe : result.probes) {
    Json bounds = Json::array();
    for (const BoundResult& bound : probe.bounds) bounds.push_back(to_json(bound));
    probes.push_back({{"value", probe.text}, {"verdict", name(probe.verdict)}, {"run", probe.run}, {"bounds", bounds}});
  }
  return json;
}

}  // namespace cats::suite
