// `path-provisioning` (docs/tests.md; RFC 8456, 5.1.4 to 5.1.7): how long from what the controller has to answer, an
// operator's command or an instance that appears, until every ingress steers new flows accordingly?
#include <algorithm>
#include <limits>
#include <map>

#include "base/error.h"
#include "scenarios/deployment.h"
#include "suite/report/figure.h"
#include "suite/tests/afterwards.h"
#include "suite/tests/control_plane.h"
#include "suite/tests/losses.h"
#include "suite/tests/phases.h"
#include "suite/tests/steering.h"
#include "suite/tests/tests.h"

namespace cats::suite {
namespace {

constexpr const char* kEvenly = "round-robin";                    // gives every instance that is there a share
constexpr const char* kUnevenly = "global-min";                   // where the scenario's algorithm is that one
constexpr unsigned kUntilTold = 1'000'000'000;                    // updates
constexpr Duration kForgetting = std::chrono::milliseconds(300);  // beyond the age limit

void set_algorithm(const TrialContext& context, const std::string& service, const cpsel::ChosenAlgorithm& algorithm,
                   std::string_view log = "") {
  scenarios::Testbed& testbed = context.testbed;
  const std::string controller = node_with(context.scenario, topologies::Role::kController);
  const Instant asked = testbed.now();
  const auto reply = testbed.command(controller, cpsel::algorithm_command(service, algorithm));
  if (!log.empty())
    context.log(log, {{"decision", reply.at("decision").get<std::int64_t>()}, {"asked_ns", to_ns(asked)}});
}

// Of the sites of the first service: what other tests steer.
std::vector<scenarios::Site> sites_of_service(const scenarios::Testbed& testbed) {
  std::vector<scenarios::Site> sites = testbed.sites();
  std::erase_if(sites, [&](const scenarios::Site& site) { return site.cs_id != testbed.sites().front().cs_id; });
  return sites;
}

// What that edge server sends gets lost; no other is silent. Other faults of the scenario stay as they are.
void lose_updates(const TrialContext& context, const std::string& edge_server, unsigned updates) {
  context.testbed.command(edge_server, {{"do", "fault"}, {"kind", "lost-update"}, {"updates", updates}});
}

// In force at every ingress.
struct Provision {
  std::int64_t asked_ns = 0;
  std::optional<std::int64_t> in_force_ns;  // at the last ingress; nothing when one never had it
};

std::vector<Provision> proactive(const RunData& data, const Trial& trial) {
  std::map<std::string, std::vector<InForce>> by_ingress;
  for (const std::string& ingress : data.ingresses()) by_ingress[ingress] = decisions_in_force(data, trial, ingress);
  std::vector<Provision> provisions;
  for (const Event* event : data.events("provisioned", trial.started_ns, trial.ended_ns)) {
    Provision one{event->ns("asked_ns"), std::nullopt};
    for (const auto& [ingress, decisions] : by_ingress) {
      const auto found = std::ranges::find_if(decisions, [&](const InForce& decision) {
        return decision.from_ns >= one.asked_ns && decision.decision->t_ns >= one.asked_ns &&
               decision.decision->ns("id") >= event->ns("decision");
      });
      if (found == decisions.end()) {
        one.in_force_ns.reset();
        break;
      }
      one.in_force_ns = std::max(one.in_force_ns.value_or(0), found->from_ns);
    }
    provisions.push_back(one);
  }
  return provisions;
}

// An instance that the C-PS had given up, from its first update on.
struct Reactive {
  std::string csci;
  bool given_up = false;  // no ingress gave it flows when it came back
  std::int64_t sent_ns = 0;
  std::int64_t received_ns = 0;
  std::optional<std::int64_t> in_force_ns;  // with a weight, at the last ingress
};

std::vector<Reactive> reactive(const RunData& data, const Trial& trial) {
  const std::string controller = controller_node(data);
  std::vector<Reactive> all;
  for (const Event* event : data.events("returned", trial.started_ns, trial.ended_ns)) {
    Reactive one{.csci = event->text("source"), .in_force_ns = {}};
    const Event* first = nullptr;
    for (const Event* received : data.events("metric_received", event->t_ns, trial.ended_ns))
      if (first == nullptr && received->node == controller && received->text("source") == one.csci) first = received;
    if (first == nullptr)
      throw MeasurementError(fmt::format("trial {}: nothing of {} was received after its return", trial.id, one.csci));
    one.received_ns = first->t_ns;
    for (const Event* sent : data.events("metric_sent", trial.started_ns, first->t_ns))
      if (sent->text("via") == "rest" && sent->text("source") == one.csci && sent->ns("seq") == first->ns("seq"))
        one.sent_ns = sent->t_ns;
    if (one.sent_ns == 0)
      throw MeasurementError(
          fmt::format("trial {}: the update of {} that came was not logged as sent", trial.id, one.csci));
    one.given_up = true;
    std::int64_t last = 0;
    bool everywhere = true;
    for (const std::string& ingress : data.ingresses()) {
      const auto decisions = decisions_in_force(data, trial, ingress);
      const auto gives = [&](const InForce& decision) {
        const auto weight = decision.weights.find(one.csci);
        return weight != decision.weights.end() && weight->second > 0;
      };
      const InForce* before = at(decisions, one.received_ns);
      if (before == nullptr || gives(*before)) one.given_up = false;
      const auto found = std::ranges::find_if(
          decisions, [&](const InForce& decision) { return decision.from_ns > one.received_ns && gives(decision); });
      if (found == decisions.end())
        everywhere = false;
      else
        last = std::max(last, found->from_ns);
    }
    if (everywhere) one.in_force_ns = last;
    all.push_back(one);
  }
  return all;
}

// Orders that came into force per second while updates came faster than orders are carried out; of the slowest router.
std::optional<double> reactive_rate(const RunData& data, const Trial& trial) {
  for (const Event& burst : data.events("burst")) {
    const std::int64_t start = burst.ns("started_ns");
    if (start < trial.started_ns || start >= trial.ended_ns) continue;
    std::map<std::string, int> orders;
    for (const std::string& ingress : data.ingresses()) orders[ingress] = 0;
    for (const Event* event : data.events("order_acknowledged", start, burst.t_ns))
      if (const auto router = orders.find(event->text("router")); router != orders.end()) ++router->second;
    int fewest = std::numeric_limits<int>::max();
    for (const auto& [router, count] : orders) fewest = std::min(fewest, count);
    return static_cast<double>(fewest) / to_seconds(Duration(burst.t_ns - start));
  }
  return std::nullopt;
}

class PathProvisioning final : public Test {
 public:
  std::string_view name() const override { return "path-provisioning"; }
  std::string_view title() const override { return "how fast the controller's decisions come into force"; }
  std::string_view primary_figure() const override { return "proactive_ms"; }

  const std::vector<scenarios::FigureDeclaration>& figures() const override {
    static const std::vector<scenarios::FigureDeclaration> list{
        {"not_provisioned", "provisions"},  {"proactive_ms", "ms"},
        {"proactive_rate", "provisions/s"}, {"reactive_ms", "ms"},
        {"reactive_ms.controller", "ms"},   {"reactive_rate", "orders/s"},
    };
    return list;
  }

  const std::vector<scenarios::Parameter>& parameters() const override {
    static const std::vector<scenarios::Parameter> list{
        {"proactive", "none", 40, 10, 1, 10000, "operator's commands, one after the other"},
        {"reactive", "none", 2, 1, 0, 100, "instances that are silent until they are given up, and come back"},
        {"rate", "/s", 1000, 1000, 1, 1e6, "of the updates while orders are counted"},
        {"orders_s", "s", 1, 1, 0.1, 20, "how long orders are counted"},
    };
    return list;
  }

  Duration length(const scenarios::Scenario& scenario, const Conditions& c) const override {
    const auto each = silence(scenario) + back(c);
    return std::chrono::seconds(1) + settle_time(c) + c.duration("orders_s") + settle_time(c) +
           static_cast<std::int64_t>(c.number("reactive")) * each;
  }

  std::optional<std::string> impossible(const Conditions& c) const override {
    if (auto why = no_controller(c)) return why;
    if (c.cps == "split") return "with \"cps: split\" the ingress decides: what the controller orders is not in force";
    return std::nullopt;
  }

  void run_trial(const TrialContext& context) const override {
    const Conditions& c = context.conditions;
    const std::string service = context.testbed.sites().front().cs_id.str();
    const cpsel::ChosenAlgorithm own = scenarios::chosen(context.scenario.algorithm);
    const cpsel::ChosenAlgorithm other{.name = own.name == kEvenly ? kUnevenly : kEvenly};
    context.phase("warm-up", context.warm_up);
    Afterwards restored([&] { set_algorithm(context, service, own); });
    context.begin_phase("proactive");
    for (int i = 0; i < static_cast<int>(c.number("proactive")); ++i) {
      const bool back_again = i % 2 == 1;
      set_algorithm(context, service, back_again ? own : other, "provisioned");
    }
    set_algorithm(context, service, {.name = kEvenly});
    context.phase("settle", settle_time(c));
    context.begin_phase("orders");
    burst(context, c.number("rate"), c.duration("orders_s"));
    context.phase("settle", settle_time(c));
    if (context.scenario.age_limit) run_reactive(context);
    restored.now();
    context.begin_phase("done");
  }

  std::optional<std::string> void_reason(const RunData& data, const Trial& trial, const Conditions& c) const override {
    const auto provisions = data.events("provisioned", trial.started_ns, trial.ended_ns).size();
    if (provisions != static_cast<std::size_t>(c.number("proactive")))
      return fmt::format("{} provisions of {:.0f} were made", provisions, c.number("proactive"));
    for (const Reactive& one : reactive(data, trial))
      if (!one.given_up) return fmt::format("{} still had flows when it came back", site_name(data, one.csci));
    return std::nullopt;
  }

  void analyse(const AnalysisInput& input, TestResult& result, std::vector<Warning>& /*warnings*/) const override {
    std::vector<TrialSamples> missed, times, rates, from_sending, from_receipt, orders;
    std::int64_t asked = 0;
    bool any_reactive = false;
    for (const Trial* trial : input.trials) {
      int missing = 0;
      std::vector<double> took;
      const auto provisions = proactive(input.data, *trial);
      for (const Provision& one : provisions) {
        if (one.in_force_ns)
          took.push_back(to_ms(Duration(*one.in_force_ns - one.asked_ns)));
        else
          ++missing;
      }
      rates.push_back(rate_of(*trial, provisions));
      times.push_back(TrialSamples::of(*trial, std::move(took)));
      std::vector<double> sending, receipt;
      const auto returns = reactive(input.data, *trial);
      for (const Reactive& one : returns) {
        if (one.in_force_ns) {
          sending.push_back(to_ms(Duration(*one.in_force_ns - one.sent_ns)));
          receipt.push_back(to_ms(Duration(*one.in_force_ns - one.received_ns)));
        } else {
          ++missing;
        }
      }
      any_reactive = any_reactive || !returns.empty();
      asked += static_cast<std::int64_t>(provisions.size() + returns.size());
      missed.push_back(TrialSamples::with_value(*trial, missing));
      from_sending.push_back(TrialSamples::of(*trial, std::move(sending)));
      from_receipt.push_back(TrialSamples::of(*trial, std::move(receipt)));
      const auto rate = reactive_rate(input.data, *trial);
      orders.push_back(rate ? TrialSamples::with_value(*trial, *rate)
                            : TrialSamples::without_value(*trial, "the manager logged no burst"));
    }
    const std::string log = "events/<ingress>.jsonl";
    add_exact(result, "not_provisioned", {"provisions", "of a trial", "dut", log}, std::move(missed), 0, asked,
              "provisions");
    add_figure(result, "proactive_ms", {"ms", "mean", "both", log}, std::move(times));
    add_figure(result, "proactive_rate", {"provisions/s", "of a trial", "both", log}, std::move(rates));
    add_reactive(result, "reactive_ms", log, std::move(from_sending), any_reactive);
    add_reactive(result, "reactive_ms.controller", log, std::move(from_receipt), any_reactive);
    add_figure(result, "reactive_rate", {"orders/s", "of a trial", "dut", "events/<controller>.jsonl"},
               std::move(orders));
  }

 private:
  // Until the C-PS has given up an instance that says nothing.
  static Duration silence(const scenarios::Scenario& scenario) {
    return scenario.age_limit ? *scenario.age_limit + 2 * scenario.interval + kForgetting : Duration{};
  }
  static Duration back(const Conditions& c) { return c.interval + settle_time(c); }

  static void run_reactive(const TrialContext& context) {
    const auto sites = sites_of_service(context.testbed);
    const auto count = static_cast<std::size_t>(context.conditions.number("reactive"));
    for (std::size_t i = 0; i < count; ++i) {
      const scenarios::Site& site = sites[(context.seed + i) % sites.size()];
      Afterwards told([&] { lose_updates(context, site.node, 0); });
      lose_updates(context, site.node, kUntilTold);
      context.phase("silence", silence(context.scenario));
      context.begin_phase("reactive");
      told.now();
      context.log("returned", {{"source", site.csci.str()}});
      context.testbed.sleep_until(context.testbed.now() + back(context.conditions));
    }
  }

  // Back to back: from the first command to the last one in force.
  static TrialSamples rate_of(const Trial& trial, const std::vector<Provision>& provisions) {
    if (provisions.empty() || !provisions.back().in_force_ns)
      return TrialSamples::without_value(trial, "the last provision never came into force");
    const Duration whole(*provisions.back().in_force_ns - provisions.front().asked_ns);
    return TrialSamples::with_value(trial, static_cast<double>(provisions.size()) / to_seconds(whole));
  }

  static void add_reactive(TestResult& result, const std::string& name, const std::string& log,
                           std::vector<TrialSamples> trials, bool any) {
    Figure& figure = add_figure(result, name, {"ms", "mean", "both", log}, std::move(trials));
    if (!any)
      set_verdict(figure, Verdict::not_applicable,
                  "no instance was made silent: the scenario has no age_limit, or \"reactive\" is 0");
  }
};

}  // namespace

const Test& path_provisioning_test() {
  static const PathProvisioning test;
  return test;
}

}  // namespace cats::suite
