#include "suite/trials.h"

#include <algorithm>

#include "base/random.h"
#include "suite/background.h"
#include "suite/comparisons.h"
#include "suite/faults.h"
#include "suite/report/figure.h"
#include "suite/stats/enough.h"

namespace cats::suite {
namespace {

using Json = nlohmann::ordered_json;

// Of the logs before a trial, what its own check may look back on: the last decision.
constexpr Duration kBeforeTrial = std::chrono::seconds(10);

Duration length_of(const PlannedTrial& trial) {
  const scenarios::Scenario& scenario = *trial.entry.scenario;
  return trial.test->warm_up(scenario, trial.conditions) + trial.test->length(scenario, trial.conditions) +
         scenario.cool_down;
}

PlannedTrial planned(const scenarios::Case& entry, int index) {
  const Test* test = find_test(entry.test);
  if (test == nullptr) throw UsageError("no test is called " + entry.test);
  RandomStream stream(entry.scenario->seed, fmt::format("trial/{}/{}", entry.test, index));
  // Below 2^53, so that every reader of report.json gets the same number.
  return {entry, test, conditions_of(*test, *entry.scenario), index, stream.bits() >> 11};
}

void shuffle(std::vector<PlannedTrial>& block, std::uint64_t seed, int index) {
  RandomStream order(seed, fmt::format("trial-order/{}", index));
  for (std::size_t i = block.size(); i > 1; --i) std::swap(block[i - 1], block[order.below(i)]);
}

Json describe(const scenarios::Testbed& testbed) {
  Json sites = Json::array();
  for (const scenarios::Site& site : testbed.sites())
    sites.push_back({{"node", site.node},
                     {"csci", site.csci.str()},
                     {"cs_id", site.cs_id.str()},
                     {"egress", site.egress},
                     {"quota_cores", site.quota_cores}});
  Json steering = Json::array();
  for (const scenarios::Ingress& one : testbed.steering())
    steering.push_back({{"ingress", one.node}, {"decider", one.decider}, {"listener", one.listener}});
  Json receivers = Json::array();
  for (const scenarios::Receiver& one : testbed.receivers())
    receivers.push_back({{"node", one.node}, {"via", one.via}});
  return {{"sites", sites},
          {"ingresses", testbed.ingresses()},
          {"steering", steering},
          {"receivers", receivers},
          {"hosts", testbed.hosts()}};
}

// `trial_started`: what the trials of an entry share, and what is this one's.
Json describe(const PlannedTrial& planned, const std::string& id, int attempt) {
  const Conditions& conditions = planned.conditions;
  Json json = {{"trial", id},
               {"test", planned.test->name()},
               {"entry", planned.entry.label},
               {"index", planned.index},
               {"attempt", attempt},
               {"seed", planned.seed},
               {"algorithm", conditions.algorithm},
               {"interval_ns", conditions.interval.count()},
               {"mode", conditions.mode}};
  if (!conditions.cps.empty()) json["cps"] = conditions.cps;
  if (!conditions.southbound.empty()) json["southbound"] = conditions.southbound;
  json["quick"] = conditions.quick;
  json["parameters"] = conditions.parameters;
  return json;
}

class Loop {
 public:
  Loop(scenarios::Testbed& testbed, const std::vector<PlannedTrial>& plan, const std::filesystem::path& run_directory,
       EventLog& log, const std::function<void(const Progress&)>& progress, const Taken& before)
      : testbed_(testbed),
        plan_(plan),
        run_directory_(run_directory),
        log_(log),
        progress_(progress),
        before_(before),
        faults_(testbed) {}

  void run() {
    for (next_ = 0; next_ < plan_.size(); ++next_) attempt(plan_[next_]);
    while (plan_more())
      for (; next_ < plan_.size(); ++next_) attempt(plan_[next_]);
  }

 private:
  void attempt(const PlannedTrial& planned) {
    const std::pair key{planned.entry.label, planned.index};
    if (before_.counted.contains(key)) return;
    const auto begun = before_.attempts.find(key);
    const int first = begun == before_.attempts.end() ? 0 : begun->second;
    for (int attempt = first; attempt < first + kAttempts; ++attempt) {
      const auto reason = take(planned, attempt);
      if (!reason) break;
      show(planned, attempt, "void", *reason);
    }
  }

  // Another block, of the adaptive entries that are not precise enough. False: there is none.
  bool plan_more() {
    std::map<std::string, const PlannedTrial*> last;
    for (const PlannedTrial& trial : plan_) {
      const PlannedTrial*& known = last[trial.entry.label];
      if (known == nullptr || known->index < trial.index) known = &trial;
    }
    std::vector<PlannedTrial> block;
    for (const auto& [label, trial] : last) {
      const scenarios::Trials& wanted = trial->entry.scenario->trials;
      if (wanted.ci_width > 0 && trial->index + 1 < wanted.max && !precise(*trial))
        block.push_back(planned(trial->entry, trial->index + 1));
    }
    if (block.empty()) return false;
    shuffle(block, block.front().entry.scenario->seed, block.front().index);
    plan_.insert(plan_.end(), block.begin(), block.end());
    return true;
  }

  bool precise(const PlannedTrial& trial) const {
    const auto data = RunData::load(run_directory_);
    if (!data) throw MeasurementError(data.error().message);
    std::vector<Warning> ignored;
    const TestResult result = analyse(*data, trial.entry, ignored);
    const Figure* figure = result.find(trial.test->primary_figure());
    if (figure == nullptr) return false;
    const std::vector<double> values = trial_values(result, trial.test->primary_figure());
    return stats::enough(values, trial.entry.scenario->trials.ci_width, scale_of(*figure));
  }

  // Why the attempt does not count, if it does not.
  std::optional<std::string> take(const PlannedTrial& planned, int attempt) {
    const std::string id = fmt::format("{}.{}.{}", planned.entry.label, planned.index, attempt);
    testbed_.restore_all();  // what a trial that broke off had lost
    testbed_.configure(*planned.entry.scenario);
    faults_.begin(*planned.entry.scenario);
    // The sites are as the entry's values make them.
    if (const Json testbed = describe(testbed_); testbed != described_) {
      log_.write("testbed", testbed);
      described_ = testbed;
    }
    started_ = testbed_.now();
    log_.write_at(started_, "trial_started", describe(planned, id, attempt));
    bool struck = false;
    const auto begin_phase = [&](std::string_view name) {
      log_.write_at(testbed_.now(), "phase", {{"trial", id}, {"name", name}});
      show(planned, attempt, name, "");
      follow_background(testbed_, *planned.entry.scenario, name.starts_with(kMeasurePhase));
      if (name == kMeasurePhase && !std::exchange(struck, true)) faults_.strike(*planned.entry.scenario);
    };
    const auto log = [&](std::string_view event, Json fields) {
      fields["trial"] = id;
      log_.write_at(testbed_.now(), event, std::move(fields));
    };
    std::optional<std::string> reason = stimulate(planned, id, begin_phase, log);
    if (!reason) reason = check_logs(planned, id);
    log_.write_at(testbed_.now(), "trial_ended", {{"trial", id}, {"void", reason ? Json(*reason) : Json(nullptr)}});
    if (algorithm_failed_) throw scenarios::AlgorithmFailed(*reason);
    return reason;
  }

  std::optional<std::string> stimulate(const PlannedTrial& planned, const std::string& id,
                                       const std::function<void(std::string_view)>& begin_phase,
                                       const std::function<void(std::string_view, Json)>& log) {
    const auto before = testbed_.machine_time();
    try {
      quiesce(testbed_);
      const scenarios::Scenario& scenario = *planned.entry.scenario;
      const TrialContext context{testbed_,    scenario,     planned.conditions,
                                 id,          planned.seed, planned.test->warm_up(scenario, planned.conditions),
                                 begin_phase, log};
      planned.test->run_trial(context);
      testbed_.restore_all();
      quiesce(testbed_);
      context.phase("cool-down", scenario.cool_down);
    } catch (const MeasurementError& error) {
      algorithm_failed_ = dynamic_cast<const scenarios::AlgorithmFailed*>(&error) != nullptr;
      return error.what();
    }
    const auto after = testbed_.machine_time();
    const double total = to_seconds(after.total - before.total);
    if (total <= 0) return std::nullopt;  // virtual time has no machine
    const double share = to_seconds(after.idle - before.idle) / total;
    log_.write_at(testbed_.now(), "host_idle", {{"trial", id}, {"share", share}});
    if (share < kLeastIdleShare)
      return fmt::format("the machine was only {:.1f} % idle, must be {:.0f} %", 100 * share, 100 * kLeastIdleShare);
    return std::nullopt;
  }

  std::optional<std::string> check_logs(const PlannedTrial& planned, const std::string& id) const {
    try {
      const auto data = RunData::load(run_directory_, to_ns(started_ - kBeforeTrial));
      if (!data) return data.error().message;
      for (const Trial& trial : data->trials())
        if (trial.id == id) return planned.test->void_reason(*data, trial, planned.conditions);
      return "the runner's log does not hold the trial";
    } catch (const MeasurementError& error) {
      return error.what();
    } catch (const nlohmann::json::exception& error) {
      return fmt::format("an event lacks what the test needs: {}", error.what());
    }
  }

  Duration left() const {
    Duration left{};
    for (std::size_t i = next_; i < plan_.size(); ++i) left += length_of(plan_[i]);
    return std::max(left - (testbed_.now() - started_), Duration{});
  }

  void show(const PlannedTrial& planned, int attempt, std::string_view phase, const std::string& message) const {
    if (!progress_) return;
    int trials = 0;
    for (const PlannedTrial& trial : plan_) trials += trial.entry.label == planned.entry.label ? 1 : 0;
    progress_({fmt::format("{}.{}.{}", planned.entry.label, planned.index, attempt), planned.entry.label,
               planned.index + 1, trials, attempt + 1, std::string(phase), left(), message});
  }

  scenarios::Testbed& testbed_;
  std::vector<PlannedTrial> plan_;
  const std::filesystem::path& run_directory_;
  EventLog& log_;
  const std::function<void(const Progress&)>& progress_;
  const Taken& before_;
  Faults faults_;
  Json described_;
  std::size_t next_ = 0;  // of plan_
  Instant started_;
  bool algorithm_failed_ = false;
};

}  // namespace

std::vector<PlannedTrial> plan_trials(const scenarios::Scenario& scenario) {
  std::vector<std::vector<PlannedTrial>> blocks;
  for (const scenarios::Case& entry : scenarios::cases_of(scenario)) {
    const PlannedTrial first = planned(entry, 0);
    if (const auto why = first.test->impossible(first.conditions))
      throw UsageError(fmt::format("{}: {}: {}", scenario.file.string(), entry.label, *why));
    const int trials = first.test->trials(*entry.scenario, first.conditions);
    if (blocks.size() < static_cast<std::size_t>(trials)) blocks.resize(static_cast<std::size_t>(trials));
    for (int index = 0; index < trials; ++index)
      blocks[static_cast<std::size_t>(index)].push_back(planned(entry, index));
  }
  std::vector<PlannedTrial> plan;
  for (std::size_t index = 0; index < blocks.size(); ++index) {
    shuffle(blocks[index], scenario.seed, static_cast<int>(index));
    plan.insert(plan.end(), blocks[index].begin(), blocks[index].end());
  }
  return plan;
}

Duration total_length(const std::vector<PlannedTrial>& plan) {
  Duration total{};
  for (const PlannedTrial& trial : plan) total += length_of(trial);
  return total;
}

Taken taken(const RunData& data) {
  Taken taken;
  for (const Trial& trial : data.trials()) {
    const std::pair key{trial.entry, trial.index};
    if (!trial.voided) taken.counted.insert(key);
    int& attempts = taken.attempts[key];
    attempts = std::max(attempts, trial.attempt + 1);
  }
  return taken;
}

void run_trials(scenarios::Testbed& testbed, const std::vector<PlannedTrial>& plan,
                const std::filesystem::path& run_directory, EventLog& log,
                const std::function<void(const Progress&)>& progress, const Taken& before) {
  Loop(testbed, plan, run_directory, log, progress, before).run();
}

}  // namespace cats::suite
