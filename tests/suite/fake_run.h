// A run directory made by make_run.py or one like it, and the scenario that goes with it.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>

#include "base/file.h"
#include "scenarios/scenario.h"
#include "suite/report/run_data.h"
#include "tests/support/process.h"
#include "tests/support/temporary_directory.h"

namespace cats::suite {

inline const std::string kTestFolder = std::string(CATS_SOURCE_DIR) + "/tests/suite/";

class FakeRun {
 public:
  explicit FakeRun(const std::string& fault = "none", const std::string& script = "make_run.py") {
    const auto made = support::run({"/usr/bin/python3", "-B", kTestFolder + script, path().string(), fault});
    if (made.status != 0) throw std::runtime_error(script + ": " + made.output);
  }
  std::filesystem::path path() const { return directory_.path(); }
  RunData load() const {
    auto data = RunData::load(path());
    if (!data) throw std::runtime_error(data.error().message);
    return *std::move(data);
  }

 private:
  support::TemporaryDirectory directory_;
};

inline scenarios::Scenario fake_scenario(const std::string& algorithm = "global-min") {
  using namespace std::chrono_literals;
  scenarios::Scenario scenario;
  scenario.name = "fake";
  scenario.seed = 42;
  scenario.interval = 1s;
  scenario.metrics.window = 1s;
  scenario.metrics.steer_by = "norm_fi";
  cpsel::Declaration cpu;
  cpu.type = "cpu_utilisation";
  cpu.level = cpsel::Level::l0;
  cpu.unit = "percent";
  cpu.statistics = cpsel::Statistics::mean;
  cpu.format = cpsel::Format::floating;
  cpsel::Declaration score;
  score.type = "norm_fi";
  score.level = cpsel::Level::l2;
  score.normalisation = cpsel::Normalisation{cpsel::NormalisationKind::minmax, 0, 100, cpsel::Better::less};
  score.of = {{"cpu_utilisation", std::nullopt, 0}};
  scenario.metrics.declared = {cpu, score};
  scenario.algorithm.name = algorithm;
  scenario.trials = {3, 3, 0};
  scenario.warm_up = 3s;
  scenario.cool_down = 2s;
  scenario.workload.persistent = scenarios::Workload::Persistent{4, 500ms, scenarios::Arrivals::constant};
  scenario.workload.brief = scenarios::Workload::Short{5, 1, {}, scenarios::Arrivals::poisson};
  scenario.workload.work = load::RandomDuration::fixed(500us);
  scenario.workload.timeout = 2s;
  for (const char* test : {"collection", "metric-distribution", "session-continuity"})
    scenario.tests.push_back({test, nlohmann::ordered_json::object()});
  scenario.tests[1].parameters["measure_s"] = 10.0;
  scenario.tests[2].parameters["react_s"] = 6.0;
  return scenario;
}

}  // namespace cats::suite
