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

// A decision from when the kernel acknowledged it until the next one of the same ingress.
struct InForce {
  std::int64_t from_ns = 0;
  std::string ingress;
  Weights weights;
  const Event* decision = nullptr;
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

// Every decision of `ingress` about the trial's service that was installed before the trial ended, by time.
std::vector<InForce> decisions_in_force(const RunData& data, const Trial& trial, const std::string& ingress);
// The one in force at `t_ns`; nullptr before the first.
const InForce* at(const std::vector<InForce>& decisions, std::int64_t t_ns);

// It used a sample of the loaded instance whose window ended after the step.
bool saw_step(const InForce& decision, const LoadStep& step);

// The instances with the largest weight: what a stable selection keeps.
std::vector<std::string> selected(const Weights& weights);

// Why the selection was not stable for `length` before the step.
std::optional<std::string> instability(const RunData& data, const Trial& trial, const LoadStep& step, Duration length);

}  // namespace cats::suite
