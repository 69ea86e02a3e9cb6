// An algorithm that is not in the registry: a shared library (cpsel/catsbench_algorithm.h) in a process of its own,
// `catsd plugin FILE.so`, so that what it breaks is not the C-PS that asks it. The two talk over a socket that is the
// child's standard input: one CBOR item per message, a question and its answer. Both engines ask it so.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/fd.h"
#include "base/process.h"
#include "cpsel/registry.h"

namespace cats::plugin {

// What the library did, for people: "it crashed: killed by signal 11 (Segmentation fault)". The process is gone.
class PluginFailed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct PluginLimits {
  Duration start = std::chrono::seconds(5);   // until the library is loaded and has accepted its parameters
  Duration answer = std::chrono::seconds(1);  // of one choice; both of the machine's time, whatever the C-PS's clock
};

// Where a library's process comes from.
struct PluginHost {
  std::filesystem::path catsd;        // the program to start
  std::filesystem::path output = {};  // what it prints is appended there; empty: to what this process prints to
};

inline constexpr double kPluginSumTolerance = 1e-6;

class PluginAlgorithm final : public cpsel::Algorithm {
 public:
  // Throws UsageError when the library cannot be loaded, speaks another ABI, or refuses the parameters, SystemError.
  PluginAlgorithm(std::filesystem::path library, const cpsel::Parameters& parameters, const PluginHost& host,
                  PluginLimits limits = {});

  // Throws PluginFailed.
  cpsel::Choice choose(const cpsel::Snapshot& snapshot) override;

 private:
  nlohmann::json ask(const nlohmann::json& question, Duration limit);
  [[noreturn]] void give_up(const std::string& reason);

  std::filesystem::path library_;
  PluginLimits limits_;
  Fd socket_;
  Process process_;
};

// How the selector calls it. Flow counts are there when the parameters have refresh_ms.
cpsel::AlgorithmInfo plugin_info(const std::string& name, const cpsel::Parameters& parameters);

// `catsd plugin`: serves the library over standard input until its other end is closed. Returns the exit status.
int run_plugin(const std::filesystem::path& library);

}  // namespace cats::plugin
