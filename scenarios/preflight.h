// What must hold before anything is measured (cats-tests.md, common rules), as far as it can be asked by commands: the
// same in the emulator and in the simulator. A run that measures a network which is not the one it describes is worse
// than none.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "scenarios/scenario.h"
#include "scenarios/testbed.h"

namespace cats::scenarios {

struct PreflightCheck {
  std::string check;  // "SRv6 tunnel r1 → es1"
  bool ok = false;
  std::string detail;
};

// What failed, a line each; "" when nothing did.
std::string failures(const std::vector<PreflightCheck>& checks);

// Until what every site tells first is known everywhere, besides what messages take: its window, and T, by way of the
// manager once more.
Duration until_heard(const Scenario& scenario);

// Each check waits until it holds, all of them together no longer than until `deadline`. They throw only Interrupted
// and what the testbed throws when a process has died: a check that could not be made is a check that failed. The
// testbed and the scenario, with its network, must stay.
class Preflight {
 public:
  Preflight(Testbed& testbed, const Scenario& scenario, Instant deadline)
      : testbed_(testbed), scenario_(scenario), deadline_(deadline) {}

  // `wrong` returns what is wrong, "" when all is well; it is asked until the deadline. `good` is the detail of a check
  // that holds.
  void expect(const std::string& check, const std::string& good, const std::function<std::string()>& wrong);

  void collectors();     // every site answers with a sample
  void control_plane();  // in the modes with a controller: it knows all metrics, and its orders are in force
  void instances_at(const std::string& ingress);
  void tunnel(const std::string& ingress, const Site& site);
  // The slots of the flow table are those of the weights in force.
  void southbound(const std::string& ingress, const std::string& cs_id);

  const std::vector<PreflightCheck>& checks() const { return checks_; }

 private:
  std::string own_metric() const;
  std::string unheard_at_controller(const std::string& controller) const;
  std::string orders_not_in_force(const std::string& controller) const;
  std::string missing_at(const std::string& ingress, const std::string& metric) const;
  std::string other_slots(const std::string& ingress, const std::string& cs_id) const;

  Testbed& testbed_;
  const Scenario& scenario_;
  Instant deadline_;
  std::vector<PreflightCheck> checks_;
};

}  // namespace cats::scenarios
