#include "suite/trials.h"

#include <algorithm>

#include "base/random.h"
#include "suite/report/figure.h"
#include "suite/stats/enough.h"
#include "suite/take_trial.h"

namespace cats::suite {
namespace {

void shuffle(std::vector<PlannedTrial>& block, std::uint64_t seed, int index) {
  RandomStream order(seed, fmt::format("trial-order/{}", index));
  for (std::size_t i = block.size(); i > 1; --i) std::swap(block[i - 1], block[order.below(i)]);
}

class Loop {
 public:
  Loop(scenarios::Testbed& testbed, const std::vector<PlannedTrial>& plan, const std::filesystem::path& run_directory,
       EventLog& log, const std::function<void(const Progress&)>& progress, const Taken& before)
      : plan_(plan),
        run_directory_(run_directory),
        progress_(progress),
        before_(before),
        taker_(testbed, run_directory, log,
               [this](const PlannedTrial& trial, int attempt, std::string_view phase, const std::string& why) {
                 show(trial, attempt, phase, why);
               }) {}

  void run() {
    while (next_ < plan_.size()) {
      for (; next_ < plan_.size(); ++next_) take(plan_[next_]);
      const std::vector<PlannedTrial> more = next_block(plan_, results());
      plan_.insert(plan_.end(), more.begin(), more.end());
    }
  }

 private:
  void take(const PlannedTrial& trial) {
    const std::pair key{trial.entry.label, trial.index};
    if (before_.counted.contains(key)) return;
    const auto begun = before_.attempts.find(key);
    taker_.take(trial, begun == before_.attempts.end() ? 0 : begun->second);
  }

  std::function<RunData(const std::string&)> results() const {
    return [directory = run_directory_, reader = std::optional<RunReader>()](const std::string& label) mutable {
      if (!reader) {
        auto opened = RunReader::open(directory);
        if (!opened) throw MeasurementError(opened.error().message);
        reader = *std::move(opened);
      }
      return reader->of(label);
    };
  }

  Duration left() const {
    Duration left{};
    for (std::size_t i = next_; i < plan_.size(); ++i) left += length_of(plan_[i]);
    return std::max(left - taker_.passed(), Duration{});
  }

  void show(const PlannedTrial& planned, int attempt, std::string_view phase, const std::string& message) const {
    if (!progress_) return;
    int trials = 0;
    for (const PlannedTrial& trial : plan_) trials += trial.entry.label == planned.entry.label ? 1 : 0;
    progress_({fmt::format("{}.{}.{}", planned.entry.label, planned.index, attempt), planned.entry.label,
               planned.index + 1, trials, attempt + 1, std::string(phase), left(), message, planned.conditions.engine});
  }

  std::vector<PlannedTrial> plan_;
  const std::filesystem::path& run_directory_;
  const std::function<void(const Progress&)>& progress_;
  const Taken& before_;
  TrialTaker taker_;
  std::size_t next_ = 0;  // of plan_
};

bool precise(const RunData& results, const PlannedTrial& trial) {
  std::vector<Warning> ignored;
  const TestResult result = analyse(results, trial.entry, ignored);
  const Figure* figure = result.find(trial.test->primary_figure());
  if (figure == nullptr) return false;
  const std::vector<double> values = result.values(trial.test->primary_figure());
  return stats::enough(values, trial.entry.scenario->trials.ci_width, scale_of(*figure));
}

}  // namespace

PlannedTrial plan_trial(const scenarios::Case& entry, int index) {
  const Test* test = find_test(entry.test);
  if (test == nullptr) throw UsageError("no test is called " + entry.test);
  RandomStream stream(entry.scenario->seed, fmt::format("trial/{}/{}", entry.test, index));
  // Below 2^53, so that every reader of report.json gets the same number.
  return {entry, test, conditions_of(*test, *entry.scenario), index, stream.bits() >> 11};
}

Duration length_of(const PlannedTrial& trial) {
  const scenarios::Scenario& scenario = *trial.entry.scenario;
  return trial.test->warm_up(scenario, trial.conditions) + trial.test->length(scenario, trial.conditions) +
         scenario.cool_down;
}

std::vector<PlannedTrial> plan_trials(const scenarios::Scenario& scenario) {
  std::vector<std::vector<PlannedTrial>> blocks;
  for (const scenarios::Case& entry : scenarios::cases_of(scenario)) {
    const PlannedTrial first = plan_trial(entry, 0);
    if (const auto why = first.test->impossible(first.conditions))
      throw UsageError(fmt::format("{}: {}: {}", scenario.file.string(), entry.label, *why));
    const int trials = first.test->trials(*entry.scenario, first.conditions);
    if (blocks.size() < static_cast<std::size_t>(trials)) blocks.resize(static_cast<std::size_t>(trials));
    for (int index = 0; index < trials; ++index)
      blocks[static_cast<std::size_t>(index)].push_back(plan_trial(entry, index));
  }
  std::vector<PlannedTrial> plan;
  for (std::size_t index = 0; index < blocks.size(); ++index) {
    shuffle(blocks[index], scenario.seed, static_cast<int>(index));
    plan.insert(plan.end(), blocks[index].begin(), blocks[index].end());
  }
  return plan;
}

std::vector<PlannedTrial> next_block(const std::vector<PlannedTrial>& plan,
                                     const std::function<RunData(const std::string&)>& results) {
  std::map<std::string, const PlannedTrial*> last;
  for (const PlannedTrial& trial : plan) {
    const PlannedTrial*& known = last[trial.entry.label];
    if (known == nullptr || known->index < trial.index) known = &trial;
  }
  std::erase_if(last, [](const auto& entry) {
    const scenarios::Trials& wanted = entry.second->entry.scenario->trials;
    return wanted.ci_width <= 0 || entry.second->index + 1 >= wanted.max;
  });
  std::vector<PlannedTrial> block;
  for (const auto& [label, trial] : last)
    if (!precise(results(label), *trial)) block.push_back(plan_trial(trial->entry, trial->index + 1));
  if (!block.empty()) shuffle(block, block.front().entry.scenario->seed, block.front().index);
  return block;
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
