#include "suite/report/comparison.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "suite/report/json.h"

namespace cats::suite {
namespace {

using Json = nlohmann::ordered_json;

using Row = std::array<std::string, 9>;

std::string effect_of(const Comparison& c) {
  if (!c.effect) return "";
  if (c.scale == stats::Scale::ratio) return fmt::format("{:.4g} times", *c.effect);
  return fmt::format("{:+.4g}{}", *c.effect, c.unit == "1" || c.unit.empty() ? "" : " " + c.unit);
}

std::string verdict_of(const Comparison& c) {
  if (c.verdict == name(stats::Order::a_lower)) return c.a + " lower";
  if (c.verdict == name(stats::Order::b_lower)) return c.b + " lower";
  return c.verdict == kNotCompared ? fmt::format("{}: {}", c.verdict, c.reason) : c.verdict;
}

Row row_of(const Comparison& c) {
  Row row{c.figure, c.a, c.b, c.paired ? fmt::format("{}", c.pairs) : "-", effect_of(c), "", "", "", verdict_of(c)};
  if (c.ci95) row[5] = fmt::format("{:.4g} to {:.4g}", c.ci95->lo, c.ci95->hi);
  if (c.effect_size) row[6] = fmt::format("{:+.2f}", *c.effect_size);
  if (c.p_adjusted) row[7] = fmt::format("{:.2g}", *c.p_adjusted);
  return row;
}

// The members of `conditions`, parameters spelled out, that are not the same in every comparison of the test.
std::string heading(const Comparison& c, const std::vector<Comparison>& all) {
  const auto flat = [](const Comparison& one) {
    Json members = one.conditions;
    if (members.contains("parameters")) {
      const Json parameters = members["parameters"];
      members.erase("parameters");
      for (const auto& [key, value] : parameters.items()) members[key] = value;
    }
    return members;
  };
  std::string text = c.test;
  const Json own = flat(c);
  for (const auto& [key, value] : own.items()) {
    const bool varies = std::any_of(all.begin(), all.end(), [&, &k = key, &v = value](const Comparison& other) {
      return other.test == c.test && flat(other).value(k, Json(nullptr)) != v;
    });
    if (varies) text += fmt::format(", {} {}", key, value.is_string() ? value.get<std::string>() : value.dump());
  }
  return text;
}

}  // namespace

Json to_json(const Comparison& c) {
  Json json = {{"test", c.test},
               {"figure", c.figure},
               {"a", c.a},
               {"b", c.b},
               {"conditions", c.conditions},
               {"paired", c.paired},
               {"pairs", c.pairs},
               {"unit", c.unit},
               {"scale", name(c.scale)},
               {"effect", number_to_json(c.effect)},
               {"ci95", c.ci95 ? Json::array({c.ci95->lo, c.ci95->hi}) : Json(nullptr)},
               {"effect_size", number_to_json(c.effect_size)},
               {"p", number_to_json(c.p)},
               {"p_adjusted", number_to_json(c.p_adjusted)},
               {"verdict", c.verdict}};
  if (!c.reason.empty()) json["reason"] = c.reason;
  return json;
}

Comparison comparison_from_json(const Json& json) {
  Comparison c;
  json.at("test").get_to(c.test);
  json.at("figure").get_to(c.figure);
  json.at("a").get_to(c.a);
  json.at("b").get_to(c.b);
  c.conditions = json.at("conditions");
  json.at("paired").get_to(c.paired);
  json.at("pairs").get_to(c.pairs);
  json.at("unit").get_to(c.unit);
  c.scale = json.at("scale") == name(stats::Scale::ratio) ? stats::Scale::ratio : stats::Scale::difference;
  c.effect = number_from_json(json.at("effect"));
  if (const Json& ci = json.at("ci95"); !ci.is_null())
    c.ci95 = stats::Interval{ci.at(0).get<double>(), ci.at(1).get<double>()};
  c.effect_size = number_from_json(json.at("effect_size"));
  c.p = number_from_json(json.at("p"));
  c.p_adjusted = number_from_json(json.at("p_adjusted"));
  json.at("verdict").get_to(c.verdict);
  c.reason = json.value("reason", "");
  return c;
}

std::string comparison_table(const std::vector<Comparison>& comparisons) {
  constexpr std::size_t kReasons = 8;  // the last column is not padded
  std::vector<Row> rows{
      {"figure", "a", "b", "pairs", "b against a", "95 % interval", "effect size", "p (Holm)", "verdict"}};
  for (const Comparison& comparison : comparisons) rows.push_back(row_of(comparison));
  std::array<std::size_t, kReasons> widths{};
  for (const Row& row : rows)
    for (std::size_t i = 0; i < kReasons; ++i) widths[i] = std::max(widths[i], row[i].size());
  const auto line = [&](const Row& row) {
    std::string text = "    ";
    for (std::size_t i = 0; i < kReasons; ++i) text += fmt::format("{:<{}}  ", row[i], widths[i]);
    return text + row[kReasons] + "\n";
  };
  std::string out = line(rows[0]);
  std::string last;
  for (std::size_t i = 0; i < comparisons.size(); ++i) {
    if (const std::string head = heading(comparisons[i], comparisons); head != last)
      out += fmt::format("  {}\n", last = head);
    out += line(rows[i + 1]);
  }
  return out;
}

}  // namespace cats::suite
