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
#include "scenarios/catalogue.h"
#include "scenarios/parameters.h"
#include "scenarios/scenario.h"
#include "scenarios/testbed.h"
#include "suite/report/model.h"
#include "suite/report/run_data.h"

namespace cats::suite {

class Test;

// The phase in which a test with one measuring phase measures; 5.2 changes the load at its beginning.
inline constexpr std::string_view kMeasurePhase = "measure";

// What the trials of one entry of the report share; written into every `trial_started`.
struct Conditions {
  std::string mode;
  std::string cps;         // who decides: "controller", "ingress", "split"; "" in distributed mode
  std::string southbound;  // the driver of I1; "" in distributed mode
  std::string engine;      // "emulator", "sim"
  std::string algorithm;
  bool uses_metrics = true;  // false for algorithms that ignore them (round-robin, ecmp)
  Duration interval{};       // T, the distribution interval
  Duration window{};         // W, the sampling window
  bool quick = false;
  nlohmann::ordered_json parameters;  // the test's own, every one with its value

  // How long an update may wait on its way to the C-PS: the edge server manager publishes every T.
  Duration longest_wait() const { return mode == "distributed" || cps == "ingress" ? Duration{} : interval; }
  double number(const std::string& parameter) const { return parameters.at(parameter).get<double>(); }
  // A parameter whose name ends in _s or _ms.
  Duration duration(const std::string& parameter) const;
};

// Parameters: what the scenario gives, else the defaults (those of --quick in a quick run).
Conditions conditions_of(const Test& test, const scenarios::Scenario& scenario);

// max(5T, 5 s): how long the selection must have stood still before a load step.
Duration stable_time(Duration interval);

struct TrialContext {
  scenarios::Testbed& testbed;
  const scenarios::Scenario& scenario;
  const Conditions& conditions;
  std::string trial;   // unique in the run
  std::uint64_t seed;  // below 2^53
  Duration warm_up;
  std::function<void(std::string_view)> begin_phase;  // logs it, and shows it
  // An event of the runner's, now; its field `trial` is added.
  std::function<void(std::string_view, nlohmann::ordered_json)> log;

  void phase(std::string_view name, Duration length) const {
    begin_phase(name);
    testbed.sleep_until(testbed.now() + length);
  }
};

struct AnalysisInput {
  const RunData& data;
  const scenarios::Scenario& scenario;  // the run directory's copy
  const Conditions& conditions;
  std::vector<const Trial*> trials;  // those that count, by index; not empty
};

class Test {
 public:
  virtual ~Test() = default;
  virtual std::string_view name() const = 0;
  virtual std::string_view title() const = 0;  // one line for people
  virtual const std::vector<scenarios::Parameter>& parameters() const = 0;
  // How many trials an entry gets at least, and how long each warms up: what the scenario says, unless the test's
  // nature says otherwise (a round of lb-variance is a trial).
  virtual int trials(const scenarios::Scenario& scenario, const Conditions& /*conditions*/) const {
    return scenario.trials.min;
  }
  virtual Duration warm_up(const scenarios::Scenario& scenario, const Conditions& /*conditions*/) const {
    return scenario.warm_up;
  }
  // Every figure that the test's report has, or may have.
  virtual const std::vector<scenarios::FigureDeclaration>& figures() const = 0;
  // What the test is about: its interval decides when `trials: {ci_width: …}` is content.
  virtual std::string_view primary_figure() const = 0;
  // What algorithms and modes are compared by. Few: each figure more costs all of them power under Holm's adjustment.
  virtual std::vector<std::string_view> compared_figures() const { return {primary_figure()}; }
  // Why the simulator's world cannot run it: what it measures there. "": the world has all that the test commands and
  // reads.
  virtual std::string_view emulator_only() const { return ""; }
  // Whether it measures a scenario's `fleet`; it then runs on nothing else.
  virtual bool of_fleets() const { return false; }
  // Of one trial, without warm-up and cool-down: for the time left.
  virtual Duration length(const scenarios::Scenario& scenario, const Conditions& conditions) const = 0;
  // Why nothing could be measured under these conditions; nothing when it can.
  virtual std::optional<std::string> impossible(const Conditions& /*conditions*/) const { return std::nullopt; }
  // The stimulus with its warm-up. Throws MeasurementError, Interrupted. What it switched on is switched off by
  // quiesce(), whatever happens.
  virtual void run_trial(const TrialContext& context) const = 0;
  // Why this trial does not count, from its logs (load not as offered, selection not stable); nothing: it counts.
  virtual std::optional<std::string> void_reason(const RunData& data, const Trial& trial,
                                                 const Conditions& conditions) const = 0;
  // Figures with their verdicts, and the trials' values. Throws MeasurementError for what the logs do not hold: the
  // caller makes it an `error`.
  virtual void analyse(const AnalysisInput& input, TestResult& result, std::vector<Warning>& warnings) const = 0;
};

std::span<const Test* const> all_tests();
const Test* find_test(std::string_view name);

// No load, no known sequence, no watching, nobody at the controller: the state in which every trial begins. Deliberate
// faults stay.
void quiesce(scenarios::Testbed& testbed);

}  // namespace cats::suite
