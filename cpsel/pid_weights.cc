#include "cpsel/pid_weights.h"

#include <algorithm>
#include <utility>

namespace cats::cpsel {
namespace {

constexpr double kLeastWeight = 0.1;
constexpr double kMostWeight = 10;

}  // namespace

void PidWeights::follow(std::span<const Candidate> candidates) {
  const auto same = [](const Controlled& a, const Candidate& b) { return a.id == b.id; };
  if (std::equal(controlled_.begin(), controlled_.end(), candidates.begin(), candidates.end(), same)) return;
  std::vector<Controlled> now;
  std::size_t at = 0;  // both ascend by id
  for (const Candidate& one : candidates) {
    while (at < controlled_.size() && controlled_[at].id < one.id) ++at;
    if (at < controlled_.size() && controlled_[at].id == one.id)
      now.push_back(controlled_[at]);
    else
      now.push_back({.id = one.id});
  }
  controlled_ = std::move(now);
}

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
  follow(snapshot.candidates);
  double mean_load = 0;
  for (const Candidate& one : snapshot.candidates)
    mean_load += one.load / static_cast<double>(snapshot.candidates.size());
  double sum = 0;
  for (std::size_t i = 0; i < controlled_.size(); ++i) {
    const Candidate& one = snapshot.candidates[i];
    Controlled& instance = controlled_[i];
    if (std::exchange(instance.is_new, false) || instance.report != one.report) {
      instance.report = one.report;
      if (one.load > 0 && mean_load > 0) step(instance, mean_load, one.load);
    }
    sum += instance.weight;
  }
  const double mean = sum / static_cast<double>(controlled_.size());
  Choice choice;
  choice.weights.reserve(controlled_.size());
  for (Controlled& instance : controlled_) {
    instance.weight /= mean;
    choice.weights.push_back(instance.weight / static_cast<double>(controlled_.size()));
  }
  return choice;
}

}  // namespace cats::cpsel
