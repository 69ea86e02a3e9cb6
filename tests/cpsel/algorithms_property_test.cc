// What holds for every algorithm, on any board.
#include <algorithm>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/cpsel/algorithm_fixture.h"

namespace cats::cpsel {
namespace {

using namespace std::chrono_literals;

struct Any {
  std::vector<double> loads;
  std::vector<double> capacities;
  std::vector<double> since;
  std::vector<double> before;
  double arrivals = 0;
  Duration age{};
};

std::vector<double> numbers(std::size_t n, int lo, int hi, double unit) {
  auto integers = *rc::gen::container<std::vector<int>>(n, rc::gen::inRange(lo, hi));
  std::vector<double> result;
  for (const int one : integers) result.push_back(one * unit);
  return result;
}

Any any(std::size_t n) {
  return {numbers(n, 0, 40, 0.05), numbers(n, 1, 5, 0.5),          numbers(n, 0, 30, 1),
          numbers(n, 0, 30, 1),    *rc::gen::inRange(0, 50) * 1.0, *rc::gen::inRange(0, 5000) * 1ms};
}

std::size_t any_size() { return static_cast<std::size_t>(*rc::gen::inRange(1, 7)); }

std::vector<double> weights(Board& board, const Any& a, Duration dt = 500ms) {
  board.loads(a.loads).capacities(a.capacities);
  for (std::size_t i = 0; i < a.loads.size(); ++i) {
    board[i].age = a.age;
    board[i].flows_since_report = a.since[i];
    board[i].flows_before_report = a.before[i];
    board.values(i) = {{"processing_delay", a.loads[i] * 10}, {"available_compute", 100 - 40 * a.loads[i]}};
  }
  return board.weights(dt, a.arrivals);
}

const std::vector<std::string>& weighted() {
  static const auto all = [] {
    std::vector<std::string> names;
    for (const AlgorithmInfo& info : algorithms())
      if (info.name != "ecmp" && !info.needs_replies) names.push_back(info.name);
    return names;
  }();
  return all;
}

RC_GTEST_PROP(Algorithms, WeightsAreASharing, ()) {
  for (const std::string& name : weighted()) {
    Board board(name);
    const std::size_t n = any_size();
    for (int step = 0; step < 4; ++step) {
      const auto w = weights(board, any(n));
      RC_ASSERT(w.size() == n);
      RC_ASSERT(std::abs(std::accumulate(w.begin(), w.end(), 0.0) - 1) < 1e-9);
      RC_ASSERT(std::all_of(w.begin(), w.end(), [](double x) { return std::isfinite(x) && x >= 0; }));
    }
  }
}

// What an algorithm declares, a router that cannot do else relies on.
RC_GTEST_PROP(Algorithms, EqualWeightsAreDeclared, ()) {
  for (const AlgorithmInfo& info : algorithms()) {
    if (!info.equal_weights || info.name == "ecmp") continue;
    Board board(info.name);
    const std::size_t n = any_size();
    for (int step = 0; step < 4; ++step) {
      auto w = weights(board, any(n));
      std::erase(w, 0.0);
      RC_ASSERT(!w.empty());
      RC_ASSERT(std::all_of(w.begin(), w.end(), [&](double x) { return std::abs(x - w.front()) < 1e-9; }));
    }
  }
}

// The same history twice gives the same weights, whatever the machine did meanwhile.
RC_GTEST_PROP(Algorithms, DeterministicBySeed, ()) {
  for (const std::string& name : weighted()) {
    Board one(name, {}, 7), two(name, {}, 7);
    const std::size_t n = any_size();
    for (int step = 0; step < 3; ++step) {
      const Any a = any(n);
      RC_ASSERT(weights(one, a) == weights(two, a));
    }
  }
}

template <class T>
std::vector<T> permuted(const std::vector<T>& values, const std::vector<std::size_t>& order) {
  std::vector<T> result;
  for (const std::size_t i : order) result.push_back(values[i]);
  return result;
}

// Who is called what does not matter, but for ties (global-min's go to the lowest CSCI-ID), for the ring and for the
// reference instance.
RC_GTEST_PROP(Algorithms, FollowTheirCandidates, ()) {
  for (const std::string name :
       {"capacity", "inverse-load", "load-interpretation", "p2c", "pid", "pid-a80", "round-robin"}) {
    const std::size_t n = any_size();
    Board plain(name), mixed(name);
    std::vector<std::size_t> order(n);
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto by = *rc::gen::container<std::vector<int>>(n, rc::gen::arbitrary<int>());
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return by[a] < by[b]; });
    for (int step = 0; step < 3; ++step) {
      const Any a = any(n);
      const Any b{permuted(a.loads, order),
                  permuted(a.capacities, order),
                  permuted(a.since, order),
                  permuted(a.before, order),
                  a.arrivals,
                  a.age};
      const auto expected = permuted(weights(plain, a), order);
      const auto found = weights(mixed, b);
      for (std::size_t i = 0; i < n; ++i) RC_ASSERT(std::abs(expected[i] - found[i]) < 1e-9);
    }
  }
}

RC_GTEST_PROP(Algorithms, EqualInstancesGetEqualShares, ()) {
  for (const std::string name :
       {"capacity", "inverse-load", "load-interpretation", "p2c", "pid", "pid-a80", "round-robin"}) {
    const std::size_t n = any_size();
    Any a = any(n);
    for (auto* column : {&a.loads, &a.capacities, &a.since, &a.before})
      std::fill(column->begin(), column->end(), column->front());
    Board board(name);
    for (int step = 0; step < 3; ++step)
      for (const double w : weights(board, a)) RC_ASSERT(std::abs(w - 1.0 / static_cast<double>(n)) < 1e-9);
  }
}

// Of two boards that differ in one instance's load, the worse one gives that instance no more. For the controllers
// that is a statement about one step, without the derivative.
RC_GTEST_PROP(Algorithms, WorseLoadNeverGetsMore, ()) {
  const std::vector<std::pair<std::string, Parameters>> all = {{"global-min", {}},   {"global-min-local", {}},
                                                               {"inverse-load", {}}, {"load-interpretation", {}},
                                                               {"p2c", {}},          {"pid", {}}};
  for (const auto& [name, parameters] : all) {
    const std::size_t n = any_size();
    const Any better = any(n);
    Any worse = better;
    const auto which = static_cast<std::size_t>(*rc::gen::inRange(0, static_cast<int>(n)));
    worse.loads[which] += *rc::gen::inRange(1, 20) * 0.05;
    Board one(name, parameters), two(name, parameters);
    // A zero report moves nothing under pid; that is a rule about reports, not about loads.
    if (name == "pid" && better.loads[which] == 0) continue;
    RC_ASSERT(weights(two, worse)[which] <= weights(one, better)[which] + 1e-9);
  }
}

// On one board the less loaded of two equal instances gets no less.
RC_GTEST_PROP(Algorithms, TheLessLoadedGetsNoLess, ()) {
  for (const std::string name : {"global-min", "inverse-load", "load-interpretation", "p2c", "pid"}) {
    const std::size_t n = any_size();
    Any a = any(n);
    std::fill(a.capacities.begin(), a.capacities.end(), 1.0);
    if (name == "pid")
      for (double& load : a.loads) load += 0.05;
    Board board(name);
    const auto w = weights(board, a);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j)
        if (a.loads[i] < a.loads[j]) RC_ASSERT(w[i] >= w[j] - 1e-9);
  }
}

}  // namespace
}  // namespace cats::cpsel
