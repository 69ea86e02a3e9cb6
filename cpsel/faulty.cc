#include "cpsel/faulty.h"

#include <algorithm>
#include <utility>

namespace cats::cpsel {
namespace {

Choice last_choice(const Snapshot& snapshot) {
  Choice choice;
  for (const Candidate& one : snapshot.candidates) choice.weights.push_back(one.last_weight);
  return choice;
}

class Stuck final : public Algorithm {
 public:
  explicit Stuck(std::map<InstanceId, double> weights) : weights_(std::move(weights)) {}

  Choice choose(const Snapshot& snapshot) override {
    Choice choice;
    for (const Candidate& one : snapshot.candidates) {
      const auto known = weights_.find(one.id);
      choice.weights.push_back(known == weights_.end() ? 0 : known->second);
    }
    return choice;
  }

 private:
  std::map<InstanceId, double> weights_;
};

class Slow final : public Algorithm {
 public:
  Slow(std::unique_ptr<Algorithm> right, int updates) : right_(std::move(right)), updates_(updates) {}

  Choice choose(const Snapshot& snapshot) override {
    Choice wanted = right_->choose(snapshot);
    Choice kept = last_choice(snapshot);
    seen_ = wanted.weights == kept.weights ? 0 : seen_ + 1;
    const bool nothing_kept = std::ranges::all_of(kept.weights, [](double weight) { return weight == 0; });
    if (seen_ < updates_ && !nothing_kept) return kept;
    seen_ = 0;
    return wanted;
  }

 private:
  std::unique_ptr<Algorithm> right_;
  int updates_;
  int seen_ = 0;  // in a row, for something else
};

class Blind final : public Algorithm {
 public:
  explicit Blind(std::size_t turn) : turn_(turn) {}

  Choice choose(const Snapshot& snapshot) override {
    Choice choice{false, std::vector<double>(snapshot.candidates.size(), 0.0)};
    choice.weights[turn_ % choice.weights.size()] = 1;
    return choice;
  }

 private:
  std::size_t turn_;
};

}  // namespace

std::unique_ptr<Algorithm> stuck(std::map<InstanceId, double> weights) {
  return std::make_unique<Stuck>(std::move(weights));
}

std::unique_ptr<Algorithm> slow(std::unique_ptr<Algorithm> right, int updates) {
  return std::make_unique<Slow>(std::move(right), updates);
}

std::unique_ptr<Algorithm> blind(std::size_t turn) { return std::make_unique<Blind>(turn); }

}  // namespace cats::cpsel
