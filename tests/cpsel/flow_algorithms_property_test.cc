// What holds for every algorithm that chooses for every flow, whatever happens; and for what they are made of.
#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "cpsel/least_of.h"
#include "cpsel/recent_quantile.h"
#include "cpsel/sum_tree.h"
#include "tests/cpsel/flow_fixture.h"

namespace cats::cpsel {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kPlaces = 6;

std::vector<std::string> by_replies() {
  std::vector<std::string> names;
  for (const AlgorithmInfo& info : algorithms())
    if (info.needs_replies) names.push_back(info.name);
  return names;
}

// A course of events, the same for every object that it is played to.
struct Happening {
  int kind = 0;
  std::uint32_t place = 0;
  int size = 0;
};

std::vector<Happening> any_course() {
  std::vector<Happening> course;
  for (int steps = *rc::gen::inRange(1, 200); steps > 0; --steps)
    course.push_back({*rc::gen::inRange(0, 10), *rc::gen::inRange(0u, kPlaces), *rc::gen::inRange(0, 50)});
  return course;
}

// Checks each pick, and returns all of them.
std::vector<std::uint32_t> play(const std::string& name, const std::vector<Happening>& course, std::uint64_t seed) {
  Flows flows(name, kPlaces, {}, 3, seed);
  std::set<std::uint32_t> there;
  for (std::uint32_t i = 0; i < kPlaces; ++i) there.insert(i);
  std::vector<std::uint32_t> picks;
  Duration now{};
  for (const Happening& one : course) {
    flows.at(now += one.size * 3ms);
    switch (one.kind) {
      case 0:
        flows->withdraw(one.place);
        there.erase(one.place);
        break;
      case 1:
        flows->announce(one.place);
        there.insert(one.place);
        break;
      case 2:
        flows->probed(Instant(now), one.place, {static_cast<std::size_t>(one.size), one.size * 1ms});
        break;
      case 3:
      case 4:
      case 5:
        if (flows.in_flight(one.place) > 0)
          flows.reply(one.place, {.served = one.kind != 3,
                                  .latency = one.size * 1ms,
                                  .queue = static_cast<std::size_t>(one.size / 10),
                                  .service = one.size * 100us});
        break;
      default:
        picks.push_back(flows.pick());
        RC_ASSERT(there.contains(picks.back()) || (there.empty() && picks.back() == FlowAlgorithm::kNobody));
        if (there.empty()) break;
        const auto probes = flows->probes();
        RC_ASSERT(std::ranges::all_of(probes, [&](std::uint32_t p) { return there.contains(p); }));
        RC_ASSERT(std::set<std::uint32_t>(probes.begin(), probes.end()).size() == probes.size());
    }
  }
  return picks;
}

RC_GTEST_PROP(FlowAlgorithms, PickWhoIsThereAndTheSameBySeed, ()) {
  const auto course = any_course();
  for (const std::string& name : by_replies()) RC_ASSERT(play(name, course, 7) == play(name, course, 7));
}

// Without replies between them chances stay as they are: those of all instances sum to 1, and none is below γ/K.
RC_GTEST_PROP(FlowAlgorithms, ChancesOfExp3SumToOne, ()) {
  Flows flows("exp3", kPlaces);
  for (int i = *rc::gen::inRange(0, 300); i > 0; --i) {
    const std::uint32_t place = flows.pick();
    flows.reply(place, {.latency = *rc::gen::inRange(0, 40) * 1ms});
  }
  const auto gone = *rc::gen::inRange(0u, kPlaces - 1);
  for (std::uint32_t i = 0; i < gone; ++i) flows->withdraw(i);
  std::map<std::uint32_t, double> chances;
  const std::size_t there = kPlaces - gone;
  for (int i = 0; i < 100'000 && chances.size() < there; ++i) {
    const auto pick = flows.pick_noted();
    chances[pick.place] = pick.note;
  }
  double sum = 0;
  for (const auto& [place, chance] : chances) {
    RC_ASSERT(chance >= 0.1 / static_cast<double>(there) - 1e-12);
    sum += chance;
  }
  RC_ASSERT(std::abs(sum - 1) < 1e-9);
}

RC_GTEST_PROP(LeastOf, IsTheLeast, ()) {
  const auto keys = *rc::gen::nonEmpty(rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 20)));
  LeastOf least(keys.size());
  std::vector<double> plain(keys.size(), std::numeric_limits<double>::infinity());
  for (int i = 0; i < 50; ++i) {
    const auto at = *rc::gen::inRange<std::size_t>(0, keys.size());
    plain[at] = *rc::gen::elementOf(keys);
    least.set(static_cast<std::uint32_t>(at), plain[at]);
    RC_ASSERT(least.least() == static_cast<std::uint32_t>(std::ranges::min_element(plain) - plain.begin()));
  }
}

RC_GTEST_PROP(SumTree, SharesAreWeights, ()) {
  const auto drawn = *rc::gen::nonEmpty(rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 5)));
  SumTree tree(drawn.size());
  double sum = 0;
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    tree.set(static_cast<std::uint32_t>(i), 9);
    tree.set(static_cast<std::uint32_t>(i), drawn[i]);
    sum += drawn[i];
  }
  RC_ASSERT(tree.sum() == sum);
  std::vector<int> counts(drawn.size());
  for (int i = 0; i < static_cast<int>(sum); ++i) ++counts.at(tree.at((i + 0.5) / sum));
  RC_ASSERT(counts == drawn);
  if (sum > 0) RC_ASSERT(drawn[tree.at(1 - 1e-16)] > 0);
}

RC_GTEST_PROP(RecentQuantile, IsThatOfTheLast, ()) {
  const auto kept = *rc::gen::inRange<std::size_t>(1, 10);
  const double quantile = *rc::gen::inRange(0, 101) / 100.0;
  RecentQuantile recent(kept, quantile);
  std::deque<std::size_t> last;
  for (int i = 0; i < 40; ++i) {
    const auto value = *rc::gen::inRange<std::size_t>(0, 12);
    recent.see(value);
    last.push_back(value);
    if (last.size() > kept) last.pop_front();
    std::vector<std::size_t> sorted(last.begin(), last.end());
    std::ranges::sort(sorted);
    const auto rank = static_cast<std::size_t>(std::ceil(quantile * static_cast<double>(sorted.size())));
    RC_ASSERT(recent.value() == sorted[rank == 0 ? 0 : rank - 1]);
  }
}

}  // namespace
}  // namespace cats::cpsel
