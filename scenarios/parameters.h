// Parameters as a registry declares them. Validation, --help and the documentation read the same declaration.
//
// In a scenario a parameter is written with its unit: `state_timer_s` with unit "s" is the key `state_timer` with a
// value such as 10s; a "share" is written 90%; "points" 3 points; any other unit follows the number; "none" has no
// unit.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/yaml.h"

namespace cats::scenarios {

struct Parameter {
  std::string name;  // a duration ends in _s or _ms, its unit
  std::string unit;  // "s", "ms", "share" (0…1), "points", "none", …
  double value = 0;  // default
  double quick = 0;  // default of --quick
  double lo = 0;     // lo ≤ value ≤ hi
  double hi = 0;
  std::string help;

  std::string key() const;                // in a file: "state_timer"
  std::string text(double number) const;  // as written in a file: "10s", "90%", "3 points"
};

// The number in the parameter's unit. The error says what is allowed.
Expected<double> parse_value(const Parameter& parameter, std::string_view text);

// Those that are given, by name, in the declared unit. Unknown and ill-written ones are reported in place.
nlohmann::ordered_json read_parameters(const yaml::Reader& reader, const std::vector<Parameter>& declared);

}  // namespace cats::scenarios
