// What a fake run's report says beside its tests.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "suite/report/model.h"
#include "suite/trials.h"

namespace cats::suite {

inline Report fake_report(const Analysis& analysis) {
  Report report;
  const std::string hash(64, '0');
  report.run = {{"id", "fake"},
                {"started_utc", "2026-01-01T00:00:00Z"},
                {"catsbench_version", "0.1.0"},
                {"commit", nullptr},
                {"trial_order", analysis.trial_order},
                {"quick", false},
                {"command", "catsbench scenario fake.yaml"}};
  report.scenario = {{"name", "fake"}, {"sha256", hash}, {"file", "fake.yaml"}};
  report.topology = {{"sha256", hash},
                     {"file", "fake.clab.yml"},
                     {"nodes", nlohmann::ordered_json::array()},
                     {"links", nlohmann::ordered_json::array()}};
  report.clock = {{"id", "CLOCK_MONOTONIC"}, {"offset_bound_ns", 0}};
  const auto none = nlohmann::ordered_json::object();
  report.environment = {{"cpu_model", "none"}, {"cpus", 2},         {"memory_bytes", 1},      {"kernel", "none"},
                        {"distribution", "x"}, {"tools", none},     {"virtualised", nullptr}, {"clock_source", "tsc"},
                        {"sysctls", none},     {"isolation", none}, {"load_before", nullptr}};
  report.declarations = {{"control_plane", none},
                         {"forwarding_plane", none},
                         {"application_plane", none},
                         {"interfaces", {{"I1", nullptr}, {"I2", nullptr}, {"I3", nullptr}, {"I4", nullptr}}}};
  report.preflight.push_back({{"check", "tunnels"}, {"ok", true}, {"detail", "3 of 3"}});
  report.tests = analysis.tests;
  report.warnings = analysis.warnings;
  return report;
}

}  // namespace cats::suite
