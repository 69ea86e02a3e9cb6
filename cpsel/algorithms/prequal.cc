// Prequal (Wydrowski, Kleinberg, Rumble, Archer: "Load is not what you should balance: Introducing Prequal", NSDI
// 2024). Every flow sends probes to instances drawn at random, and is itself given to one whose answer is in the pool.
// An answer is hot when its requests in flight (RIF) are above a quantile of those that answers had lately. The cold
// one of the lowest latency is taken; if all are hot, the one of the lowest RIF. Of an instance the pool holds the
// newest answer only. Answers leave it when they are too old, when they have been used as often as they may be, when
// there is no room, and `removals` per flow: in turn the oldest, and the one that would be taken last. A flow that is
// given to an instance adds one to the RIF of its answer. With fewer than two answers the choice is random.
//
// An answer is used b = max(1, (1 + δ)/((1 − m/n)·probes − removals)) times, for a pool of m and n instances, rounded
// up or down at random; without limit where the pool cannot be kept full (the denominator is not above 0).
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "cpsel/flow_algorithm.h"
#include "cpsel/recent_quantile.h"

namespace cats::cpsel::algorithms_of {
namespace {

constexpr std::size_t kAnswersKept = 128;  // of which the quantile is taken

struct PrequalSettings {
  std::size_t pool = 16;
  double quantile = 0;
  double probes = 0;    // per flow
  double removals = 0;  // per flow
  double delta = 0;
  Duration age{};
};

class Prequal final : public FlowAlgorithm {
 public:
  Prequal(const FlowSetting& setting, const PrequalSettings& settings)
      : FlowAlgorithm(setting), settings_(settings), in_flights_(kAnswersKept, settings.quantile) {}

 private:
  struct Answer {
    std::uint32_t place = 0;
    std::uint32_t uses = 0;  // that are left
    std::size_t in_flight = 0;
    Duration latency{};
    Instant at;
  };
  static constexpr std::uint32_t kUnlimited = std::numeric_limits<std::uint32_t>::max();

  Pick choose(Instant now) override {
    const auto young = [&](const Answer& one) { return now - one.at <= settings_.age; };
    pool_.erase(pool_.begin(), std::ranges::find_if(pool_, young));
    const std::uint32_t place = pool_.size() < std::min<std::size_t>(2, there().size()) ? any_there() : use_best();
    for (removals_due_ += settings_.removals; removals_due_ >= 1; --removals_due_) remove_one();
    draw_probes();
    return {place};
  }

  // Whether an answer is taken before another.
  auto order() const {
    return [limit = in_flights_.value()](const Answer& a, const Answer& b) {
      const bool hot = a.in_flight > limit;
      if (hot != (b.in_flight > limit)) return !hot;
      if (hot) return a.in_flight < b.in_flight;
      return a.latency < b.latency || (a.latency == b.latency && a.in_flight < b.in_flight);
    };
  }

  std::uint32_t use_best() {
    const auto best = std::ranges::min_element(pool_, order());
    const std::uint32_t place = best->place;
    ++best->in_flight;
    if (best->uses != kUnlimited && --best->uses == 0) pool_.erase(best);
    return place;
  }

  void remove_one() {
    oldest_next_ = !oldest_next_;
    if (pool_.empty()) return;
    pool_.erase(oldest_next_ ? pool_.begin() : std::ranges::max_element(pool_, order()));
  }

  // Distinct ones, each as likely as another (Floyd).
  void draw_probes() {
    probes_due_ += settings_.probes;
    const double whole = std::floor(probes_due_);
    probes_due_ -= whole;
    const std::size_t n = there().size();
    probes_.clear();
    for (std::size_t i = n - std::min(n, static_cast<std::size_t>(whole)); i < n; ++i) {
      const std::uint32_t drawn = there()[random().below(i + 1)];
      probes_.push_back(std::ranges::find(probes_, drawn) == probes_.end() ? drawn : there()[i]);
    }
  }

  std::span<const std::uint32_t> probes() const override { return probes_; }

  void probed(Instant now, std::uint32_t place, const ProbeAnswer& answer) override {
    if (!is_there(place)) return;
    in_flights_.see(answer.in_flight);
    went(place);
    if (pool_.size() == settings_.pool) pool_.erase(pool_.begin());
    pool_.push_back({place, uses(), answer.in_flight, answer.latency, now});
  }

  std::uint32_t uses() {
    const double share = static_cast<double>(settings_.pool) / static_cast<double>(there().size());
    const double gain = std::max(0.0, 1 - share) * settings_.probes - settings_.removals;
    constexpr double kMost = 1e6;
    if (gain * kMost <= 1 + settings_.delta) return kUnlimited;
    const double budget = std::max(1.0, (1 + settings_.delta) / gain);
    const double whole = std::floor(budget);
    return static_cast<std::uint32_t>(whole) + (random().uniform() < budget - whole ? 1 : 0);
  }

  void hear(Instant /*now*/, const Pick& /*pick*/, const Reply& /*reply*/) override {}
  void came(std::uint32_t /*place*/) override {}
  void went(std::uint32_t place) override {
    std::erase_if(pool_, [place](const Answer& one) { return one.place == place; });
  }

  PrequalSettings settings_;
  RecentQuantile in_flights_;
  std::vector<Answer> pool_;  // the oldest first
  std::vector<std::uint32_t> probes_;
  double probes_due_ = 0;
  double removals_due_ = 0;
  bool oldest_next_ = false;
};

}  // namespace

AlgorithmInfo prequal() {
  return {.name = "prequal",
          .help = "probes: the lowest latency of those with few requests in flight, else the fewest in flight",
          .parameters = {{"pool", "none", 16, 2, 1000, "answers to probes that are kept"},
                         {"quantile", "none", 0.84, 0, 1, "of requests in flight, above which an answer is hot"},
                         {"probes", "none", 3, 0.01, 100, "sent per flow"},
                         {"removals", "none", 1, 0, 100, "of answers per flow: in turn the oldest and the worst"},
                         {"age_ms", "ms", 1000, 1, 600000, "after which an answer is dropped"},
                         {"delta", "none", 1, 0, 100, "in how often an answer is used"}},
          .ignores_metrics = true,
          .needs_replies = true,
          .probes = true,
          .make_for_flows = [](const Parameters& p, const FlowSetting& setting) {
            return std::make_unique<Prequal>(setting, PrequalSettings{.pool = static_cast<std::size_t>(p.at("pool")),
                                                                      .quantile = p.at("quantile"),
                                                                      .probes = p.at("probes"),
                                                                      .removals = p.at("removals"),
                                                                      .delta = p.at("delta"),
                                                                      .age = from_seconds(p.at("age_ms") / 1000)});
          }};
}

}  // namespace cats::cpsel::algorithms_of
