#include "cpsel/order_book.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace cats::cpsel {

void OrderBook::acknowledged(std::size_t router, const IpAddress& service, std::uint64_t decision, Instant at) {
  Router& one = routers_[router];
  one.in_force[service] = decision;
  one.failure.clear();
  log_.write_at(at, "order_acknowledged", {{"router", one.node}, {"service", service.str()}, {"decision", decision}});
  answer_waiting();
}

void OrderBook::failed(std::size_t router, std::uint64_t decision, const std::string& why, bool tried_again) {
  Router& one = routers_[router];
  if (one.failure != why)
    log_.write("order_failed",
               {{"router", one.node}, {"decision", decision}, {"why", why}, {"tried_again", tried_again}});
  one.failure = why;
}

void OrderBook::when_everywhere(const IpAddress& service, std::uint64_t decision, std::function<void()> done) {
  waiting_.push_back({service, decision, std::move(done)});
  answer_waiting();
}

bool OrderBook::everywhere(const Waiting& one) const {
  return std::ranges::all_of(routers_, [&](const Router& router) {
    const auto known = router.in_force.find(one.service);
    return known != router.in_force.end() && known->second >= one.decision;
  });
}

void OrderBook::answer_waiting() {
  const auto answered =
      std::stable_partition(waiting_.begin(), waiting_.end(), [&](const Waiting& one) { return !everywhere(one); });
  const std::vector<Waiting> done(std::make_move_iterator(answered), std::make_move_iterator(waiting_.end()));
  waiting_.erase(answered, waiting_.end());
  for (const Waiting& one : done) one.done();
}

std::vector<std::string> OrderBook::having(const IpAddress& service, std::uint64_t decision) const {
  std::vector<std::string> names;
  for (const Router& router : routers_) {
    const auto known = router.in_force.find(service);
    if (known != router.in_force.end() && known->second == decision) names.push_back(router.node);
  }
  return names;
}

nlohmann::ordered_json OrderBook::json() const {
  auto all = nlohmann::ordered_json::array();
  for (const Router& router : routers_)
    all.push_back({{"node", router.node},
                   {"failure", router.failure.empty() ? nlohmann::ordered_json(nullptr)
                                                      : nlohmann::ordered_json(router.failure)}});
  return all;
}

}  // namespace cats::cpsel
