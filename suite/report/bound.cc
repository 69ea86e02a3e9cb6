#include "suite/report/bound.h"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include "suite/report/json.h"

namespace cats::suite {
namespace {

using Json = nlohmann::ordered_json;

std::string_view words(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return "holds";
    case Verdict::fail:
      return "does not hold";
    case Verdict::inconclusive:
      return "inconclusive";
    case Verdict::not_applicable:
    case Verdict::error:
      break;
  }
  return "not measured";
}

std::string entry_of(const BoundResult& bound) {
  const Json& conditions = bound.conditions;
  if (conditions.empty()) return "";
  return fmt::format("{}, {}, T = {:g} ms", conditions.value("mode", ""), conditions.value("algorithm", ""),
                     conditions.value("interval_ms", 0.0));
}

}  // namespace

Json to_json(const BoundResult& result) {
  Json json = {{"bound", result.text},
               {"test", result.test},
               {"figure", result.figure},
               {"conditions", result.conditions},
               {"op", result.bound.op},
               {"limit", result.bound.value},
               {"unit", result.unit},
               {"value", number_to_json(result.value)},
               {"ci95", result.ci95 ? Json::array({result.ci95->lo, result.ci95->hi}) : Json(nullptr)},
               {"verdict", name(result.verdict)}};
  if (!result.reason.empty()) json["reason"] = result.reason;
  return json;
}

BoundResult bound_from_json(const Json& json) {
  BoundResult result;
  json.at("bound").get_to(result.text);
  json.at("test").get_to(result.test);
  json.at("figure").get_to(result.figure);
  result.conditions = json.at("conditions");
  result.bound = {json.at("op").get<std::string>(), json.at("limit").get<double>()};
  json.at("unit").get_to(result.unit);
  result.value = number_from_json(json.at("value"));
  if (const Json& ci = json.at("ci95"); !ci.is_null())
    result.ci95 = stats::Interval{ci.at(0).get<double>(), ci.at(1).get<double>()};
  const auto verdict = parse_verdict(json.at("verdict").get<std::string>());
  if (!verdict) throw std::invalid_argument("unknown verdict of a bound");
  result.verdict = *verdict;
  result.reason = json.value("reason", "");
  return result;
}

std::string bound_table(const std::vector<BoundResult>& bounds) {
  std::size_t width = 0;
  for (const BoundResult& bound : bounds) width = std::max(width, bound.text.size());
  std::string out;
  for (const BoundResult& bound : bounds) {
    std::string seen = bound.reason;
    if (bound.value && bound.verdict == Verdict::pass) {
      seen = fmt::format("{:.4g}{}", *bound.value, bound.unit == "1" ? "" : " " + bound.unit);
      if (bound.ci95) seen += fmt::format(" [{:.4g}, {:.4g}]", bound.ci95->lo, bound.ci95->hi);
    }
    const std::string entry = entry_of(bound);
    out += fmt::format("  {:<13}  {:<{}}  {}{}{}\n", words(bound.verdict), bound.text, width, entry,
                       entry.empty() ? "" : ": ", seen);
  }
  return out;
}

int verify_status(const std::vector<BoundResult>& bounds) {
  Verdict whole = bounds.empty() ? Verdict::error : Verdict::pass;
  for (const BoundResult& bound : bounds) whole = worst(whole, bound.verdict);
  return whole == Verdict::pass ? 0 : whole == Verdict::fail ? 1 : 3;
}

}  // namespace cats::suite
