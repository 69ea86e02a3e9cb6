// Runs of the shipped scenario in virtual time, and the octets that they leave.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "suite/run.h"

namespace cats::suite {

// One short test, quick; `values` as --set.
inline scenarios::Scenario simulated_scenario(const std::vector<std::string>& values) {
  std::vector<std::string> all = {"tests=[{metric-distribution: {measure: 3s}}]"};
  all.insert(all.end(), values.begin(), values.end());
  const auto known = catalogue(CATS_SOURCE_DIR "/topologies");
  const auto scenario = scenarios::load_scenario(CATS_SOURCE_DIR "/scenarios/distributed.yaml", known, all);
  if (!scenario) throw std::runtime_error(scenario.error().message);
  return scenarios::quick(*scenario, known);
}

// A quick run has two of each entry.
inline scenarios::Scenario with_trials(scenarios::Scenario scenario, const scenarios::Trials& trials) {
  scenario.trials = trials;
  for (scenarios::Case& entry : scenario.cases) {
    auto own = std::make_shared<scenarios::Scenario>(*entry.scenario);
    own->trials = trials;
    entry.scenario = std::move(own);
  }
  return scenario;
}

inline RunOptions into(const std::filesystem::path& directory) {
  for (const char* folder : {"events", "samples"}) std::filesystem::create_directories(directory / folder);
  RunOptions options;
  options.directory = directory;
  return options;
}

// "events/r1.jsonl" → its octets.
inline std::map<std::string, std::string> contents(const std::filesystem::path& directory) {
  std::map<std::string, std::string> all;
  for (const char* folder : {"events", "samples"})
    for (const auto& file : std::filesystem::directory_iterator(directory / folder))
      all[std::string(folder) + "/" + file.path().filename().string()] = read_file(file.path());
  return all;
}

}  // namespace cats::suite
