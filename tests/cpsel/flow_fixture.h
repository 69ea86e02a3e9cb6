// One algorithm that chooses for every flow, and what a test lets it hear.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cpsel/flow_algorithm.h"

namespace cats::cpsel {

class Flows {
 public:
  explicit Flows(const std::string& algorithm, std::size_t places, const Parameters& parameters = {},
                 std::size_t clients = 1, std::uint64_t seed = 1)
      : algorithm_(std::move(*make_flow_algorithm(
            algorithm, parameters, {.places = places, .clients = clients, .random = RandomStream(seed, "test")}))),
        sent_(places) {
    for (std::uint32_t place = 0; place < places; ++place) algorithm_->announce(place);
  }

  FlowAlgorithm& operator*() { return *algorithm_; }
  FlowAlgorithm* operator->() { return algorithm_.get(); }
  void at(Duration now) { now_ = Instant(now); }

  FlowAlgorithm::Pick pick_noted() {
    const auto pick = algorithm_->pick(now_);
    if (pick.place != FlowAlgorithm::kNobody) sent_[pick.place].push_back(pick);
    return pick;
  }
  std::uint32_t pick() { return pick_noted().place; }
  std::vector<std::uint32_t> picks(int count) {
    std::vector<std::uint32_t> places;
    for (int i = 0; i < count; ++i) places.push_back(pick());
    return places;
  }
  // The first of the flows at this place has ended.
  void reply(std::uint32_t place, const Reply& reply) {
    const auto pick = sent_.at(place).at(0);
    sent_[place].pop_front();
    algorithm_->ended(now_, pick, reply);
  }
  std::size_t in_flight(std::uint32_t place) const { return sent_[place].size(); }

 private:
  std::unique_ptr<FlowAlgorithm> algorithm_;
  std::vector<std::deque<FlowAlgorithm::Pick>> sent_;  // and not ended, by place
  Instant now_;
};

}  // namespace cats::cpsel
