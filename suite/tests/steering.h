// What the C-PS had decided around the load steps of a trial.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "suite/report/run_data.h"

namespace cats::suite {

using Weights = std::map<std::string, double>;  // by CSCI-ID; empty: left to the router's own multipath

// A decision from when the ingress' kernel acknowledged it until the next one of the same ingress.
struct InForce {
  std::int64_t from_ns = 0;
  std::string ingress;
  Weights weights;
  const Event* decision = nullptr;  // of the C-PS that steers the ingress
  // Where the decider gets updates by a way of its own beside the listener's (cps: split), the newest of each source
  // that it had by then: `metric_received` by CSCI-ID. The decision's inputs speak of the listener's.
  std::map<std::string, const Event*> heard;
};

struct LoadStep {
  std::int64_t t_ns = 0;
  std::string csci;
  std::int64_t ended_ns = 0;  // the next change of that instance's load, or the trial's end
};

// The rises of a background load after the trial's first phase "stable" began, by time.
std::vector<LoadStep> load_steps(const RunData& data, const Trial& trial);
// The first of them.
std::optional<LoadStep> load_step(const RunData& data, const Trial& trial);

// Every decision about the trial's service that `ingress` had installed when the trial ended, by time. Decisions of its
// decider: their ids count there, and route_installed of the ingress, or of the controller that steers its FRR, names
// them.
std::vector<InForce> decisions_in_force(const RunData& data, const Trial& trial, const std::string& ingress);
// The one in force at `t_ns`; nullptr before the first.
const InForce* at(const std::vector<InForce>& decisions, std::int64_t t_ns);

// An input of a decision holds a sample whose window ended after that.
bool sampled_after(const nlohmann::json& input, std::int64_t t_ns);
// The loaded instance has an input whose window ended after the step.
bool used_step(const InForce& decision, const LoadStep& step);
// That, or the decider itself had heard of such a window.
bool saw_step(const InForce& decision, const LoadStep& step);

// The instances with the largest weight: what a stable selection keeps.
std::vector<std::string> selected(const Weights& weights);

// Why the selection was not stable for `length` before the step.
std::optional<std::string> instability(const RunData& data, const Trial& trial, const LoadStep& step, Duration length);

}  // namespace cats::suite
