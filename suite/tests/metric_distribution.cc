// 5.1 `metric-distribution` (docs/tests.md): does every update arrive, intact and on time?
#include <algorithm>
#include <set>

#include "base/error.h"
#include "suite/report/figure.h"
#include "suite/tests/tests.h"
#include "suite/tests/updates.h"

namespace cats::suite {
namespace {

// Of the interval error, where no router holds updates.
constexpr double kUnheldTolerance_ms = 20;

// One way of one entry. Names of its figures end in `suffix`.
struct WayView {
  std::string via;
  std::string suffix;
  nlohmann::ordered_json labels;  // null where there is one way
  std::vector<std::pair<const Trial*, WayUpdates>> trials;

  bool by_bgp() const { return via == "bgp"; }
  const char* received() const { return by_bgp() ? "events/<ingress>.jsonl" : "events/<controller>.jsonl"; }
};

// The listeners' way without a suffix. Where updates go two ways, each of them with one beside it.
std::vector<WayView> views_of(const AnalysisInput& input) {
  std::vector<WayView> ways;
  for (const Trial* trial : input.trials) {
    std::vector<WayUpdates> updates = updates_of(input.data, *trial);
    if (ways.empty())
      for (const WayUpdates& one : updates) ways.push_back({one.via, "." + one.via, {{"way", one.via}}, {}});
    for (std::size_t i = 0; i < ways.size(); ++i) ways[i].trials.emplace_back(trial, std::move(updates[i]));
  }
  if (ways.size() == 1) {
    ways.front().suffix.clear();
    ways.front().labels = nullptr;
    return ways;
  }
  WayView listened = ways.front();
  listened.suffix.clear();
  ways.insert(ways.begin(), std::move(listened));
  return ways;
}

class MetricDistribution final : public Test {
 public:
  std::string_view name() const override { return "metric-distribution"; }
  std::string_view title() const override { return "metrics reach the decision maker, intact and on time"; }
  std::string_view primary_figure() const override { return "distribution_delay_ms"; }

  const std::vector<scenarios::FigureDeclaration>& figures() const override {
    static const std::vector<scenarios::FigureDeclaration> list{{"coverage", "1"},
                                                                {"coverage.*", "1"},
                                                                {"lost", "updates"},
                                                                {"lost.*", "updates"},
                                                                {"altered", "updates"},
                                                                {"altered.*", "updates"},
                                                                {"duplicated", "updates"},
                                                                {"duplicated.*", "updates"},
                                                                {"reordered", "updates"},
                                                                {"reordered.*", "updates"},
                                                                {"interval_error_ms", "ms"},
                                                                {"interval_error_ms.*", "ms"},
                                                                {"distribution_delay_ms", "ms"},
                                                                {"distribution_delay_ms.*", "ms"},
                                                                {"age_ms", "ms"},
                                                                {"age_ms.*", "ms"}};
    return list;
  }

  const std::vector<scenarios::Parameter>& parameters() const override {
    static const std::vector<scenarios::Parameter> list{
        {"measure_s", "s", 15, 6, 1, 86400, "how long updates are followed"},
        {"drain_s", "s", 1, 0.5, 0.1, 60, "for the last updates to arrive; T longer where a manager holds them"},
        {"tolerance_ms", "ms", 60, 60, 0, 60000,
         "least tolerance of the interval error through routers that hold updates (FRR: up to 50 ms); by REST at most "
         "20 ms of it"},
        {"tolerance_share", "share", 0.05, 0.05, 0, 1, "tolerance of the interval error as a share of T"},
    };
    return list;
  }

  Duration length(const scenarios::Scenario& /*scenario*/, const Conditions& c) const override {
    return c.duration("measure_s") + drain_time(c);
  }

  std::optional<std::string> impossible(const Conditions& c) const override {
    if (c.duration("measure_s") >= 2 * c.interval) return std::nullopt;
    return fmt::format("measure {}s is less than two intervals of {:g}s: make it longer", c.number("measure_s"),
                       to_seconds(c.interval));
  }

  void run_trial(const TrialContext& context) const override {
    for (const scenarios::Site& site : context.testbed.sites())
      context.testbed.command(site.node, {{"do", "known_sequence"}, {"seed", context.seed}});
    context.phase("warm-up", context.warm_up);
    context.phase(kMeasurePhase, context.conditions.duration("measure_s"));
    context.phase("drain", drain_time(context.conditions));
    context.begin_phase("done");
  }

  std::optional<std::string> void_reason(const RunData&, const Trial&, const Conditions&) const override {
    return std::nullopt;  // it offers no load, and what happens to its updates is the result
  }

  void analyse(const AnalysisInput& input, TestResult& result, std::vector<Warning>&) const override {
    const std::vector<WayView> ways = views_of(input);
    for (const WayView& way : ways) add_counts(way, result);
    for (const WayView& way : ways) add_interval_error(input, way, result);
    for (const WayView& way : ways) {
      std::vector<TrialSamples> delay;
      for (const auto& [trial, updates] : way.trials) delay.push_back(TrialSamples::of(*trial, delays_of(updates)));
      add_figure(result, "distribution_delay_ms" + way.suffix, {"ms", "mean", "both", way.received(), way.labels},
                 delay);
    }
    for (const WayView& way : ways)
      if (&way == &ways.front() || way.via != ways.front().via) add_hops(input.data, way, result);
    for (const WayView& way : ways) add_age(input.data, way, result);
  }

 private:
  static Duration drain_time(const Conditions& c) { return c.duration("drain_s") + c.longest_wait(); }

  static void add_counts(const WayView& way, TestResult& result) {
    std::vector<TrialSamples> coverage, lost, duplicated, reordered, altered;
    std::int64_t sent = 0;
    std::int64_t received = 0;
    for (const auto& [trial, updates] : way.trials) {
      const UpdateCounts counts = count_updates(updates, *trial);
      sent += counts.sent;
      received += counts.received;
      const auto value = [t = trial](std::int64_t n) { return TrialSamples::with_value(*t, static_cast<double>(n)); };
      coverage.push_back(
          TrialSamples::with_value(*trial, static_cast<double>(counts.received) / static_cast<double>(counts.sent)));
      lost.push_back(value(counts.sent - counts.received));
      duplicated.push_back(value(counts.duplicated));
      reordered.push_back(value(counts.reordered));
      altered.push_back(value(counts.altered));
    }
    const FigureKind share{"1", "share", "dut", way.received(), way.labels};
    const FigureKind updates{"updates", "sum", "dut", way.received(), way.labels};
    judge_exact(add_figure(result, "coverage" + way.suffix, share, coverage), 1, sent, "updates sent");
    judge_exact(add_figure(result, "lost" + way.suffix, updates, lost), 0, sent, "updates sent");
    judge_exact(add_figure(result, "altered" + way.suffix, updates, altered), 0, received, "updates received");
    judge_exact(add_figure(result, "duplicated" + way.suffix, updates, duplicated), 0, received, "updates received");
    judge_exact(add_figure(result, "reordered" + way.suffix, updates, reordered), 0, received, "updates received");
  }

  static void add_interval_error(const AnalysisInput& input, const WayView& way, TestResult& result) {
    std::vector<TrialSamples> errors;
    for (const auto& [trial, updates] : way.trials)
      errors.push_back(TrialSamples::of(*trial, interval_errors(updates, input.conditions.interval)));
    const double least = input.conditions.number("tolerance_ms");
    const double tolerance = std::max(way.by_bgp() ? least : std::min(least, kUnheldTolerance_ms),
                                      input.conditions.number("tolerance_share") * to_ms(input.conditions.interval));
    const std::string interval_error_ms = "interval_error_ms" + way.suffix;
    add_figure(result, interval_error_ms, {"ms", "p99", "dut", way.received(), way.labels}, errors);
    judge(result, interval_error_ms, {"<=", tolerance});
  }

  static void add_age(const RunData& data, const WayView& way, TestResult& result) {
    std::vector<TrialSamples> averages, peaks;
    for (const auto& [trial, updates] : way.trials) {
      Age age = ages_of(data, *trial, updates);
      averages.push_back(TrialSamples::of(*trial, std::move(age.averages)));
      peaks.push_back(TrialSamples::of(*trial, std::move(age.peaks)));
    }
    const std::string age_ms = "age_ms" + way.suffix;
    add_figure(result, age_ms, {"ms", "mean", "dut", way.received(), way.labels}, averages);
    add_figure(result, age_ms + ".max", {"ms", "max", "dut", way.received(), way.labels}, peaks);
  }

  // What updates of the way pass: by BGP the routers that are tapped, by REST the manager that tells of itself.
  static std::set<std::string> hops_of(const RunData& data, const WayView& way) {
    std::set<std::string> hops;
    if (way.by_bgp()) {
      for (const SiteInfo& site : data.sites())
        for (const std::string& router : routers_of(way.trials.front().second, site)) hops.insert(router);
      return hops;
    }
    for (const auto& [trial, updates] : way.trials)
      for (const auto& [source, by_sequence] : updates.sources)
        for (const auto& [sequence, update] : by_sequence)
          for (const auto& [hop, seen] : update.hops) hops.insert(hop);
    if (hops.empty()) hops.insert("manager");  // nobody says what it is called
    return hops;
  }

  static void add_hops(const RunData& data, const WayView& way, TestResult& result) {
    for (const std::string& hop : hops_of(data, way)) {
      const std::string delay_ms = "distribution_delay_ms." + hop;
      if (result.find(delay_ms) != nullptr)
        throw MeasurementError(fmt::format("there are two figures {}: {} is also what a way is called", delay_ms, hop));
      std::vector<TrialSamples> delay;
      int missing = 0;
      for (const auto& [trial, updates] : way.trials) {
        HopDelays seen = hop_delays(data, updates, hop);
        missing += seen.missing;
        delay.push_back(TrialSamples::of(*trial, std::move(seen.ms)));
      }
      const char* observed = way.by_bgp() ? "outside" : "dut";
      const std::string file = way.by_bgp() ? "events/tap.jsonl" : "events/<manager>.jsonl";
      Figure& figure = add_figure(result, delay_ms, {"ms", "mean", observed, file, {{"hop", hop}}}, delay);
      if (missing > 0 || !figure.value)
        set_verdict(
            figure, Verdict::error,
            fmt::format("{} updates that arrived were not seen at {} (no hop_seen): the log of {} is incomplete",
                        missing, hop, way.by_bgp() ? "the tap" : "the manager"));
    }
  }
};

}  // namespace

const Test& metric_distribution_test() {
  static const MetricDistribution test;
  return test;
}

}  // namespace cats::suite
