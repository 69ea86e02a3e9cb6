// Small scenarios on three sites, for tests of the whole simulated world.
#pragma once

#include <algorithm>
#include <filesystem>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/event_log.h"
#include "base/file.h"
#include "scenarios/scenario.h"
#include "sim/world/testbed.h"
#include "tests/support/temporary_directory.h"

namespace cats::sim::test {

using nlohmann::json;
using namespace std::chrono_literals;

// `more`: further lines of the scenario file. norm_fi goes the controller's way in hybrid mode, service_norm by BGP.
inline scenarios::Scenario scenario(const std::string& more = "") {
  const support::TemporaryDirectory directory;
  write_file(directory / "small.yaml", R"(name: small
topology: three-sites
engine: sim
interval: 500ms
age_limit: 2s
metrics:
  window: 500ms
  steer_by: norm_fi
  declared:
    - {type: cpu_utilisation, level: L0, unit: percent, statistics: mean, format: float}
    - {type: processing_delay, level: L0, unit: ms, statistics: mean, format: float}
    - type: compute_norm
      level: L1
      statistics: mean
      aggregation: mean
      of: [{metric: cpu_utilisation, normalisation: {function: sigmoid, midpoint: 60, steepness: 0.15, better: less}}]
    - type: service_norm
      level: L1
      statistics: mean
      aggregation: mean
      of: [{metric: processing_delay, normalisation: {function: sigmoid, midpoint: 100, steepness: 0.05, better: less}}]
    - type: norm_fi
      level: L2
      aggregation: min
      normalisation: {function: minmax, lo: 0, hi: 1, better: more}
      of: [compute_norm, service_norm]
tests: [collection]
)" + more + (more.find("algorithm:") == std::string::npos ? "algorithm: global-min\n" : ""));
  const scenarios::Catalogue catalogue{scenarios::declared_algorithms(),
                                       {{"collection", "", {}, {}}},
                                       scenarios::declared_faults(),
                                       CATS_SOURCE_DIR "/topologies"};
  auto read = scenarios::load_scenario(directory / "small.yaml", catalogue);
  if (!read) throw std::runtime_error(read.error().message);
  return *std::move(read);
}

// A testbed in a run directory of its own, and what it wrote there.
class SimulatedRun {
 public:
  SimulatedRun() {
    for (const char* folder : {"events", "samples"}) std::filesystem::create_directories(directory_ / folder);
  }

  SimulatedTestbed& testbed() { return testbed_; }
  const std::vector<scenarios::PreflightCheck>& checks() const { return checks_; }
  int preflights() const { return preflights_; }
  int new_networks() const { return new_networks_; }

  void sleep(Duration time) { testbed_.sleep_until(testbed_.now() + time); }
  json command(const std::string& node, const json& request) { return testbed_.command(node, request); }
  std::string refusal(const std::string& node, const json& request) {
    try {
      command(node, request);
    } catch (const MeasurementError& refused) {
      return refused.what();
    }
    return "";
  }

  // New sessions of one request each, from h1; `hold` sessions stay open beside them.
  void load(Duration time, double rate, unsigned hold = 0) {
    json request = {{"do", "load"},
                    {"trial", "t"},
                    {"seed", 7},
                    {"service", testbed_.sites().front().cs_id.str()},
                    {"port", 8080},
                    {"short", {{"rate", rate}, {"arrivals", "poisson"}, {"requests", 1}, {"gap_ns", 0}}},
                    {"work_us", 500},
                    {"timeout_ns", Duration(1s).count()},
                    {"start_ns", to_ns(testbed_.now() + 10ms)},
                    {"duration_ns", time.count()}};
    if (hold > 0)
      request["persistent"] = {{"sessions", hold}, {"interval_ns", Duration(200ms).count()}, {"arrivals", "constant"}};
    command("h1", request);
    sleep(time + 20ms);
  }
  json end_load() { return command("h1", {{"do", "load_end"}}); }

  std::vector<json> events(const std::string& name, const std::string& node = "") const {
    std::vector<json> found;
    for (const auto& file : files("events")) {
      const auto all = read_events(file);
      if (!all) throw std::runtime_error(all.error().message);
      std::ranges::copy_if(*all, std::back_inserter(found), [&](const json& event) {
        return event["event"] == name && (node.empty() || event["node"] == node);
      });
    }
    return found;
  }
  // Rows of a CSV file without its header, split at commas.
  std::vector<std::vector<std::string>> rows(const std::string& file) const {
    std::vector<std::vector<std::string>> rows;
    std::istringstream lines(read_file(directory_ / ("samples/" + file)));
    std::string line;
    for (std::getline(lines, line); std::getline(lines, line);) {
      auto& row = rows.emplace_back();
      std::istringstream fields(line);
      for (std::string field; std::getline(fields, field, ',');) row.push_back(field);
    }
    return rows;
  }
  // How many requests of h1 each instance answered.
  std::map<std::string, int> answered() const {
    std::map<std::string, int> counts;
    for (const auto& row : rows("h1.requests.csv"))
      if (row.at(5) == "ok") ++counts[row.at(4)];
    return counts;
  }
  std::map<std::string, int> outcomes() const {
    std::map<std::string, int> counts;
    for (const auto& row : rows("h1.requests.csv")) ++counts[row.at(5)];
    return counts;
  }
  // Name → content of all that was written.
  std::map<std::string, std::string> contents() const {
    std::map<std::string, std::string> all;
    for (const char* folder : {"events", "samples"})
      for (const auto& file : files(folder)) all[file.filename()] = read_file(file);
    return all;
  }

 private:
  std::vector<std::filesystem::path> files(const std::string& folder) const {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(directory_ / folder)) found.push_back(entry.path());
    std::ranges::sort(found);
    return found;
  }

  support::TemporaryDirectory directory_;
  std::vector<scenarios::PreflightCheck> checks_;
  int preflights_ = 0;
  int new_networks_ = 0;
  SimulatedTestbed testbed_{{.run_directory = directory_.path(),
                             .checked =
                                 [this](const auto& checks, bool new_network) {
                                   checks_ = checks;
                                   ++preflights_;
                                   new_networks_ += new_network ? 1 : 0;
                                 },
                             .catsd = CATS_BINARY_DIR "/catsd"}};
};

}  // namespace cats::sim::test
