// The deliberate faults of a scenario (docs/scenario-format.md, "faults"): they show that a test can fail.
#pragma once

#include <set>
#include <string>

#include "scenarios/scenario.h"
#include "scenarios/testbed.h"

namespace cats::suite {

// Of the faults that are commanded; `wrong-tunnel` and `no-conntrack` are built in when a network or an agent begins.
class Faults {
 public:
  explicit Faults(scenarios::Testbed& testbed) : testbed_(testbed) {}

  // Those that last, before a trial; what an earlier trial's scenario asked for ends.
  void begin(const scenarios::Scenario& scenario);
  // Those of a moment, once a trial's measuring has begun.
  void strike(const scenarios::Scenario& scenario);

 private:
  void inject(const scenarios::Scenario& scenario, bool moment);

  scenarios::Testbed& testbed_;
  std::set<std::string> faulty_;  // nodes
};

}  // namespace cats::suite
