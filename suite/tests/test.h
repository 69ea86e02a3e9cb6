// A test has two halves. The stimulus commands the testbed and logs its phases; the analysis is a pure function of the
// logs and samples that the run left behind. One test is one file of this folder and one line of registry.cc.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/event_log.h"
#include "scenarios/scenario.h"
#include "scenarios/testbed.h"
#include "suite/report/model.h"
#include "suite/report/run_data.h"

namespace cats::suite {

// What the trials of one entry of the report share. Written into every `trial_started`, so that the analysis depends on
// nothing but the run directory.
struct Conditions {
  std::string mode = "distributed";
  std::string engine = "emulator";
  std::string algorithm;
  bool uses_metrics = true;  // of the algorithm: false for round-robin and ecmp
  Duration interval{};       // T, the distribution interval
  Duration window{};         // W, the sampling window
  std::string refresh = "every-interval";
  Duration flow_timer{};  // of the session table's entries
  bool quick = false;
  nlohmann::ordered_json parameters = nlohmann::ordered_json::object();  // the test's own, every one with its value

  nlohmann::ordered_json json() const;
  static Expected<Conditions> parse(const nlohmann::json& trial_started);
  bool operator==(const Conditions&) const = default;
};

class TrialContext {
 public:
  scenarios::Testbed& testbed;
  const scenarios::Scenario& scenario;
  const Conditions& conditions;
  std::int64_t trial;  // unique in the run
  std::uint64_t seed;
  std::function<void(std::string_view)> phase;  // logs that a phase begins, and shows it

  double parameter(const char* name) const { return conditions.parameters.at(name).get<double>(); }
  void sleep(Duration d) const { testbed.sleep_until(testbed.now() + d); }
};

struct AnalysisInput {
  const RunData& data;
  const scenarios::Scenario& scenario;  // the run directory's copy
  Conditions conditions;
  std::vector<const Trial*> trials;  // those that count, by index

  double parameter(const char* name) const { return conditions.parameters.at(name).get<double>(); }
};

struct Parameter {
  std::string name;  // a duration ends in _s or _ms
  std::string unit;  // "s", "ms", "points", "cores", …
  double value = 0;  // default
  double quick = 0;  // default of --quick
  double lo = 0;
  double hi = 0;
  std::string help;
};

class Test {
 public:
  virtual ~Test() = default;
  virtual std::string_view name() const = 0;
  virtual std::string_view title() const = 0;  // one line for people
  virtual const std::vector<Parameter>& parameters() const = 0;
  // How long one trial takes, without warm-up and cool-down: for the time left and the plan.
  virtual Duration length(const Conditions& conditions) const = 0;
  // The stimulus, between warm-up and cool-down. Throws MeasurementError; leaves no load behind either way.
  virtual void run_trial(TrialContext& context) const = 0;
  // Why this trial does not count, from its logs (load not as offered, selection not stable); nothing: it counts.
  virtual std::optional<std::string> void_reason(const RunData& data, const Trial& trial) const = 0;
  // Figures and verdict. Throws MeasurementError for what the logs do not hold: the caller makes it an `error`.
  virtual TestResult analyse(const AnalysisInput& input) const = 0;
};

std::span<const Test* const> all_tests();
const Test* find_test(std::string_view name);

// Every parameter of `test` at its default, overridden by `given` (names that the test does not declare are ignored
// here; the scenario loader refuses them).
nlohmann::ordered_json with_defaults(const Test& test, bool quick, const nlohmann::ordered_json& given);

}  // namespace cats::suite
