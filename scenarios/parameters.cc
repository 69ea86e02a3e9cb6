#include "scenarios/parameters.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "scenarios/values.h"

namespace cats::scenarios {
namespace {

bool is_duration(const Parameter& p) { return p.name.ends_with("_" + p.unit) && (p.unit == "s" || p.unit == "ms"); }

double per_second(const Parameter& p) { return p.unit == "ms" ? 1e3 : 1; }

Expected<double> in_unit(const Parameter& p, std::string_view text) {
  if (is_duration(p)) {
    const auto duration = yaml::parse_duration(text);
    if (!duration) return fail("{}", duration.error().message);
    return to_seconds(*duration) * per_second(p);
  }
  const auto [number, unit] = split_quantity(text);
  if (!number) return fail("\"{}\" is not a number", text);
  if (p.unit == "share" && unit == "%") return *number / 100;
  if (p.unit == "points" && unit == "point" && *number == 1) return 1.0;
  const bool bare = p.unit.empty() || p.unit == "none" || p.unit == "share";
  if (unit == (bare ? "" : p.unit)) return *number;
  if (bare)
    return fail("\"{}\": the unit \"{}\" is not allowed: write a {}", text, unit,
                p.unit == "share" ? "share such as 20%" : "number");
  if (unit.empty()) return fail("\"{}\" has no unit: write {} {}", text, text, p.unit);
  return fail("\"{}\": the unit \"{}\" is not allowed: write {}", text, unit, p.unit);
}

}  // namespace

std::string Parameter::key() const { return is_duration(*this) ? name.substr(0, name.size() - unit.size() - 1) : name; }

std::string Parameter::text(double number) const {
  if (is_duration(*this)) return yaml::to_text(Duration(std::llround(number * 1e9 / per_second(*this))));
  if (unit == "share") return fmt::format("{}%", std::round(number * 1e10) / 1e8);
  if (unit.empty() || unit == "none") return fmt::format("{}", number);
  return fmt::format("{} {}", number, unit);
}

Expected<double> parse_value(const Parameter& parameter, std::string_view text) {
  auto number = in_unit(parameter, text);
  if (!number || (parameter.lo <= *number && *number <= parameter.hi)) return number;
  return fail("{} is out of range: allowed are {} to {}", text, parameter.text(parameter.lo),
              parameter.text(parameter.hi));
}

nlohmann::ordered_json read_parameters(const yaml::Reader& reader, const std::vector<Parameter>& declared) {
  auto given = nlohmann::ordered_json::object();
  std::vector<std::string> keys;
  keys.reserve(declared.size());
  for (const auto& parameter : declared) keys.push_back(parameter.key());
  if (keys.empty() && reader.present()) {
    if (!reader.open_map().entries().empty()) reader.complain("takes no parameters");
    return given;
  }
  const yaml::Map map = reader.map(keys);
  for (const auto& parameter : declared) {
    const yaml::Reader value = map.get(parameter.key());
    if (!value.present()) continue;
    if (!value.is_scalar()) {
      value.complain(fmt::format("expected one value such as {}", parameter.text(parameter.value)));
    } else if (const auto number = parse_value(parameter, value.text())) {
      given[parameter.name] = *number;
    } else {
      value.complain(number.error().message);
    }
  }
  return given;
}

}  // namespace cats::scenarios
