#include <iostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/terminal.h"
#include "cpsel/registry.h"
#include "emulator/frr/router.h"
#include "emulator/kernel/probe.h"
#include "emulator/run_state.h"

namespace cats::cli {
namespace {

std::vector<kernel::Feature> everything() {
  auto features = kernel::probe_features();
  const std::string version = frr::installed_version();
  features.push_back({.name = "FRRouting",
                      .available = !version.empty(),
                      .required = true,
                      .detail = version,
                      .without = "there are no routers",
                      .remedy = "apt-get install frr"});
  return features;
}

int doctor(bool json) {
  const auto features = everything();
  bool usable = true;
  auto list = nlohmann::ordered_json::array();
  const bool colour = is_terminal(1);
  for (const auto& feature : features) {
    usable = usable && (feature.available || !feature.required);
    if (json) {
      list.push_back({{"name", feature.name},
                      {"available", feature.available},
                      {"required", feature.required},
                      {"detail", feature.detail},
                      {"without", feature.without},
                      {"remedy", feature.remedy}});
      continue;
    }
    const char* mark = feature.available ? "ok     " : feature.required ? "MISSING" : "absent ";
    const char* paint = !colour ? "" : feature.available ? "\x1b[32m" : feature.required ? "\x1b[31m" : "\x1b[33m";
    fmt::print("{}{}{} {:<28} {}\n", paint, mark, colour ? "\x1b[0m" : "", feature.name, feature.detail);
    if (feature.available) continue;
    if (!feature.without.empty()) fmt::print("{:>8}{:<28} without it: {}\n", "", "", feature.without);
    if (!feature.remedy.empty()) fmt::print("{:>8}{:<28} remedy: {}\n", "", "", feature.remedy);
  }
  if (json)
    fmt::print("{}\n", nlohmann::ordered_json{{"usable", usable}, {"features", list}}.dump(2));
  else
    fmt::print("\n{}\n", usable ? "This machine can run scenarios." : "This machine cannot run scenarios yet.");
  return usable ? 0 : 2;
}

}  // namespace

void add_doctor(CLI::App& app, Session& session) {
  auto json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("doctor", "What this machine can do, what is missing, and how to get it");
  command->add_flag("--json", *json, "for programs");
  command->callback([&session, json] { session.exit_status = doctor(*json); });
}

void add_cleanup(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("cleanup", "Remove what earlier runs and `topology up` left");
  command->callback([&session] {
    need_root("cleanup");
    const std::size_t count = cleanup(Scope::kEverything, [](const FoundRun& run, const kernel::Removed& removed) {
      fmt::print("removed {}: {} processes, {} namespaces, {} control groups\n", run.str(), removed.processes,
                 removed.namespaces, removed.cgroups);
    });
    if (count == 0) fmt::print("nothing was left\n");
    session.exit_status = 0;
  });
}

void add_algorithms(CLI::App& app, Session& /*session*/) {
  auto json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("algorithms", "The path selection algorithms and their parameters");
  command->add_flag("--json", *json, "for programs");
  command->callback([json] {
    auto list = nlohmann::ordered_json::array();
    for (const auto& algorithm : cpsel::algorithms()) {
      auto parameters = nlohmann::ordered_json::array();
      if (!*json)
        fmt::print("{:<20} {}{}\n", algorithm.name, algorithm.help,
                   algorithm.needs_replies ? " (needs replies: in fleets of the simulator only)" : "");
      for (const auto& p : algorithm.parameters) {
        if (!*json)
          fmt::print("{:<20}   {} = {} ({} … {} {}): {}\n", "", p.name, p.default_value, p.lo, p.hi, p.unit, p.help);
        parameters.push_back({{"name", p.name},
                              {"unit", p.unit},
                              {"default", p.default_value},
                              {"lo", p.lo},
                              {"hi", p.hi},
                              {"help", p.help}});
      }
      list.push_back({{"name", algorithm.name},
                      {"help", algorithm.help},
                      {"needs_replies", algorithm.needs_replies},
                      {"parameters", parameters}});
    }
    if (*json) fmt::print("{}\n", list.dump(2));
  });
}

}  // namespace cats::cli
