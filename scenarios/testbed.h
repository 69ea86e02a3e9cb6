// What a test may do to the world it measures. The emulator implements it with namespaces and processes, the simulator
// in virtual time; a test does not know which.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "base/ip.h"

namespace cats::scenarios {

struct Scenario;

struct Site {
  std::string node;  // the edge server
  IpAddress csci;    // the instance's CSCI-ID
  IpAddress cs_id;
  std::string egress;  // the router it is attached to
  double quota_cores = 0;
};

// An ingress, where the C-PS that steers it runs, and where the metrics that this C-PS reads first arrive: its own node
// where the ingress chooses by itself, else the controller's.
struct Ingress {
  std::string node;
  std::string decider;
  std::string listener;
};

// Who gets metric updates, and how.
struct Receiver {
  std::string node;
  std::string via;  // "bgp" or "rest"
};

// What a testbed tells tests about its nodes.
struct Deployment {
  std::vector<Site> sites;
  std::vector<std::string> ingresses;  // node names
  std::vector<std::string> hosts;
  std::vector<std::string> deciders;  // the nodes whose C-PS decides, each once: they take the command `algorithm`
  std::vector<Ingress> steering;      // one per ingress, in the order of `ingresses`
  std::vector<Receiver> receivers;
};

// What can be lost on purpose: a node's agent (its catsd process), or the FRR daemons of a router, all together.
enum class Part : std::uint8_t { agent, routing };

inline const char* to_string(Part part) { return part == Part::agent ? "agent" : "routing"; }

// An algorithm of the user's broke down: no trial after this one can be taken either.
class AlgorithmFailed : public MeasurementError {
 public:
  using MeasurementError::MeasurementError;
};

class Testbed {
 public:
  virtual ~Testbed() = default;

  // Becomes the world that `scenario` describes: metrics arrive, and new flows are steered by its algorithm. Changes as
  // little as it can. Throws MeasurementError.
  virtual void configure(const Scenario& scenario) = 0;

  virtual Instant now() const = 0;
  // Returns at `when`. Throws Interrupted on Ctrl-C, MeasurementError when a process of the run has died.
  virtual void sleep_until(Instant when) = 0;

  // Of the scenario that it was configured for last.
  virtual const Deployment& deployment() const = 0;
  const std::vector<Site>& sites() const { return deployment().sites; }
  const std::vector<std::string>& ingresses() const { return deployment().ingresses; }
  const std::vector<std::string>& hosts() const { return deployment().hosts; }
  const std::vector<std::string>& deciders() const { return deployment().deciders; }
  const std::vector<Ingress>& steering() const { return deployment().steering; }
  const std::vector<Receiver>& receivers() const { return deployment().receivers; }

  // Commands the agent of `node` (docs/control.md) and returns its reply. Throws MeasurementError naming node, command
  // and the reply's error.
  virtual nlohmann::json command(const std::string& node, const nlohmann::json& request) = 0;

  // Kills (SIGKILL) what `node` has of that, and returns when it has ended. Until it is restored its absence is no
  // error of the run; commands to a lost agent are. Throw MeasurementError, also for a part that the node has not.
  virtual void lose(const std::string& node, Part part) = 0;
  // Starts it anew with the configuration that it had, and returns when its processes answer: what they have to learn
  // from others comes later. Nothing happens when it was not lost.
  virtual void restore(const std::string& node, Part part) = 0;
  // Takes the links between two nodes down or up, at both ends. Up: returns when packets pass.
  virtual void set_link(const std::string& a, const std::string& b, bool up) = 0;
  // Whatever is lost or down: back. The trial loop calls it before and after every trial.
  virtual void restore_all() = 0;

  // CPU time that a site's service has used so far, by the kernel's accounting: not by way of the site's agent.
  virtual Duration cpu_time(const std::string& node) const = 0;

  // CPU time the whole machine spent idle and in all since boot; the share of a trial is the difference of two
  // readings.
  struct MachineTime {
    Duration idle{};
    Duration total{};
  };
  virtual MachineTime machine_time() const = 0;
};

}  // namespace cats::scenarios
