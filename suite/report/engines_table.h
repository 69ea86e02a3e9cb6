// The simulator against the emulator: entries that differ in nothing but the engine, figure by figure, and what a
// difference is put down to (docs/simulator.md, "Against the emulator"). report.json's `agreement`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "suite/report/model.h"

namespace cats::suite {

inline constexpr double kAgreementShare = 0.1;  // of the emulator's value

inline constexpr std::string_view kWithinInterval = "within the interval";
inline constexpr std::string_view kWithinShare = "within 10 %";
inline constexpr std::string_view kDiffers = "differs";
inline constexpr std::string_view kNotExplained = "not explained";

struct Agreement {
  std::string test, figure, unit;
  nlohmann::ordered_json conditions = nlohmann::ordered_json::object();  // what both entries share
  std::optional<double> emulator, simulator;
  std::optional<stats::Interval> emulator_ci95, simulator_ci95;
  std::optional<double> difference;  // (simulator − emulator) ÷ |emulator|
  std::string verdict;               // kWithinInterval (the emulator's), kWithinShare, kDiffers, kNotCompared
  std::string assumption;            // of kDiffers: the name of one (suite/report/assumptions.h), or kNotExplained
  std::string reason;                // of kNotCompared, and of a difference without a number
};

// Every figure that has a value on one side at least, in the order of the report; one that the other side lacks is not
// compared. An emulator's figure without an interval is judged by the share alone.
std::vector<Agreement> agreements(const std::vector<TestResult>& entries);

nlohmann::ordered_json to_json(const Agreement& agreement);

// For a terminal: a block per pair of entries, then how many figures agree, and the assumptions that were named. ""
// when no entries differ in nothing but the engine.
std::string engines_table(const std::vector<TestResult>& entries);

}  // namespace cats::suite
