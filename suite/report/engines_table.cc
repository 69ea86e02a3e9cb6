#include "suite/report/engines_table.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "suite/report/assumptions.h"
#include "suite/report/json.h"

namespace cats::suite {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kEmulator = "emulator";
constexpr std::string_view kSimulator = "sim";

// Entries that differ in nothing but the engine: the emulator's, the simulator's.
using Pair = std::pair<const TestResult*, const TestResult*>;

bool alike_but_for_engine(const TestResult& a, const TestResult& b) {
  const auto studied = [](const TestResult& entry) {
    Json rest = entry.study;
    rest.erase("engine");
    return rest;
  };
  return a.name == b.name && a.mode == b.mode && a.algorithm == b.algorithm && a.interval_ms == b.interval_ms &&
         a.parameters == b.parameters && a.metrics == b.metrics && studied(a) == studied(b);
}

std::vector<Pair> pairs_of_engines(const std::vector<TestResult>& entries) {
  std::vector<Pair> pairs;
  for (const TestResult& emulated : entries) {
    if (emulated.engine != kEmulator) continue;
    const auto simulated = std::ranges::find_if(entries, [&](const TestResult& other) {
      return other.engine == kSimulator && alike_but_for_engine(emulated, other) &&
             std::ranges::find(pairs, &other, &Pair::second) == pairs.end();
    });
    if (simulated != entries.end()) pairs.emplace_back(&emulated, &*simulated);
  }
  return pairs;
}

// As the study wrote it.
std::string called_algorithm(const TestResult& entry) { return entry.study.value("algorithm", entry.algorithm); }

// Those of the emulator in its order, then what the simulator has alone.
std::vector<std::string> figures_of(const Pair& pair) {
  std::vector<std::string> names;
  for (const auto& [figure, ignored] : pair.first->figures) names.push_back(figure);
  for (const auto& [figure, ignored] : pair.second->figures)
    if (pair.first->find(figure) == nullptr) names.push_back(figure);
  return names;
}

std::string why_missing(std::string_view engine, const TestResult& entry, const Figure* figure) {
  std::string why = figure == nullptr ? entry.reason : figure->reason;
  if (why.empty()) why = figure == nullptr ? "no such figure" : "no value";
  return fmt::format("{}: {}", engine, why);
}

void take_values(const Figure* figure, std::optional<double>& value, std::optional<stats::Interval>& ci95) {
  if (figure == nullptr) return;
  value = figure->value;
  ci95 = figure->ci95;
}

void judge_agreement(const Pair& pair, Agreement& line) {
  if (!line.emulator || !line.simulator) {
    const bool emulated = line.emulator.has_value();
    const TestResult& lacking = emulated ? *pair.second : *pair.first;
    line.verdict = kNotCompared;
    line.reason = why_missing(emulated ? "simulator" : "emulator", lacking, lacking.find(line.figure));
    return;
  }
  const double apart = *line.simulator - *line.emulator;
  const double whole = std::abs(*line.emulator);
  if (apart == 0)
    line.difference = 0;
  else if (whole > 0)
    line.difference = apart / whole;
  else
    line.reason = "no share of an emulator's 0";
  if (line.emulator_ci95 && line.emulator_ci95->contains(*line.simulator)) {
    line.verdict = kWithinInterval;
  } else if (std::abs(apart) <= kAgreementShare * whole) {
    line.verdict = kWithinShare;
  } else {
    const Assumption* assumption = assumption_for(*pair.first, line.figure);
    line.verdict = kDiffers;
    line.assumption = assumption == nullptr ? kNotExplained : assumption->name;
  }
}

std::vector<Agreement> agreements_of(const Pair& pair) {
  std::vector<Agreement> lines;
  for (const std::string& name : figures_of(pair)) {
    const Figure* emulated = pair.first->find(name);
    const Figure* simulated = pair.second->find(name);
    Agreement line;
    line.test = pair.first->name;
    line.figure = name;
    line.unit = (emulated == nullptr ? simulated : emulated)->unit;
    line.conditions = {{"algorithm", called_algorithm(*pair.first)},
                       {"mode", pair.first->mode},
                       {"interval_ms", pair.first->interval_ms},
                       {"parameters", pair.first->parameters}};
    take_values(emulated, line.emulator, line.emulator_ci95);
    take_values(simulated, line.simulator, line.simulator_ci95);
    if (!line.emulator && !line.simulator) continue;
    judge_agreement(pair, line);
    lines.push_back(std::move(line));
  }
  return lines;
}

using Cells = std::array<std::string, 7>;

std::string number_of(const std::optional<double>& value) {
  if (!value) return "none";
  return std::abs(*value) < 1000 ? fmt::format("{:.4g}", *value) : fmt::format("{:.0f}", *value);
}

std::string interval_of(const std::optional<stats::Interval>& ci95) {
  return ci95 ? fmt::format("{} to {}", number_of(ci95->lo), number_of(ci95->hi)) : "";
}

Cells cells_of(const Agreement& line) {
  std::string verdict = line.verdict;
  if (line.verdict == kDiffers) verdict += ": " + line.assumption;
  if (line.verdict == kNotCompared) verdict += ": " + line.reason;
  return {line.figure,
          number_of(line.emulator),
          interval_of(line.emulator_ci95),
          number_of(line.simulator),
          interval_of(line.simulator_ci95),
          line.difference ? fmt::format("{:+.1f} %", 100 * *line.difference) : "",
          verdict};
}

std::string block_heading(const TestResult& entry) {
  std::string text =
      fmt::format("{}, {}, {}, T = {:.4g} ms", entry.name, entry.mode, entry.algorithm, entry.interval_ms);
  for (const auto& [key, value] : entry.study.items())
    if (key != "algorithm" && key != "engine" && key != "interval" && key != "mode")
      text += fmt::format(", {} {}", key, value.is_string() ? value.get<std::string>() : value.dump());
  return text;
}

std::string counts_of(const std::vector<Agreement>& lines) {
  const auto count = [&](auto has) { return std::ranges::count_if(lines, has); };
  const auto with = [&](std::string_view verdict) {
    return count([&](const Agreement& line) { return line.verdict == verdict; });
  };
  return fmt::format(
      "  {} figures: {} within the interval, {} within 10 %, {} differ ({} not explained), {} not compared\n",
      lines.size(), with(kWithinInterval), with(kWithinShare), with(kDiffers),
      count([](const Agreement& line) { return line.assumption == kNotExplained; }), with(kNotCompared));
}

}  // namespace

std::vector<Agreement> agreements(const std::vector<TestResult>& entries) {
  std::vector<Agreement> all;
  for (const Pair& pair : pairs_of_engines(entries)) std::ranges::move(agreements_of(pair), std::back_inserter(all));
  return all;
}

Json to_json(const Agreement& line) {
  const auto interval = [](const std::optional<stats::Interval>& ci95) {
    return ci95 ? Json::array({ci95->lo, ci95->hi}) : Json(nullptr);
  };
  Json json = {{"test", line.test},
               {"figure", line.figure},
               {"conditions", line.conditions},
               {"unit", line.unit},
               {"emulator", number_to_json(line.emulator)},
               {"emulator_ci95", interval(line.emulator_ci95)},
               {"simulator", number_to_json(line.simulator)},
               {"simulator_ci95", interval(line.simulator_ci95)},
               {"difference", number_to_json(line.difference)},
               {"verdict", line.verdict}};
  if (!line.assumption.empty()) json["assumption"] = line.assumption;
  if (!line.reason.empty()) json["reason"] = line.reason;
  return json;
}

std::string engines_table(const std::vector<TestResult>& entries) {
  const std::vector<Pair> pairs = pairs_of_engines(entries);
  std::vector<Agreement> all;
  std::vector<std::pair<std::string, Cells>> rows{
      {"", Cells{"figure", "emulator", "95 % interval", "simulator", "95 % interval", "difference", "verdict"}}};
  for (const Pair& pair : pairs) {
    std::string heading = block_heading(*pair.first);
    for (Agreement& line : agreements_of(pair)) {
      rows.emplace_back(std::exchange(heading, ""), cells_of(line));
      all.push_back(std::move(line));
    }
  }
  if (all.empty()) return "";
  std::array<std::size_t, 6> widths{};  // the verdict is not padded
  for (const auto& [heading, cells] : rows)
    for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], cells[i].size());
  std::string out;
  for (const auto& [heading, cells] : rows) {
    if (!heading.empty()) out += fmt::format("  {}\n", heading);
    out += "    ";
    for (std::size_t i = 0; i < widths.size(); ++i) out += fmt::format("{:<{}}  ", cells[i], widths[i]);
    out += cells.back() + "\n";
  }
  out += counts_of(all);
  for (const Assumption& assumption : assumptions())
    if (std::ranges::any_of(all, [&](const Agreement& line) { return line.assumption == assumption.name; }))
      out += fmt::format("  {}: {}\n", assumption.name, assumption.says);
  return out;
}

}  // namespace cats::suite
