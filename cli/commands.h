// The subcommands of catsbench. Each adds itself to the application with its options; its callback leaves the exit
// status.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace cats::cli {

inline constexpr int kInterrupted = 130;  // exit status

struct Session {
  int exit_status = 0;
  std::vector<std::string> command_line;
  std::filesystem::path shipped;  // directory with topologies/ and scenarios/
  std::filesystem::path catsd;    // the agents' program
};

void add_scenario(CLI::App& app, Session& session);
void add_sim(CLI::App& app, Session& session);
void add_verify(CLI::App& app, Session& session);
void add_dimension(CLI::App& app, Session& session);
void add_validate(CLI::App& app, Session& session);
void add_report(CLI::App& app, Session& session);
void add_compare(CLI::App& app, Session& session);
void add_plot(CLI::App& app, Session& session);
void add_topology(CLI::App& app, Session& session);
void add_algorithms(CLI::App& app, Session& session);
void add_doctor(CLI::App& app, Session& session);
void add_cleanup(CLI::App& app, Session& session);
void add_completion(CLI::App& app, Session& session);

// Throws UsageError in one line when the process is not root.
void need_root(const std::string& what);

}  // namespace cats::cli
