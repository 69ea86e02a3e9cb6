#include <algorithm>
#include <numeric>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "cpsel/selector.h"

namespace cats::cpsel {
namespace {

using namespace std::chrono_literals;

constexpr Duration kLimit = 1s;

Selector with(const std::string& algorithm) {
  Selector selector(1);
  selector.add_service({"s", "cpu_utilisation", kLimit, {}}, *find_algorithm(algorithm),
                       std::move(*make_algorithm(algorithm, {})));
  return selector;
}

std::string any_algorithm() {
  std::vector<std::string> names;
  for (const AlgorithmInfo& info : algorithms())
    if (!info.needs_replies) names.push_back(info.name);
  return *rc::gen::elementOf(names);
}
InstanceId instance(std::uint64_t n) { return {IpAddress::of("2001:2::").plus(n + 1), 0}; }

void check(const Decision& decision) {
  double sum = 0;
  bool any_eligible = false;
  for (std::size_t i = 0; i < decision.inputs.size(); ++i) {
    const DecisionInput& input = decision.inputs[i];
    RC_ASSERT(decision.weights[i] >= 0);
    RC_ASSERT(input.eligible || decision.weights[i] == 0);
    RC_ASSERT(input.eligible == (input.age <= kLimit));
    any_eligible = any_eligible || input.eligible;
    sum += decision.weights[i];
  }
  RC_ASSERT(std::is_sorted(decision.inputs.begin(), decision.inputs.end(),
                           [](const auto& a, const auto& b) { return a.instance < b.instance; }));
  const double expected = any_eligible && !decision.kernel_multipath ? 1 : 0;
  RC_ASSERT(std::abs(sum - expected) < 1e-9);
}

// Whatever happens in whatever order: weights sum to 1 over eligible instances, ids increase, the withdrawn are gone.
RC_GTEST_PROP(Selector, HoldsThroughAnyHistory, ()) {
  Selector selector = with(any_algorithm());
  Instant now{100s};
  std::uint64_t last_id = 0;
  std::set<InstanceId> announced;
  std::uint32_t sequence = 0;
  const int steps = *rc::gen::inRange(1, 60);
  for (int step = 0; step < steps; ++step) {
    now += std::chrono::milliseconds(*rc::gen::inRange(0, 700));
    std::vector<Decision> decisions = selector.tick(now);
    const InstanceId id = instance(*rc::gen::inRange(0, 4));
    if (*rc::gen::inRange(0, 4) == 0) {
      const auto decision = selector.withdrawn(0, id, now);
      RC_ASSERT(decision.has_value() == (announced.erase(id) > 0));
      if (decision) decisions.push_back(*decision);
    } else {
      const double load = *rc::gen::inRange(0, 5);
      decisions.push_back(*selector.received(0, id, {{{"cpu_utilisation", load}}, ++sequence, {}, 0, ""}, now));
      announced.insert(id);
    }
    for (const Decision& decision : decisions) {
      check(decision);
      RC_ASSERT(decision.id > last_id);
      last_id = decision.id;
    }
    if (!decisions.empty()) {
      std::set<InstanceId> inputs;
      for (const auto& input : decisions.back().inputs) inputs.insert(input.instance);
      RC_ASSERT(inputs == announced);
    }
  }
}

// The order in which instances are heard of does not matter, to algorithms without a memory.
RC_GTEST_PROP(Selector, Symmetric, ()) {
  const std::string algorithm = any_algorithm();
  RC_PRE(!algorithm.starts_with("pid"));
  const auto loads = *rc::gen::container<std::vector<int>>(5, rc::gen::inRange(0, 4));
  std::vector<std::size_t> order(loads.size());
  std::iota(order.begin(), order.end(), 0);
  const auto weights = [&] {
    Selector selector = with(algorithm);
    std::vector<double> last;
    for (const std::size_t i : order)
      last = selector.received(0, instance(i), {{{"cpu_utilisation", loads[i]}}, 1, {}, 0, ""}, Instant{100s})->weights;
    return last;
  };
  const auto forward = weights();
  std::reverse(order.begin(), order.end());
  RC_ASSERT(forward == weights());
  std::rotate(order.begin(), order.begin() + 2, order.end());
  RC_ASSERT(forward == weights());
}

}  // namespace
}  // namespace cats::cpsel
