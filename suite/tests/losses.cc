#include "suite/tests/losses.h"

#include <algorithm>

#include "base/error.h"
#include "base/random.h"

namespace cats::suite {

void lose(const TrialContext& context, const std::string& node, scenarios::Part part) {
  context.log("lost", {{"of", node}, {"part", to_string(part)}});
  context.testbed.lose(node, part);
}

void restore(const TrialContext& context, const std::string& node, scenarios::Part part) {
  const Instant started = context.testbed.now();
  context.testbed.restore(node, part);
  context.log("restored", {{"of", node}, {"part", to_string(part)}, {"started_ns", to_ns(started)}});
}

void set_link(const TrialContext& context, const std::string& a, const std::string& b, bool up) {
  context.log("link", {{"a", a}, {"b", b}, {"up", up}});
  context.testbed.set_link(a, b, up);
}

std::vector<Loss> losses_of(const RunData& data, const Trial& trial) {
  std::vector<Loss> losses;
  for (const Event* event : data.events("lost", trial.started_ns, trial.ended_ns))
    if (event->text("trial") == trial.id) losses.push_back({event->text("of"), event->text("part"), event->t_ns, 0, 0});
  for (const Event* event : data.events("restored", trial.started_ns, trial.ended_ns)) {
    if (event->text("trial") != trial.id) continue;
    const auto loss = std::ranges::find_if(losses, [&](const Loss& one) {
      return one.restored_ns == 0 && one.of == event->text("of") && one.part == event->text("part") &&
             one.lost_ns <= event->t_ns;
    });
    if (loss == losses.end())
      throw MeasurementError(fmt::format("trial {}: the {} of {} was restored and never lost", trial.id,
                                         event->text("part"), event->text("of")));
    loss->started_ns = event->ns("started_ns");
    loss->restored_ns = event->t_ns;
  }
  for (const Loss& loss : losses)
    if (loss.restored_ns == 0)
      throw MeasurementError(
          fmt::format("trial {}: the {} of {} was lost and not restored", trial.id, loss.part, loss.of));
  return losses;
}

Loss loss_of(const RunData& data, const Trial& trial) {
  const std::vector<Loss> losses = losses_of(data, trial);
  if (losses.size() != 1)
    throw MeasurementError(fmt::format("trial {}: {} losses were logged, must be 1", trial.id, losses.size()));
  return losses.front();
}

std::string node_with(const scenarios::Scenario& scenario, topologies::Role role) {
  const auto nodes = scenario.network ? scenario.network->with_role(role) : std::vector<const topologies::Node*>{};
  if (nodes.empty()) throw MeasurementError(fmt::format("the network has no {}", topologies::role_name(role)));
  return nodes.front()->name;
}

Duration moment_in_interval(const TrialContext& context) {
  RandomStream random(context.seed, "loss");
  return Duration(
      static_cast<std::int64_t>(static_cast<double>(context.conditions.interval.count()) * random.uniform()));
}

}  // namespace cats::suite
