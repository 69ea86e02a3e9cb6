#include <algorithm>
#include <set>

#include "cpsel/metrics_json.h"
#include "suite/comparisons.h"
#include "suite/outages.h"
#include "suite/report/figure.h"
#include "suite/trials.h"

namespace cats::suite {
namespace {

std::vector<const Trial*> counted(const RunData& data, std::string_view label) {
  std::vector<const Trial*> trials;
  for (const Trial& trial : data.trials())
    if (trial.entry == label && !trial.voided) trials.push_back(&trial);
  std::sort(trials.begin(), trials.end(), [](const Trial* a, const Trial* b) { return a->index < b->index; });
  return trials;
}

// Why trial `index` has no attempt that counts.
std::string last_void_reason(const RunData& data, std::string_view label, int index) {
  std::string reason = "it was not run";
  for (const Trial& trial : data.trials())
    if (trial.entry == label && trial.index == index && trial.voided) reason = *trial.voided;
  return reason;
}

void fill_trials(const RunData& data, const std::string& label, int wanted, const std::vector<const Trial*>& trials,
                 TestResult& result) {
  for (const Trial* trial : trials) result.trials.push_back({trial->index, trial->seed, trial->started_ns, {}, {}});
  for (const Trial& trial : data.trials()) result.void_trials += trial.entry == label && trial.voided ? 1 : 0;
  for (int index = 0; index < wanted; ++index) {
    if (std::any_of(trials.begin(), trials.end(), [&](const Trial* trial) { return trial->index == index; })) continue;
    TrialResult missing;
    missing.index = index;
    missing.error = last_void_reason(data, label, index);
    result.trials.push_back(std::move(missing));
  }
}

void fill_load(const RunData& data, const std::vector<const Trial*>& trials, TestResult& result) {
  std::int64_t offered = 0;
  std::int64_t sent = 0;
  bool any = false;
  for (const Trial* trial : trials)
    for (const Load* load : data.loads(trial->id)) {
      offered += load->offered;
      sent += load->sent;
      any = true;
    }
  if (!any) return;
  result.load_offered = static_cast<double>(offered);
  result.load_achieved = static_cast<double>(sent);
}

// Trials that did not count make the test an error, unless a violation was seen all the same.
void account_for_missing(TestResult& result) {
  std::string reasons;
  for (const TrialResult& trial : result.trials)
    if (trial.error)
      reasons +=
          fmt::format("{}trial {} could not be taken: {}", reasons.empty() ? "" : "; ", trial.index, *trial.error);
  if (reasons.empty() || result.verdict == Verdict::fail) return;
  result.verdict = Verdict::error;
  result.reason = reasons;
}

// What tells the entry from others of its test, beside what has a field of its own.
void add_studied(const nlohmann::ordered_json& combination, nlohmann::ordered_json& parameters) {
  static const std::set<std::string> fields{"algorithm", "engine", "interval", "mode"};
  for (const auto& [key, value] : combination.items())
    if (!fields.contains(key) && !parameters.contains(key)) parameters[key] = value;
}

void warn_of_trials(const RunData& data, const scenarios::Scenario& scenario, std::vector<Warning>& warnings) {
  for (const Trial& trial : data.trials())
    if (trial.voided)
      warnings.push_back(
          {trial.test, "",
           fmt::format("trial {}, attempt {} did not count: {}", trial.index, trial.attempt + 1, *trial.voided)});
  if (scenario.trials.min < kLeastTrialsForInterval)
    warnings.push_back({"", "",
                        fmt::format("{} trials: figures are judged by the range of the trials, not by an interval",
                                    scenario.trials.min)});
}

}  // namespace

TestResult analyse(const RunData& data, const scenarios::Case& entry, std::vector<Warning>& warnings) {
  const scenarios::Scenario& scenario = *entry.scenario;
  TestResult result;
  result.name = entry.test;
  const Test* test = find_test(entry.test);
  if (test == nullptr) throw UsageError("no test is called " + entry.test);
  const Conditions conditions = conditions_of(*test, scenario);
  result.mode = conditions.mode;
  result.engine = conditions.engine;
  result.algorithm = conditions.algorithm;
  result.interval_ms = to_ms(conditions.interval);
  result.parameters = conditions.parameters;
  result.study = entry.combination;
  add_studied(entry.combination, result.parameters);
  for (const auto& declaration : scenario.metrics.declared) result.metrics.push_back(cpsel::to_json(declaration));
  const std::vector<const Trial*> trials = counted(data, entry.label);
  fill_trials(data, entry.label, test->trials(scenario, conditions), trials, result);
  fill_load(data, trials, result);
  try {
    if (!trials.empty()) {
      const RunData own = data.in(*trials.front());
      warn_of_outages(own, trials, warnings);
      test->analyse({own, scenario, conditions, trials}, result, warnings);
      conclude(result);
    }
  } catch (const MeasurementError& error) {
    result.verdict = Verdict::error;
    result.reason = error.what();
  } catch (const nlohmann::json::exception& error) {
    result.verdict = Verdict::error;
    result.reason = fmt::format("an event lacks what the analysis needs: {}", error.what());
  }
  account_for_missing(result);
  std::sort(result.trials.begin(), result.trials.end(),
            [](const TrialResult& a, const TrialResult& b) { return a.index < b.index; });
  return result;
}

namespace {

Analysis analyse_each(const RunData& runner, const scenarios::Scenario& scenario,
                      const std::function<RunData(const std::string&)>& of_entry) {
  Analysis analysis;
  warn_of_trials(runner, scenario, analysis.warnings);
  for (const scenarios::Case& entry : scenarios::cases_of(scenario))
    analysis.tests.push_back(analyse(of_entry(entry.label), entry, analysis.warnings));
  analysis.comparisons = compare_entries(analysis.tests);
  for (const Trial& trial : runner.trials())
    analysis.trial_order.push_back(fmt::format("{}.{}", trial.entry, trial.index));
  return analysis;
}

}  // namespace

Analysis analyse(const RunData& data, const scenarios::Scenario& scenario) {
  return analyse_each(data, scenario, [&](const std::string&) { return data; });
}

Analysis analyse(RunReader& reader, const scenarios::Scenario& scenario) {
  return analyse_each(reader.runner(), scenario, [&](const std::string& entry) { return reader.of(entry); });
}

}  // namespace cats::suite
