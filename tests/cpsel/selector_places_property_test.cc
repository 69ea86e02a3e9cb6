// Selector by places and loads: the same choices as by reports.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "cpsel/selector.h"

namespace cats::cpsel {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kInstances = 5;

InstanceId nth(std::size_t n) { return {IpAddress::of("2001:2::").plus(n + 1), 0}; }

// One service told by reports, another one told the same by places.
class Twins {
 public:
  explicit Twins(const std::string& algorithm) {
    const AlgorithmInfo& info = *find_algorithm(algorithm);
    ServiceSettings settings{"s", "cpu_utilisation", 3s, {}};
    for (std::size_t i = 0; i < kInstances; ++i) settings.capacities[nth(i)] = static_cast<double>(1 + i % 3);
    reports_.add_service(settings, info, std::move(*make_algorithm(algorithm, {})));
    places_.add_service({"s", "", 3s, {}}, info, std::move(*make_algorithm(algorithm, {})));
    for (std::size_t i = 0; i < kInstances; ++i)
      RC_ASSERT(places_.place(0, nth(i), static_cast<double>(1 + i % 3)) == i);
  }

  void learn(std::size_t i, double percent, Instant now) {
    const Instant end = now - 10ms;
    Report report{{{"cpu_utilisation", percent}}, ++sequence_, end, 0, ""};
    RC_ASSERT(reports_.learn(0, nth(i), report, now));
    const bool is_new = !there_[i];
    RC_ASSERT(places_.learn_load(0, i, {percent / 100, end}, now) == is_new);
    there_[i] = true;
    same(reports_.choose(0, now), places_.weigh(0, now));
  }
  void withdraw(std::size_t i, Instant now) {
    const auto decision = reports_.withdrawn(0, nth(i), now);
    RC_ASSERT(places_.forget(0, i) == decision.has_value());
    there_[i] = false;
    if (decision) same(*decision, places_.weigh(0, now));
  }
  void count(std::size_t i, double flows, Instant now) {
    flows_[i] += flows;
    reports_.flows_sent(0, nth(i), flows_[i], now);
    places_.flows_sent_to(0, i, flows_[i], now);
    const auto decision = reports_.refresh(0, now);
    const auto weights = places_.reweigh(0, now);
    RC_ASSERT(decision.has_value() == weights.has_value());
    if (decision) same(*decision, *weights);
  }
  void check_ages(Instant now) const {
    RC_ASSERT(reports_.next_tick() == places_.next_tick(0));
    RC_ASSERT(!places_.next_tick(0) || *places_.next_tick(0) > now);
  }
  void tick(Instant now) {
    const auto due = places_.next_tick(0);
    const auto decisions = reports_.tick(now);
    RC_ASSERT(decisions.empty() == !(due && *due <= now));
    for (const Decision& decision : decisions) same(decision, places_.weigh(0, now));
  }

 private:
  void same(const Decision& decision, const Selector::Weights& weights) {
    RC_ASSERT(decision.kernel_multipath == weights.kernel_multipath);
    std::vector<double> by_place(kInstances, 0.0);
    for (std::size_t i = 0; i < decision.inputs.size(); ++i)
      for (std::size_t place = 0; place < kInstances; ++place)
        if (decision.inputs[i].instance == nth(place)) by_place[place] = decision.weights[i];
    RC_ASSERT(by_place == std::vector<double>(weights.by_place.begin(), weights.by_place.end()));
  }

  Selector reports_{1};
  Selector places_{1};
  std::uint32_t sequence_ = 0;
  std::vector<bool> there_ = std::vector<bool>(kInstances, false);
  std::vector<double> flows_ = std::vector<double>(kInstances, 0.0);
};

RC_GTEST_PROP(SelectorPlaces, ChooseAsReportsDo, ()) {
  std::vector<std::string> algorithms;
  for (const AlgorithmInfo& info : cpsel::algorithms())
    if (!info.needs_values && !info.needs_replies) algorithms.push_back(info.name);
  Twins twins(*rc::gen::elementOf(algorithms));
  Instant now{100s};
  const int steps = *rc::gen::inRange(1, 60);
  for (int step = 0; step < steps; ++step) {
    now += std::chrono::milliseconds(*rc::gen::inRange(1, 700));
    twins.tick(now);
    twins.check_ages(now);
    const auto i = *rc::gen::inRange<std::size_t>(0, kInstances);
    switch (*rc::gen::inRange(0, 6)) {
      case 0:
        twins.withdraw(i, now);
        break;
      case 1:
      case 2:
        twins.count(i, *rc::gen::inRange(0, 20), now);
        break;
      default:
        twins.learn(i, *rc::gen::inRange(0, 101), now);
    }
  }
}

TEST(SelectorPlaces, ANewIdMovesThoseAboveIt) {
  Selector selector(1);
  selector.add_service({"s", "", {}, {}}, *find_algorithm("global-min"), std::move(*make_algorithm("global-min", {})));
  EXPECT_EQ(selector.place(0, nth(5)), 0u);
  EXPECT_EQ(selector.place(0, nth(9)), 1u);
  selector.learn_load(0, 0, {0.5, {}}, Instant{1s});
  selector.learn_load(0, 1, {0.2, {}}, Instant{1s});
  EXPECT_EQ(selector.weigh(0, Instant{1s}).by_place[1], 1);
  EXPECT_EQ(selector.place(0, nth(1)), 0u);
  EXPECT_EQ(selector.place(0, nth(9)), 2u);
  const auto weights = selector.weigh(0, Instant{2s}).by_place;
  EXPECT_EQ(std::vector<double>(weights.begin(), weights.end()), (std::vector<double>{0, 0, 1}));
}

// An instance that is there without a load is for those who do not look at it.
TEST(SelectorPlaces, WithoutALoad) {
  for (const char* algorithm : {"global-min", "round-robin"}) {
    Selector selector(1);
    selector.add_service({"s", "", {}, {}}, *find_algorithm(algorithm), std::move(*make_algorithm(algorithm, {})));
    selector.learn_load(0, selector.place(0, nth(0)), {0.9, {}}, Instant{1s});
    selector.learn_load(0, selector.place(0, nth(1)), {{}, {}}, Instant{1s});
    EXPECT_EQ(selector.weigh(0, Instant{1s}).by_place[1], algorithm == std::string("global-min") ? 0 : 0.5);
  }
}

}  // namespace
}  // namespace cats::cpsel
