#include "suite/take_trial.h"

#include <utility>

#include "base/error.h"
#include "suite/background.h"

namespace cats::suite {
namespace {

using Json = nlohmann::ordered_json;

// Of the logs before a trial, what its own check may look back on: the last decision.
constexpr Duration kBeforeTrial = std::chrono::seconds(10);

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

}  // namespace

TrialTaker::TrialTaker(scenarios::Testbed& testbed, std::filesystem::path run_directory, EventLog& log, Show show)
    : testbed_(testbed),
      run_directory_(std::move(run_directory)),
      log_(log),
      show_(std::move(show)),
      faults_(testbed) {}

void TrialTaker::take(const PlannedTrial& planned, int first) {
  for (int number = first; number < first + kAttempts; ++number) {
    const auto reason = attempt(planned, number);
    if (!reason) return;
    show_(planned, number, "void", *reason);
  }
}

// Why the attempt does not count, if it does not.
std::optional<std::string> TrialTaker::attempt(const PlannedTrial& planned, int number) {
  const std::string id = fmt::format("{}.{}.{}", planned.entry.label, planned.index, number);
  testbed_.restore_all();  // what a trial that broke off had lost
  testbed_.configure(*planned.entry.scenario);
  faults_.begin(*planned.entry.scenario);
  // The sites are as the entry's values make them.
  if (const Json testbed = describe(testbed_); testbed != described_) {
    log_.write("testbed", testbed);
    described_ = testbed;
  }
  started_ = testbed_.now();
  log_.write_at(started_, "trial_started", describe(planned, id, number));
  bool struck = false;
  const auto begin_phase = [&](std::string_view name) {
    log_.write_at(testbed_.now(), "phase", {{"trial", id}, {"name", name}});
    show_(planned, number, name, "");
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

std::optional<std::string> TrialTaker::stimulate(const PlannedTrial& planned, const std::string& id,
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

std::optional<std::string> TrialTaker::check_logs(const PlannedTrial& planned, const std::string& id) const {
  try {
    const auto data = RunData::load(run_directory_, to_ns(started_ - kBeforeTrial));
    if (!data) return data.error().message;
    for (const Trial& trial : data->trials())
      if (trial.id == id) return planned.test->void_reason(data->in(trial), trial, planned.conditions);
    return "the runner's log does not hold the trial";
  } catch (const MeasurementError& error) {
    return error.what();
  } catch (const nlohmann::json::exception& error) {
    return fmt::format("an event lacks what the test needs: {}", error.what());
  }
}

}  // namespace cats::suite
