// `topology-discovery` (docs/tests.md; RFC 8456, sections 5.1.1 Network Topology Discovery Time, 5.1.8 Network Topology
// Change Detection Time, 5.2.2 Network Discovery Size): the controller is killed and started anew, then links go down
// and up. When does it know, and does it know everything?
#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "base/random.h"
#include "suite/report/figure.h"
#include "suite/tests/control_plane.h"
#include "suite/tests/losses.h"
#include "suite/tests/phases.h"
#include "suite/tests/tests.h"

namespace cats::suite {
namespace {

constexpr const char* kChanges = "changes";
constexpr Duration kDrawn = std::chrono::seconds(1);  // longest wait before a link changes
constexpr const char* kControllerLog = "events/<controller>.jsonl";

using Names = std::set<std::string>;

// As the controller names a link.
std::string link_name(const std::string& a, const std::string& b) { return std::min(a, b) + "-" + std::max(a, b); }

// What the IGP can tell of the topology file: its routers, and the links between them.
struct Wanted {
  Names nodes;
  Names links;
};

Wanted wanted_of(const scenarios::Scenario& scenario) {
  if (!scenario.network) throw MeasurementError("the run has no topology");
  Wanted expected;
  for (const topologies::Node* router : scenario.network->routers()) expected.nodes.insert(router->name);
  for (const topologies::Link& link : scenario.network->links)
    if (link.core) expected.links.insert(link_name(link.a.node, link.b.node));
  return expected;
}

std::int64_t common(const Names& expected, const nlohmann::json& seen) {
  return std::ranges::count_if(
      seen, [&](const nlohmann::json& name) { return name.is_string() && expected.contains(name.get<std::string>()); });
}

// The routers stay in one piece without this link.
bool dispensable(const topologies::Topology& topology, const topologies::Link& without) {
  const auto routers = topology.routers();
  Names reached{routers.front()->name};
  for (bool grown = true; grown;) {
    grown = false;
    for (const topologies::Link& link : topology.links) {
      if (!link.core || &link == &without || reached.contains(link.a.node) == reached.contains(link.b.node)) continue;
      reached.insert({link.a.node, link.b.node});
      grown = true;
    }
  }
  return reached.size() == routers.size();
}

// The links between routers to take down in turn: those that the network can do without; where there is none, all.
std::vector<const topologies::Link*> links_to_lose(const topologies::Topology& topology) {
  std::vector<const topologies::Link*> all, spare;
  for (const topologies::Link& link : topology.links) {
    if (!link.core) continue;
    all.push_back(&link);
    if (dispensable(topology, link)) spare.push_back(&link);
  }
  if (all.empty()) throw MeasurementError("the topology has no link between routers");
  return spare.empty() ? all : spare;
}

struct DiscoveryView {
  const Trial* trial = nullptr;
  std::optional<double> discovery_ms;
  std::int64_t nodes = 0, links = 0;  // that were known before the first link changed
  std::vector<double> down_ms, up_ms;
  std::int64_t changes = 0, missed = 0;
};

// From each change of a link to the first `topology` that has it so; before the next change of that link.
void add_changes(const RunData& data, const std::string& controller, DiscoveryView& view) {
  const Trial& trial = *view.trial;
  std::vector<const Event*> changes;
  for (const Event* event : data.events("link", trial.started_ns, trial.ended_ns))
    if (event->text("trial") == trial.id) changes.push_back(event);
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const std::string name = link_name(changes[i]->text("a"), changes[i]->text("b"));
    const bool up = changes[i]->at("up").get<bool>();
    const std::int64_t until = i + 1 < changes.size() ? changes[i + 1]->t_ns : trial.ended_ns;
    const auto events = data.events("topology", changes[i]->t_ns, until);
    const auto seen = std::ranges::find_if(events, [&](const Event* event) {
      return event->node == controller && (common({name}, event->at("links")) > 0) == up;
    });
    ++view.changes;
    if (seen == events.end())
      ++view.missed;
    else
      (up ? view.up_ms : view.down_ms).push_back(to_ms(Duration((*seen)->t_ns - changes[i]->t_ns)));
  }
}

DiscoveryView view_of(const RunData& data, const Trial& trial, const Wanted& expected) {
  DiscoveryView view;
  view.trial = &trial;
  const Loss loss = loss_of(data, trial);
  const Phase& changes = phase_of(trial, kChanges);
  for (const Event* event : data.events("topology", loss.started_ns, changes.from_ns)) {
    if (event->node != loss.of) continue;
    view.nodes = common(expected.nodes, event->at("nodes"));
    view.links = common(expected.links, event->at("links"));
    const bool whole = view.nodes == static_cast<std::int64_t>(expected.nodes.size()) &&
                       view.links == static_cast<std::int64_t>(expected.links.size());
    if (whole && !view.discovery_ms) view.discovery_ms = to_ms(Duration(event->t_ns - loss.started_ns));
  }
  add_changes(data, loss.of, view);
  return view;
}

class TopologyDiscovery final : public Test {
 public:
  std::string_view name() const override { return "topology-discovery"; }
  std::string_view title() const override { return "the controller learns the topology, and its changes"; }
  std::string_view primary_figure() const override { return "discovery_ms"; }
  std::string_view emulator_only() const override { return "when routers' OSPF tells a controller what"; }

  const std::vector<scenarios::FigureDeclaration>& figures() const override {
    static const std::vector<scenarios::FigureDeclaration> list{
        {"discovery_ms", "ms"},        {"discovered_share", "1"},     {"discovered_nodes", "nodes"},
        {"discovered_links", "links"}, {"missed_changes", "changes"}, {"change_detection_ms.*", "ms"}};
    return list;
  }

  const std::vector<scenarios::Parameter>& parameters() const override {
    static const std::vector<scenarios::Parameter> list{
        {"outage_s", "s", 1, 0.5, 0.1, 3600, "from the kill of the controller to its start"},
        {"discover_s", "s", 10, 3, 0.5, 3600, "after the start, to learn the topology"},
        {"steps", "none", 4, 1, 1, 1000, "links that go down and up, one after the other"},
        {"down_s", "s", 6, 5, 0.5, 3600, "a link stays down (OSPF tells a change of a router at most every 5 s)"},
        {"up_s", "s", 10, 6, 0.5, 3600, "after a link came up"},
    };
    return list;
  }

  Duration warm_up(const scenarios::Scenario& scenario, const Conditions& /*conditions*/) const override {
    return std::min<Duration>(scenario.warm_up, std::chrono::seconds(1));  // nothing has to flow
  }

  Duration length(const scenarios::Scenario& /*scenario*/, const Conditions& c) const override {
    return c.duration("outage_s") + c.duration("discover_s") +
           static_cast<int>(c.number("steps")) * (c.duration("down_s") + c.duration("up_s") + 2 * kDrawn);
  }

  std::optional<std::string> impossible(const Conditions& c) const override {
    return no_controller(c);  // with `cps: ingress` it has no router to ask either
  }

  void run_trial(const TrialContext& context) const override {
    scenarios::Testbed& testbed = context.testbed;
    const Conditions& c = context.conditions;
    const std::string controller = node_with(context.scenario, topologies::Role::kController);
    const auto links = links_to_lose(*context.scenario.network);
    context.phase("warm-up", context.warm_up);
    context.begin_phase(kMeasurePhase);
    const Instant lost = testbed.now();
    lose(context, controller, scenarios::Part::agent);
    testbed.sleep_until(lost + c.duration("outage_s"));
    restore(context, controller, scenarios::Part::agent);
    testbed.sleep_until(testbed.now() + c.duration("discover_s"));
    context.begin_phase(kChanges);
    // The controller asks at fixed times since its start: a change falls at any time between two of them.
    RandomStream random(context.seed, "topology-discovery/changes");
    for (int step = 0; step < static_cast<int>(c.number("steps")); ++step) {
      const topologies::Link& link = *links[static_cast<std::size_t>(step) % links.size()];
      for (const bool up : {false, true}) {
        testbed.sleep_until(testbed.now() + from_seconds(random.uniform() * to_seconds(kDrawn)));
        const Instant begun = testbed.now();
        set_link(context, link.a.node, link.b.node, up);
        testbed.sleep_until(begun + c.duration(up ? "up_s" : "down_s"));
      }
    }
    context.begin_phase("done");
  }

  std::optional<std::string> void_reason(const RunData&, const Trial&, const Conditions&) const override {
    return std::nullopt;  // it offers no load, and what the controller does not learn is the result
  }

  void analyse(const AnalysisInput& input, TestResult& result, std::vector<Warning>&) const override {
    const Wanted expected = wanted_of(input.scenario);
    std::vector<DiscoveryView> views;
    for (const Trial* trial : input.trials) views.push_back(view_of(input.data, *trial, expected));
    add_discovery(views, expected, result);
    add_detection(views, result);
  }

 private:
  static void add_discovery(const std::vector<DiscoveryView>& views, const Wanted& expected, TestResult& result) {
    std::vector<TrialSamples> times, shares, nodes, links;
    const auto there = static_cast<std::int64_t>(expected.nodes.size() + expected.links.size());
    std::string never;
    for (const DiscoveryView& view : views) {
      if (view.discovery_ms) {
        times.push_back(TrialSamples::with_value(*view.trial, *view.discovery_ms, {*view.discovery_ms}));
      } else {
        times.push_back(TrialSamples::without_value(*view.trial, "the controller did not learn all of it"));
        if (never.empty()) never = fmt::format("trial {}: the controller did not learn all of it", view.trial->index);
      }
      shares.push_back(TrialSamples::with_value(
          *view.trial, static_cast<double>(view.nodes + view.links) / static_cast<double>(there)));
      nodes.push_back(TrialSamples::with_value(*view.trial, static_cast<double>(view.nodes)));
      links.push_back(TrialSamples::with_value(*view.trial, static_cast<double>(view.links)));
    }
    set_verdict(add_figure(result, "discovery_ms", {"ms", "mean", "dut", kControllerLog}, times),
                never.empty() ? Verdict::pass : Verdict::fail, never);
    judge_exact(add_figure(result, "discovered_share", {"1", "share", "dut", kControllerLog}, shares), 1,
                there * static_cast<std::int64_t>(views.size()), "routers and links");
    add_figure(result, "discovered_nodes", {"nodes", "sum", "dut", kControllerLog}, nodes);
    add_figure(result, "discovered_links", {"links", "sum", "dut", kControllerLog}, links);
  }

  static void add_detection(const std::vector<DiscoveryView>& views, TestResult& result) {
    std::vector<TrialSamples> missed, down, up;
    std::int64_t changes = 0;
    for (const DiscoveryView& view : views) {
      changes += view.changes;
      missed.push_back(TrialSamples::with_value(*view.trial, static_cast<double>(view.missed)));
      down.push_back(TrialSamples::of(*view.trial, view.down_ms));
      up.push_back(TrialSamples::of(*view.trial, view.up_ms));
    }
    judge_exact(add_figure(result, "missed_changes", {"changes", "sum", "dut", kControllerLog}, missed), 0, changes,
                "changes of links");
    add_figure(result, "change_detection_ms.down", {"ms", "mean", "dut", kControllerLog}, down);
    add_figure(result, "change_detection_ms.up", {"ms", "mean", "dut", kControllerLog}, up);
  }
};

}  // namespace

const Test& topology_discovery_test() {
  static const TopologyDiscovery test;
  return test;
}

}  // namespace cats::suite
