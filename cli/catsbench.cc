// catsbench: the program that people run. Arguments in, exit status out: 0 all passed, 1 a test failed, 2 the scenario,
// the command line or the machine is at fault, 3 a measurement could not be taken, 130 interrupted.
#include <unistd.h>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "base/error.h"
#include "base/interrupt.h"
#include "cli/commands.h"

namespace cats::cli {
namespace {

constexpr int kUsage = 2;
constexpr int kNotMeasured = 3;

// The directory that holds the shipped files: that of the checkout which the program was built in, or the installed
// one.
std::filesystem::path find_shipped(const std::filesystem::path& program) {
  for (auto folder = program.parent_path(); folder.has_relative_path(); folder = folder.parent_path())
    for (const auto& candidate : {folder, folder / "share/catsbench"})
      if (std::filesystem::exists(candidate / "topologies/three-sites.clab.yml")) return candidate;
  return program.parent_path();
}

int run(int argc, char** argv) {
  CLI::App app{
      "Testbed emulator and benchmark suite for Computing-Aware Traffic Steering (CATS).\n\n"
      "Examples:\n"
      "  sudo catsbench scenario distributed.yaml         build the network, run the tests, write a report\n"
      "  sudo catsbench scenario distributed.yaml --quick the same, shorter, for a first look\n"
      "  catsbench sim distributed.yaml                   the same in virtual time: seconds, no root\n"
      "  catsbench validate my-scenario.yaml              is the file right?\n"
      "  sudo catsbench topology up three-sites           only the network; `topology exec r1 vtysh` is a router's "
      "shell\n"
      "  catsbench doctor                                 what this machine can do, and what is missing\n"};
  app.require_subcommand(1);
  app.fallthrough(false);
  const auto program = std::filesystem::read_symlink("/proc/self/exe");
  Session session{
      .command_line = {argv, argv + argc}, .shipped = find_shipped(program), .catsd = program.parent_path() / "catsd"};
  add_scenario(app, session);
  add_sim(app, session);
  add_verify(app, session);
  add_dimension(app, session);
  add_validate(app, session);
  add_report(app, session);
  add_compare(app, session);
  add_plot(app, session);
  add_topology(app, session);
  add_algorithms(app, session);
  add_doctor(app, session);
  add_cleanup(app, session);
  add_completion(app, session);
  app.set_version_flag("--version", CATS_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  return session.exit_status;
}

}  // namespace

void need_root(const std::string& what) {
  if (::geteuid() != 0) throw UsageError(fmt::format("{} needs root: run it with sudo", what));
}

}  // namespace cats::cli

int main(int argc, char** argv) {
  using namespace cats;
  spdlog::set_default_logger(spdlog::stderr_color_mt("catsbench"));
  spdlog::set_pattern("%^%l%$: %v");
  catch_interrupts();
  try {
    return cli::run(argc, argv);
  } catch (const Interrupted&) {
    spdlog::warn("interrupted; everything that was made is removed");
    return cli::kInterrupted;
  } catch (const MeasurementError& error) {
    spdlog::error("{}", error.what());
    return cli::kNotMeasured;
  } catch (const std::exception& error) {
    spdlog::error("{}", error.what());
    return cli::kUsage;
  }
}
