// What tests of the controller share: who is who in the control plane, and what the controller made of metric updates.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "suite/report/figure.h"
#include "suite/tests/test.h"

namespace cats::suite {

// The test emulator's own port at the controller (docs/control.md): an agent of every run that has a controller.
inline constexpr const char* kRestLoad = "rest-load";

// Why a test of the controller means nothing under these conditions: none decides.
std::optional<std::string> no_controller(const Conditions& conditions);

// The controller by the logs: who gets updates by REST. Throws MeasurementError when nobody does.
std::string controller_node(const RunData& data);

// Whether there is a controller at all, and with it the REST load.
bool has_controller(const scenarios::Testbed& testbed);

// For the last updates to arrive and be decided on.
Duration settle_time(const Conditions& conditions);

// When the controller decided about a service: events `decision`, or `candidate` where an ingress refines them.
class ControllerDecisions {
 public:
  ControllerDecisions(const RunData& data, const Trial& trial);

  // The first one about the source's service that is not earlier than `t_ns`.
  std::optional<std::int64_t> after(const std::string& csci, std::int64_t t_ns) const;

 private:
  std::map<std::string, std::string> service_of_;               // source → CS-ID
  std::map<std::string, std::vector<std::int64_t>> decisions_;  // by CS-ID, ascending
};

// Updates of edge servers that were sent by REST within a stretch of time, followed until the trial's end.
struct Handling {
  std::int64_t sent = 0;
  std::int64_t received = 0;          // by the controller
  std::int64_t undecided = 0;         // received, and no decision after them
  std::vector<double> delivery_ms;    // from sending to receipt: what waits at the manager included
  std::vector<double> processing_ms;  // from receipt to the first decision after it

  double coverage() const { return static_cast<double>(received) / static_cast<double>(sent); }
};
// Throws MeasurementError when none was sent.
Handling handling(const RunData& data, const Trial& trial, std::int64_t from_ns, std::int64_t to_ns);

// What only the test itself may change, and did not, within a stretch of time: decisions by another algorithm, and
// updates received that no edge server and no burst had sent.
std::int64_t unasked_changes(const RunData& data, const Trial& trial, std::int64_t from_ns, std::int64_t to_ns);

// Has the manager publish synthetic updates of all sites at a time, `rate` updates a second.
void burst(const TrialContext& context, double rate, Duration length);
// Those updates, by the manager's event `burst`.
struct BurstHandling {
  double rate = 0;     // asked for, updates a second
  double offered = 0;  // as published
  std::int64_t sent = 0;
  std::int64_t lost = 0;              // not received
  std::int64_t late = 0;              // received, and no decision within the bound after publishing
  std::vector<double> response_ms{};  // from publishing to the first decision after receipt
};
// By time. Receipt counts until the trial's end.
std::vector<BurstHandling> burst_handling(const RunData& data, const Trial& trial, Duration bound);

// A stretch with a disturbance beside one without, of every trial of an entry.
struct Compared {
  const Trial* trial = nullptr;
  Handling with, without;
};
// `coverage` (judged: 1), `undecided` (judged: 0), `processing_ms`, `processing_ms.without`, `processing_ratio`.
void add_compared(const std::vector<Compared>& trials, TestResult& result);
std::vector<scenarios::FigureDeclaration> compared_declarations();

// One number per trial, that must be `target` exactly.
void add_exact(TestResult& result, const std::string& figure, const FigureKind& kind, std::vector<TrialSamples> trials,
               double target, std::int64_t n, std::string_view of);

}  // namespace cats::suite
