#include "suite/background.h"

namespace cats::suite {

void follow_background(scenarios::Testbed& testbed, const scenarios::Scenario& scenario, bool measuring) {
  const Instant now = testbed.now();
  for (const auto& [node, loads] : scenario.background) {
    auto list = nlohmann::json::array();
    for (const scenarios::BackgroundLoad& load : loads)
      if (measuring)
        list.push_back({{"shape", load.shape},
                        {"start_ns", load.start.count()},
                        {"end_ns", load.end ? nlohmann::json(load.end->count()) : nlohmann::json(nullptr)},
                        {"cores", load.cores},
                        {"from", load.from},
                        {"period_ns", load.period.count()},
                        {"neighbour", load.neighbour}});
    testbed.command(node, {{"do", "background_schedule"}, {"start_ns", to_ns(now)}, {"loads", list}});
  }
}

}  // namespace cats::suite
