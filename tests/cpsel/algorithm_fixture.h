// One algorithm and a board of instances that a test writes.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cpsel/registry.h"

namespace cats::cpsel {

class Board {
 public:
  explicit Board(const std::string& algorithm, const Parameters& parameters = {}, std::uint64_t seed = 1)
      : algorithm_(std::move(*make_algorithm(algorithm, parameters))), random_(seed, "test") {}

  // New reports of all, by ascending CSCI-ID; capacities 1.
  Board& loads(const std::vector<double>& loads) {
    candidates_.resize(loads.size());
    values_.resize(loads.size());
    for (std::size_t i = 0; i < loads.size(); ++i) {
      Candidate& one = candidates_[i];
      one.id = {IpAddress::of("2001:2::").plus(i + 1), 0};
      one.load = loads[i];
      one.metrics = &values_[i];
      ++one.report;
      if (!one.flows_since_report) one.flows_since_report = one.flows_before_report = 0;
    }
    return *this;
  }
  Board& capacities(const std::vector<double>& capacities) {
    for (std::size_t i = 0; i < capacities.size(); ++i) candidates_[i].capacity = capacities[i];
    return *this;
  }
  Candidate& operator[](std::size_t i) { return candidates_[i]; }
  Values& values(std::size_t i) { return values_[i]; }

  Choice choose(Duration dt = Duration(0), double arrivals = 0) {
    Choice choice = algorithm_->choose({candidates_, dt, random_, arrivals});
    for (std::size_t i = 0; i < choice.weights.size(); ++i) candidates_[i].last_weight = choice.weights[i];
    return choice;
  }
  std::vector<double> weights(Duration dt = Duration(0), double arrivals = 0) { return choose(dt, arrivals).weights; }

 private:
  std::unique_ptr<Algorithm> algorithm_;
  RandomStream random_;
  std::vector<Candidate> candidates_;
  std::deque<Values> values_;
};

}  // namespace cats::cpsel
