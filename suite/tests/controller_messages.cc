// `controller-messages` (docs/tests.md; RFC 8456, 5.1.2 and 5.1.3): how fast does the
// controller answer a metric update with a decision, and how many of them does it sustain?
#include <algorithm>

#include "base/error.h"
#include "suite/report/figure.h"
#include "suite/tests/control_plane.h"
#include "suite/tests/phases.h"
#include "suite/tests/steps.h"
#include "suite/tests/tests.h"

namespace cats::suite {
namespace {

// A step that was offered less than this share of its rate says so.
constexpr double kOffered = 0.9;

std::vector<double> steps_of(const Conditions& conditions) {
  return growing(conditions.number("first_rate"), conditions.number("factor"), conditions.number("limit"));
}

// What one trial's steps say about the rate.
struct Rates {
  double sustained = 0;           // as offered; 0: not even the first step was
  std::optional<double> failing;  // as asked for
  double short_of = 0;            // a sustained step's rate that was not offered; 0: none
};

Rates rates_of(const std::vector<BurstHandling>& steps) {
  Rates rates;
  for (const BurstHandling& step : steps) {
    if (step.lost > 0 || step.late > 0) {
      rates.failing = step.rate;
      break;
    }
    rates.sustained = step.offered;
    if (step.offered < kOffered * step.rate) rates.short_of = step.rate;
  }
  return rates;
}

class ControllerMessages final : public Test {
 public:
  std::string_view name() const override { return "controller-messages"; }
  std::string_view title() const override { return "how fast, and how many, metric updates become decisions"; }
  std::string_view primary_figure() const override { return "processing_ms"; }

  const std::vector<scenarios::FigureDeclaration>& figures() const override {
    static const std::vector<scenarios::FigureDeclaration> list{
        {"lost", "updates"},     {"undecided", "updates"},        {"processing_ms", "ms"},
        {"delivery_ms", "ms"},   {"sustained_rate", "updates/s"}, {"first_failing_rate", "updates/s"},
        {"response_ms.*", "ms"},
    };
    return list;
  }

  const std::vector<scenarios::Parameter>& parameters() const override {
    static const std::vector<scenarios::Parameter> list{
        {"measure_s", "s", 5, 3, 1, 3600, "how long the edge servers' own updates are followed"},
        {"first_rate", "/s", 100, 100, 1, 1e6, "rate of the first step"},
        {"factor", "none", 4, 10, 1.1, 100, "from one step's rate to the next: how finely the rate is found"},
        {"limit", "/s", 20000, 10000, 1, 1e6, "rate of the last step"},
        {"step_s", "s", 0.5, 0.5, 0.1, 20, "length of a step"},
        {"late_ms", "ms", 100, 100, 1, 60000, "an update without a decision that long after publishing is late"},
    };
    return list;
  }

  Duration length(const scenarios::Scenario& /*scenario*/, const Conditions& c) const override {
    const auto steps = static_cast<std::int64_t>(steps_of(c).size());
    return c.duration("measure_s") + settle_time(c) + steps * (c.duration("step_s") + pause(c));
  }

  std::optional<std::string> impossible(const Conditions& c) const override {
    if (c.number("first_rate") > c.number("limit")) return "first_rate is above the limit";
    return no_controller(c);
  }

  void run_trial(const TrialContext& context) const override {
    const Conditions& c = context.conditions;
    context.phase("warm-up", context.warm_up);
    context.phase(kMeasurePhase, c.duration("measure_s"));
    context.phase("drain", settle_time(c));
    for (const double rate : steps_of(c)) {
      context.begin_phase(fmt::format("rate-{:.0f}", rate));
      burst(context, rate, c.duration("step_s"));
      context.phase("pause", pause(c));
    }
    context.begin_phase("done");
  }

  std::optional<std::string> void_reason(const RunData& data, const Trial& trial, const Conditions& c) const override {
    const auto steps = burst_handling(data, trial, c.duration("late_ms"));
    if (const std::size_t asked = steps_of(c).size(); steps.size() != asked)
      return fmt::format("the manager logged {} bursts of {}", steps.size(), asked);
    return std::nullopt;
  }

  void analyse(const AnalysisInput& input, TestResult& result, std::vector<Warning>& warnings) const override {
    add_normal(input, result);
    const Duration bound = input.conditions.duration("late_ms");
    std::vector<TrialSamples> sustained, failing;
    std::vector<std::pair<const Trial*, std::vector<BurstHandling>>> steps;
    for (const Trial* trial : input.trials) {
      steps.emplace_back(trial, burst_handling(input.data, *trial, bound));
      const Rates rates = rates_of(steps.back().second);
      sustained.push_back(TrialSamples::with_value(*trial, rates.sustained));
      failing.push_back(rates.failing ? TrialSamples::with_value(*trial, *rates.failing)
                                      : TrialSamples::without_value(*trial,
                                                                    "no step lost or delayed an update: the "
                                                                    "rate's limit is the test's"));
      if (rates.short_of > 0)
        warnings.push_back({result.name, "sustained_rate",
                            fmt::format("trial {}: the manager did not offer {:.0f} updates/s: sustained_rate is what "
                                        "it offered, not what the controller could do",
                                        trial->index, rates.short_of)});
    }
    add_figure(result, "sustained_rate", {"updates/s", "highest step with none lost or late", "both", log_file()},
               std::move(sustained));
    Figure& first =
        add_figure(result, "first_failing_rate", {"updates/s", "of a trial", "both", log_file()}, std::move(failing));
    if (!first.value) set_verdict(first, Verdict::not_applicable, "");
    add_responses(input.conditions, steps, result);
  }

 private:
  static std::string log_file() { return "events/<controller>.jsonl"; }
  // After a step, for what is late to be seen as late rather than lost.
  static Duration pause(const Conditions& c) {
    return std::max<Duration>(2 * c.duration("late_ms"), std::chrono::milliseconds(500));
  }

  static void add_normal(const AnalysisInput& input, TestResult& result) {
    std::vector<TrialSamples> lost, undecided, processing, delivery;
    std::int64_t sent = 0;
    std::int64_t received = 0;
    for (const Trial* trial : input.trials) {
      const Phase& phase = phase_of(*trial, kMeasurePhase);
      Handling normal = handling(input.data, *trial, phase.from_ns, phase.to_ns);
      sent += normal.sent;
      received += normal.received;
      lost.push_back(TrialSamples::with_value(*trial, static_cast<double>(normal.sent - normal.received)));
      undecided.push_back(TrialSamples::with_value(*trial, static_cast<double>(normal.undecided)));
      processing.push_back(TrialSamples::of(*trial, std::move(normal.processing_ms)));
      delivery.push_back(TrialSamples::of(*trial, std::move(normal.delivery_ms)));
    }
    add_exact(result, "lost", {"updates", "of a trial", "both", log_file()}, std::move(lost), 0, sent, "updates sent");
    add_exact(result, "undecided", {"updates", "of a trial", "dut", log_file()}, std::move(undecided), 0, received,
              "updates received");
    add_figure(result, "processing_ms", {"ms", "mean", "dut", log_file()}, std::move(processing));
    add_figure(result, "delivery_ms", {"ms", "mean", "both", log_file()}, std::move(delivery));
  }

  static void add_responses(const Conditions& conditions,
                            const std::vector<std::pair<const Trial*, std::vector<BurstHandling>>>& trials,
                            TestResult& result) {
    const std::vector<double> rates = steps_of(conditions);
    for (std::size_t step = 0; step < rates.size(); ++step) {
      std::vector<TrialSamples> rows;
      for (const auto& [trial, steps] : trials) rows.push_back(TrialSamples::of(*trial, steps.at(step).response_ms));
      const std::string rate = fmt::format("{:.0f}", rates[step]);
      add_figure(result, "response_ms." + rate, {"ms", "mean", "both", log_file(), {{"rate", rate}}}, std::move(rows));
    }
  }
};

}  // namespace

const Test& controller_messages_test() {
  static const ControllerMessages test;
  return test;
}

}  // namespace cats::suite
