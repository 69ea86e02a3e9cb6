#include "cpsel/pid_weights.h"

#include <algorithm>
#include <set>

namespace cats::cpsel {
namespace {

constexpr double kLeastWeight = 0.1;
constexpr double kMostWeight = 10;

}  // namespace

void PidWeights::step(Controlled& instance, double mean_load, double load) const {
  PidStep step;
  step.error = mean_load - load;
  if (instance.last_error) {
    step.change = step.error - *instance.last_error;
    step.dt_s = to_seconds(now_ - instance.last_step);
  }
  instance.sum = std::clamp(instance.sum + step.error, -sum_limit_, sum_limit_);
  step.sum = instance.sum;
  const double s = correction_(step) / mean_load;
  instance.weight = std::clamp(instance.weight * (s >= 0 ? 1 + s : 1 / (1 - s)), kLeastWeight, kMostWeight);
  instance.last_error = step.error;
  instance.last_step = now_;
}

Choice PidWeights::choose(const Snapshot& snapshot) {
  now_ += snapshot.dt;
  std::set<InstanceId> present;
  double mean_load = 0;
  for (const Candidate& one : snapshot.candidates) {
    present.insert(one.id);
    mean_load += one.load / static_cast<double>(snapshot.candidates.size());
  }
  std::erase_if(controlled_, [&](const auto& entry) { return !present.contains(entry.first); });
  for (const Candidate& one : snapshot.candidates) {
    const auto [found, is_new] = controlled_.try_emplace(one.id);
    Controlled& instance = found->second;
    if (!is_new && instance.report == one.report) continue;
    instance.report = one.report;
    if (one.load > 0 && mean_load > 0) step(instance, mean_load, one.load);
  }
  double sum = 0;
  for (const auto& [id, instance] : controlled_) sum += instance.weight;
  const double mean = sum / static_cast<double>(controlled_.size());
  Choice choice;
  for (const Candidate& one : snapshot.candidates) {
    double& weight = controlled_.at(one.id).weight;
    weight /= mean;
    choice.weights.push_back(weight / static_cast<double>(controlled_.size()));
  }
  return choice;
}

}  // namespace cats::cpsel
