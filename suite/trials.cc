#include "suite/trials.h"

#include <algorithm>

#include "base/random.h"

namespace cats::suite {
namespace {

using Json = nlohmann::ordered_json;

// Of the logs before a trial, what its own check may look back on: the last decision.
constexpr Duration kBeforeTrial = std::chrono::seconds(10);

Duration length_of(const PlannedTrial& trial, const scenarios::Scenario& scenario) {
  return scenario.warm_up + trial.test->length(trial.conditions) + scenario.cool_down;
}

Json describe(const scenarios::Testbed& testbed) {
  Json sites = Json::array();
  for (const scenarios::Site& site : testbed.sites())
    sites.push_back({{"node", site.node},
                     {"csci", site.csci.str()},
                     {"cs_id", site.cs_id.str()},
                     {"egress", site.egress},
                     {"quota_cores", site.quota_cores}});
  return {{"sites", sites}, {"ingresses", testbed.ingresses()}, {"hosts", testbed.hosts()}};
}

class Loop {
 public:
  Loop(scenarios::Testbed& testbed, const scenarios::Scenario& scenario, const std::vector<PlannedTrial>& plan,
       const std::filesystem::path& run_directory, EventLog& log, const std::function<void(const Progress&)>& progress)
      : testbed_(testbed),
        scenario_(scenario),
        plan_(plan),
        run_directory_(run_directory),
        log_(log),
        progress_(progress) {}

  void run() {
    log_.write("testbed", describe(testbed_));
    for (next_ = 0; next_ < plan_.size(); ++next_)
      for (int attempt = 0; attempt < kAttempts; ++attempt) {
        const auto reason = take(plan_[next_], attempt);
        if (!reason) break;
        show(plan_[next_], attempt, "void", *reason);
      }
  }

 private:
  // Why the attempt does not count, if it does not.
  std::optional<std::string> take(const PlannedTrial& planned, int attempt) {
    const std::string id = fmt::format("{}.{}.{}", planned.test->name(), planned.index, attempt);
    started_ = testbed_.now();
    const Conditions& conditions = planned.conditions;
    log_.write_at(started_, "trial_started",
                  {{"trial", id},
                   {"test", planned.test->name()},
                   {"index", planned.index},
                   {"attempt", attempt},
                   {"seed", planned.seed},
                   {"algorithm", conditions.algorithm},
                   {"interval_ns", conditions.interval.count()},
                   {"mode", conditions.mode},
                   {"quick", conditions.quick},
                   {"parameters", conditions.parameters}});
    const auto begin_phase = [&](std::string_view name) {
      log_.write_at(testbed_.now(), "phase", {{"trial", id}, {"name", name}});
      show(planned, attempt, name, "");
    };
    std::optional<std::string> reason = stimulate(planned, id, begin_phase);
    if (!reason) reason = check_logs(planned, id);
    log_.write_at(testbed_.now(), "trial_ended", {{"trial", id}, {"void", reason ? Json(*reason) : Json(nullptr)}});
    return reason;
  }

  std::optional<std::string> stimulate(const PlannedTrial& planned, const std::string& id,
                                       const std::function<void(std::string_view)>& begin_phase) {
    const auto before = testbed_.machine_time();
    try {
      quiesce(testbed_);
      const TrialContext context{testbed_,     scenario_,         planned.conditions, id,
                                 planned.seed, scenario_.warm_up, begin_phase};
      planned.test->run_trial(context);
      quiesce(testbed_);
      context.phase("cool-down", scenario_.cool_down);
    } catch (const MeasurementError& error) {
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
    for (std::size_t i = next_; i < plan_.size(); ++i) left += length_of(plan_[i], scenario_);
    return std::max(left - (testbed_.now() - started_), Duration{});
  }

  void show(const PlannedTrial& planned, int attempt, std::string_view phase, const std::string& message) const {
    if (!progress_) return;
    progress_({std::string(planned.test->name()), planned.index + 1, scenario_.trials, attempt + 1, std::string(phase),
               left(), message});
  }

  scenarios::Testbed& testbed_;
  const scenarios::Scenario& scenario_;
  const std::vector<PlannedTrial>& plan_;
  const std::filesystem::path& run_directory_;
  EventLog& log_;
  const std::function<void(const Progress&)>& progress_;
  std::size_t next_ = 0;  // of plan_
  Instant started_;
};

}  // namespace

std::vector<PlannedTrial> plan_trials(const scenarios::Scenario& scenario) {
  std::vector<PlannedTrial> plan;
  for (const scenarios::TestRequest& request : scenario.tests) {
    const Test* test = find_test(request.name);
    if (test == nullptr) throw UsageError("no test is called " + request.name);
    for (int index = 0; index < scenario.trials; ++index) {
      RandomStream stream(scenario.seed, fmt::format("trial/{}/{}", request.name, index));
      // Below 2^53, so that every reader of report.json gets the same number.
      plan.push_back({test, conditions_of(*test, scenario), index, stream.bits() >> 11});
    }
  }
  RandomStream order(scenario.seed, "trial-order");
  for (std::size_t i = plan.size(); i > 1; --i) std::swap(plan[i - 1], plan[order.below(i)]);
  return plan;
}

Duration total_length(const std::vector<PlannedTrial>& plan, const scenarios::Scenario& scenario) {
  Duration total{};
  for (const PlannedTrial& trial : plan) total += length_of(trial, scenario);
  return total;
}

void run_trials(scenarios::Testbed& testbed, const scenarios::Scenario& scenario, const std::vector<PlannedTrial>& plan,
                const std::filesystem::path& run_directory, EventLog& log,
                const std::function<void(const Progress&)>& progress) {
  Loop(testbed, scenario, plan, run_directory, log, progress).run();
}

}  // namespace cats::suite
