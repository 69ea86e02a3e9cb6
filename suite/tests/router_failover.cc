// `router-failover` (docs/tests.md; RFC 8456, section 5.4.2, Network Re-provisioning Time): all FRR daemons of an
// ingress, then of an egress, are killed in mid-run and started anew. How long until routes, metrics and steering are
// as before?
#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "suite/report/figure.h"
#include "suite/tests/losses.h"
#include "suite/tests/phases.h"
#include "suite/tests/session_figures.h"
#include "suite/tests/steering.h"
#include "suite/tests/tests.h"
#include "suite/tests/workload.h"

namespace cats::suite {
namespace {

constexpr Duration kAsk = std::chrono::milliseconds(20);
constexpr const char* kEgressPhase = "measure-egress";

using Instances = std::set<std::string>;  // CSCI-IDs

// Asks the ingresses which instances they have a route to, and logs every change.
class Watch {
 public:
  explicit Watch(const TrialContext& context) : context_(context) {}

  // Every ingress has a route to every instance.
  bool all() {
    bool every = true;
    for (const std::string& ingress : context_.testbed.ingresses()) {
      const Instances now = reachable(ingress);
      if (const auto before = known_.find(ingress); before == known_.end() || before->second != now)
        context_.log("reachable", {{"ingress", ingress}, {"instances", now}});
      known_[ingress] = now;
      every = every && now.size() == context_.testbed.sites().size();
    }
    return every;
  }

  // Returns false at the latest at `until`; true once every ingress has everything.
  bool wait(Instant until) {
    while (!all()) {
      if (context_.testbed.now() >= until) return false;
      context_.testbed.sleep_until(context_.testbed.now() + kAsk);
    }
    return true;
  }

  void until(Instant when) {
    while (context_.testbed.now() < when) {
      all();
      context_.testbed.sleep_until(std::min(when, context_.testbed.now() + kAsk));
    }
  }

 private:
  Instances reachable(const std::string& ingress) {
    Instances instances;
    const nlohmann::json status = context_.testbed.command(ingress, {{"do", "status"}});
    for (const auto& service : status.at("services"))
      for (const auto& instance : service.at("instances")) instances.insert(instance.at("csci").get<std::string>());
    return instances;
  }

  const TrialContext& context_;
  std::map<std::string, Instances> known_;  // by ingress
};

// The egress of a site, unless every egress is an ingress too.
std::optional<std::string> egress_of(const scenarios::Testbed& testbed) {
  for (const scenarios::Site& site : testbed.sites())
    if (std::ranges::find(testbed.ingresses(), site.egress) == testbed.ingresses().end()) return site.egress;
  return std::nullopt;
}

// From the start of the daemons, unless said otherwise. Nothing: it did not happen in the phase.
struct Return {
  std::string role;                      // "ingress", "egress"
  std::optional<double> routes_ms;       // every ingress has a route to every instance
  std::optional<double> metrics_ms;      // every receiver has a sample of every instance, taken after the start
  std::optional<double> reprovision_ms;  // both, and a decision in force that knows it
  std::optional<double> rerouted_ms;     // from the loss: no ingress has a route to what is behind the egress
};

std::optional<double> since(std::optional<std::int64_t> moment, std::int64_t from) {
  return moment ? std::optional(to_ms(Duration(*moment - from))) : std::nullopt;
}

// The first moment from `from` on, in the phase, when `holds` of what the ingress had last been seen to reach.
template <class Holds>
std::optional<std::int64_t> reached(const RunData& data, const Trial& trial, const Phase& phase,
                                    const std::string& ingress, std::int64_t from, Holds holds) {
  bool held = false;
  for (const Event* event : data.events("reachable", trial.started_ns, phase.to_ns)) {
    if (event->text("trial") != trial.id || event->text("ingress") != ingress) continue;
    if (event->t_ns >= from && held) return from;
    held = holds(event->at("instances").get<Instances>());
    if (event->t_ns >= from && held) return event->t_ns;
  }
  return held ? std::optional(from) : std::nullopt;
}

std::optional<std::int64_t> metrics_again(const RunData& data, const Phase& phase, const Loss& loss) {
  std::int64_t last = loss.started_ns;
  for (const ReceiverInfo& receiver : data.receivers())
    for (const SiteInfo& site : data.sites()) {
      const auto events = data.events("metric_received", loss.started_ns, phase.to_ns);
      const auto first = std::ranges::find_if(events, [&](const Event* event) {
        const auto& end = event->at("window_end");
        return event->node == receiver.node && event->text("via") == receiver.via &&
               event->text("source") == site.csci && end.get<std::int64_t>() > loss.started_ns;
      });
      if (first == events.end()) return std::nullopt;
      last = std::max(last, (*first)->t_ns);
    }
  return last;
}

// The first decision in force at or after `from` that rests on samples of every instance, taken after the start.
std::optional<std::int64_t> steered_again(const RunData& data, const Trial& trial, const Phase& phase, const Loss& loss,
                                          const std::string& ingress, std::int64_t from) {
  for (const InForce& decision : decisions_in_force(data, trial, ingress)) {
    if (decision.from_ns < from || decision.from_ns >= phase.to_ns) continue;
    const nlohmann::json& inputs = decision.decision->at("inputs");
    const auto fresh = std::ranges::count_if(inputs, [&](const nlohmann::json& input) {
      return sampled_after(input, loss.started_ns) && input.at("eligible").get<bool>();
    });
    if (static_cast<std::size_t>(fresh) == data.sites().size()) return decision.from_ns;
  }
  return std::nullopt;
}

Return return_of(const RunData& data, const Trial& trial, const Phase& phase, const Loss& loss) {
  Return result{phase.name == kEgressPhase ? "egress" : "ingress", {}, {}, {}, {}};
  Instances behind;
  for (const SiteInfo& site : data.sites())
    if (site.egress == loss.of) behind.insert(site.csci);
  std::optional<std::int64_t> routes = loss.started_ns;
  std::optional<std::int64_t> steered = loss.started_ns;
  std::optional<std::int64_t> rerouted = loss.lost_ns;
  const auto later = [](std::optional<std::int64_t>& last, const std::optional<std::int64_t>& one) {
    last = last && one ? std::optional(std::max(*last, *one)) : std::nullopt;
  };
  const auto metrics = metrics_again(data, phase, loss);
  for (const std::string& ingress : data.ingresses()) {
    const auto here = reached(data, trial, phase, ingress, loss.started_ns,
                              [&](const Instances& now) { return now.size() == data.sites().size(); });
    later(routes, here);
    later(steered,
          here && metrics ? steered_again(data, trial, phase, loss, ingress, std::max(*here, *metrics)) : std::nullopt);
    later(rerouted, reached(data, trial, phase, ingress, loss.lost_ns, [&](const Instances& now) {
            return std::ranges::none_of(now, [&](const std::string& csci) { return behind.contains(csci); });
          }));
  }
  result.routes_ms = since(routes, loss.started_ns);
  result.metrics_ms = since(metrics, loss.started_ns);
  result.reprovision_ms = since(steered, loss.started_ns);
  if (result.role == "egress") result.rerouted_ms = since(rerouted, loss.lost_ns);
  return result;
}

struct RouterView {
  const Trial* trial = nullptr;
  std::vector<TracedSession> sessions;
  std::vector<Return> returns;
};

RouterView view_of(const RunData& data, const Trial& trial) {
  RouterView view{&trial, sessions_of(data, trial), {}};
  for (const Loss& loss : losses_of(data, trial))
    for (const Phase& phase : trial.phases)
      if (phase.contains(loss.lost_ns)) view.returns.push_back(return_of(data, trial, phase, loss));
  if (view.returns.empty()) throw MeasurementError("trial " + trial.id + ": no router was lost");
  return view;
}

class RouterFailover final : public Test {
 public:
  std::string_view name() const override { return "router-failover"; }
  std::string_view title() const override { return "a router's FRR is killed: routes, metrics and steering come back"; }
  std::string_view primary_figure() const override { return "reprovisioning_ms.ingress"; }

  const std::vector<scenarios::FigureDeclaration>& figures() const override {
    static const std::vector<scenarios::FigureDeclaration> list{
        {"reprovisioning_ms.*", "ms"},   {"routes_ms.*", "ms"},           {"metrics_ms.*", "ms"},
        {"rerouted_ms.egress", "ms"},    {"broken_sessions", "sessions"}, {"instance_changes", "changes"},
        {"failed_requests", "requests"}, {"longest_stall_ms", "ms"}};
    return list;
  }

  const std::vector<scenarios::Parameter>& parameters() const override {
    static const std::vector<scenarios::Parameter> list{
        {"outage_s", "s", 3, 1, 0.1, 3600, "from the kill to the start, of each router"},
        {"return_s", "s", 30, 20, 1, 3600, "to wait for routes after the start, at most"},
        {"settle_s", "s", 2, 0.5, 0.1, 3600, "after they are there; W + 3T longer, and T more where a manager is"},
    };
    return list;
  }

  // Routes are expected back in about a third of the time that is given them.
  Duration length(const scenarios::Scenario& /*scenario*/, const Conditions& c) const override {
    return kSchedulingMargin + c.interval + 2 * (c.duration("outage_s") + c.duration("return_s") / 3 + settle_time(c));
  }

  std::optional<std::string> impossible(const Conditions& c) const override {
    if (c.uses_metrics) return std::nullopt;
    return c.algorithm + " ignores metrics: no decision says that they are back";
  }

  void run_trial(const TrialContext& context) const override {
    scenarios::Testbed& testbed = context.testbed;
    const Conditions& c = context.conditions;
    const Duration before = kSchedulingMargin + context.warm_up + moment_in_interval(context);
    const Duration each = c.duration("outage_s") + c.duration("return_s") + settle_time(c) + kStart;
    const Instant start = testbed.now() + kSchedulingMargin;
    begin_load(testbed, load_request(context, start, before + 2 * each + kSchedulingMargin));
    context.phase("warm-up", before);
    Watch watch(context);
    lose_one(context, watch, kMeasurePhase, testbed.ingresses().front());
    if (const auto egress = egress_of(testbed)) lose_one(context, watch, kEgressPhase, *egress);
    close_load(context);
    context.begin_phase("done");
  }

  std::optional<std::string> void_reason(const RunData& data, const Trial& trial,
                                         const Conditions& /*conditions*/) const override {
    return load_problem(data, trial);
  }

  void analyse(const AnalysisInput& input, TestResult& result, std::vector<Warning>& warnings) const override {
    std::vector<RouterView> views;
    std::vector<TrialSessions> sessions;
    for (const Trial* trial : input.trials) views.push_back(view_of(input.data, *trial));
    for (const RouterView& view : views) sessions.push_back({view.trial, &view.sessions});
    for (const char* role : {"ingress", "egress"}) add_return(views, role, result);
    // Neighbours give a router up, and a zebra that starts removes routes: sessions may break, and that is a result.
    add_session_figures(sessions, MustHold::no, result, warnings);
    add_stall_figure(sessions, kClosePhase, result);
  }

 private:
  static constexpr Duration kStart = std::chrono::seconds(5);  // of the daemons, at most

  static Duration settle_time(const Conditions& c) {
    return c.duration("settle_s") + c.window + 3 * c.interval + c.longest_wait();
  }

  static void lose_one(const TrialContext& context, Watch& watch, std::string_view phase, const std::string& router) {
    const Conditions& c = context.conditions;
    context.begin_phase(phase);
    watch.all();
    const Instant lost = context.testbed.now();
    lose(context, router, scenarios::Part::routing);
    watch.until(lost + c.duration("outage_s"));
    restore(context, router, scenarios::Part::routing);
    watch.wait(context.testbed.now() + c.duration("return_s"));
    watch.until(context.testbed.now() + settle_time(c));
  }

  static void add_return(const std::vector<RouterView>& views, const std::string& role, TestResult& result) {
    const auto add = [&](const std::string& figure, std::optional<double> Return::*value, const std::string& missing) {
      std::vector<TrialSamples> rows;
      std::string never;
      for (const RouterView& view : views)
        for (const Return& one : view.returns) {
          if (one.role != role) continue;
          if (one.*value) {
            rows.push_back(TrialSamples::with_value(*view.trial, *(one.*value), {*(one.*value)}));
          } else {
            rows.push_back(TrialSamples::without_value(*view.trial, missing));
            if (never.empty()) never = fmt::format("trial {}: {}", view.trial->index, missing);
          }
        }
      if (!rows.empty())
        add_figure(result, figure + "." + role, {"ms", "mean", "both", "events/<ingress>.jsonl", {{"role", role}}},
                   rows);
      return std::pair(!rows.empty(), never);
    };
    const auto [taken, never] = add("reprovisioning_ms", &Return::reprovision_ms,
                                    "routes, metrics and a decision that knows them were not there again in time");
    if (!taken) return;
    set_verdict(result.figures.back().second, never.empty() ? Verdict::pass : Verdict::fail, never);
    add("routes_ms", &Return::routes_ms, "an ingress had not a route to every instance in time");
    add("metrics_ms", &Return::metrics_ms, "a receiver had not a new sample of every instance in time");
    if (role == "egress") add("rerouted_ms", &Return::rerouted_ms, "an ingress kept its routes to what is behind it");
  }
};

}  // namespace

const Test& router_failover_test() {
  static const RouterFailover test;
  return test;
}

}  // namespace cats::suite
