#include "cli/scenario.h"

#include <functional>
#include <memory>
#include <unistd.h>

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "cli/terminal.h"
#include "emulator/kernel/process.h"
#include "emulator/run_state.h"
#include "suite/part_worker.h"
#include "suite/plot/plot.h"
#include "suite/report/json.h"
#include "suite/report/summary.h"
#include "suite/run.h"

namespace cats::cli {
namespace {

namespace fs = std::filesystem;

using Options = ScenarioOptions;
using scenarios::Engine;

constexpr Duration kBetweenLines = std::chrono::seconds(5);
constexpr unsigned kMostThreads = 1024;

// Empty when the source is no git checkout, or git is not installed.
std::string commit_of(const fs::path& source) {
  try {
    const std::string commit = kernel::run_program({"git", "-C", source, "rev-parse", "HEAD"}).out;
    return commit.substr(0, commit.find('\n'));
  } catch (const SystemError&) {
    return "";
  }
}

void print(const suite::Report& report, const fs::path& directory, bool json, bool verify = false) {
  const suite::SummaryStyle style{.directory = directory, .colour = is_terminal(STDOUT_FILENO), .verify = verify};
  fmt::print("{}", json ? suite::write_json(suite::to_json(report)) : suite::summary(report, style));
  if (!json && suite::plot::studied(report))
    fmt::print("A picture of what was studied: catsbench plot {}\n", directory.string());
}

scenarios::Scenario to_run(const Session& session, const Options& options) {
  if (options.resume.empty() == options.file.empty())
    throw UsageError("name a scenario file, or a run directory to go on with: --resume RUN_DIR");
  if (options.resume.empty()) return load(session, options);
  if (options.quick || !options.values.empty() || !options.out.empty())
    throw UsageError("--resume goes on with the run as it was begun: it takes no --quick, --set, --algorithm or --out");
  return suite::scenario_of(options.resume);
}

fs::path directory_of(const scenarios::Scenario& scenario, const Options& options) {
  if (!options.resume.empty()) return options.resume;
  if (!options.out.empty()) return options.out;
  return default_directory(scenario.name);
}

suite::Report run_and_print(const Session& session, const Options& options, const scenarios::Scenario& scenario,
                            const std::string& command) {
  const fs::path directory = directory_of(scenario, options);
  suite::Report report = [&] {
    try {
      return run(session, options, scenario, directory, command);
    } catch (const Interrupted&) {
      if (fs::exists(directory / "environment.json"))
        fmt::print(stderr, "to go on: catsbench scenario --resume {}\n", directory.string());
      throw;
    }
  }();
  print(report, directory, options.json, command == "verify");
  return report;
}

// "trials 40, about 19:30", and of the simulator's "in virtual time": both where entries are on both engines.
std::string extent(const scenarios::Scenario& scenario) {
  std::string text;
  for (const Engine engine : {Engine::emulator, Engine::sim}) {
    if (!scenarios::runs_on(scenario, engine)) continue;
    const auto plan = suite::plan_trials(scenarios::only(scenario, engine));
    text += fmt::format("{}trials {}, about {}{}", text.empty() ? "" : ", and then ", plan.size(),
                        minutes(suite::total_length(plan)), engine == Engine::sim ? " in virtual time" : "");
  }
  return text;
}

// `--algorithm` as `--set` understands it. A path on the command line is relative to where one stands, not to the
// scenario file; JSON text is YAML.
std::string algorithm_value(const std::string& given) {
  const bool path = given.find('/') != std::string::npos && given.ends_with(".so");
  return "algorithm=" + (path ? nlohmann::json(fs::absolute(given).lexically_normal().string()).dump() : given);
}

// What chooses a scenario.
void add_scenario_options(CLI::App& command, Options& options) {
  command.add_option("FILE", options.file, "a scenario file, or the name of a shipped one");
  command.add_option("--set", options.values, "KEY=VALUE: in place of the file's value, or [A, B] to study several")
      ->allow_extra_args(false);
  command.add_option_function<std::string>(
      "--algorithm", [&options](const std::string& given) { options.values.push_back(algorithm_value(given)); },
      "in place of the file's: a name (`catsbench algorithms`), or a library of your own, ./mine.so");
  command.add_flag("--quick", options.quick, "fewer and shorter trials; the report says so");
}

// What a run of any kind is given.
void add_run_options(CLI::App& command, Options& options) {
  add_scenario_options(command, options);
  command.add_option("--out", options.out, "the run directory (default: runs/TIME-NAME here)");
  command.add_flag("--json", options.json, "print report.json instead of the summary");
}

// Of mpirun's processes one runs the scenario, prints and writes its run directory; the others work for it.
void run_as_rank_0(Session& session, Options& options, const std::function<void()>& run) {
  const std::unique_ptr<suite::Ranks> ranks = suite::ranks_of_job();
  options.ranks = ranks.get();
  if (!ranks || ranks->rank() == 0) return run();
  try {
    suite::work_for_rank_0(*ranks, options.threads, session.catsd);
  } catch (const Interrupted&) {
    session.exit_status = kInterrupted;
  }
}

// A scenario of the emulator's, or of both engines, becomes one of the simulator's alone, and the run directory's copy
// of it says so.
scenarios::Scenario in_simulator(const Session& session, const Options& options) {
  scenarios::Scenario scenario = to_run(session, options);
  if (!scenarios::runs_on(scenario, Engine::emulator)) return scenario;
  if (!options.resume.empty())
    throw UsageError(fmt::format("{} holds a run with the emulator: catsbench scenario --resume {} goes on with it",
                                 options.resume, options.resume));
  Options simulated = options;
  simulated.values.emplace_back("engine=sim");
  return load(session, simulated);
}

// A command that runs what `chosen` makes of its options.
CLI::App* add_runner(CLI::App& app, Session& session, const std::string& name,
                     scenarios::Scenario (*chosen)(const Session&, const Options&), const std::string& help) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(name, help);
  add_run_options(*command, *options);
  command
      ->add_option("--threads", options->threads,
                   "simulate so many trials at once (default: one for each core); the outcome is the same")
      ->check(CLI::Range(1U, kMostThreads));
  command->add_option("--resume", options->resume, "go on with a run that was broken off");
  command->callback([&session, options, chosen, name] {
    run_as_rank_0(session, *options, [&] {
      session.exit_status = suite::exit_status(run_and_print(session, *options, chosen(session, *options), name));
    });
  });
  return command;
}

}  // namespace

scenarios::Scenario load(const Session& session, const Options& options) {
  const auto file = scenarios::find_scenario(options.file, session.shipped / "scenarios");
  if (!file) throw UsageError(file.error().message);
  const auto catalogue = suite::catalogue(session.shipped / "topologies");
  auto scenario = scenarios::load_scenario(*file, catalogue, options.values);
  if (!scenario) throw UsageError(scenario.error().message);
  return options.quick ? scenarios::quick(*std::move(scenario), catalogue) : *std::move(scenario);
}

fs::path default_directory(const std::string& scenario_name) {
  std::string time = utc_now();
  std::erase_if(time, [](char c) { return c == ':' || c == '-'; });
  return fs::path("runs") / fmt::format("{}-{}", time, scenario_name);
}

suite::Report run(const Session& session, const Options& options, const scenarios::Scenario& scenario,
                  const fs::path& directory, const std::string& command) {
  if (options.ranks == nullptr && suite::processes_of_job() > 1)
    throw UsageError(fmt::format(
        "catsbench {} runs in one process: start it without mpirun; catsbench sim makes use of several", command));
  if (scenarios::runs_on(scenario, Engine::emulator)) {
    need_root(command);
    cleanup(Scope::kDeadRuns, [](const FoundRun& found, const kernel::Removed&) {
      fmt::print(stderr, "removed what {} left\n", found.str());
    });
  }
  ProgressLine line;
  line.say(fmt::format("{}: {}; results go to {}", scenario.name, extent(scenario), directory.string()));
  suite::RunOptions run_options{.directory = directory,
                                .resume = !options.resume.empty(),
                                .catsd = session.catsd,
                                .version = CATS_VERSION,
                                .commit = commit_of(session.shipped),
                                .command_line = session.command_line};
  run_options.stage = [&](const std::string& stage) { line.show(stage); };
  run_options.progress = [&](const suite::Progress& progress) {
    if (!progress.message.empty())
      line.say(fmt::format("{} trial {} does not count: {}", progress.label, progress.index, progress.message));
    else
      line.show(fmt::format("{} · trial {} of {}{} · {} · {} {}", progress.label, progress.index, progress.trials,
                            progress.attempt > 1 ? fmt::format(" (attempt {})", progress.attempt) : "", progress.phase,
                            minutes(progress.left),
                            progress.engine == to_string(Engine::sim) ? "of virtual time left" : "left"));
  };
  run_options.threads = options.threads;
  run_options.ranks = options.ranks;
  run_options.parts = [&, told = Instant()](const suite::PartsProgress& progress) mutable {
    if (!progress.message.empty()) return line.say(progress.message);
    // Where lines stay, one every few seconds is enough.
    const Instant now = MonotonicClock().now();
    if (!is_terminal(STDERR_FILENO) && now - told < kBetweenLines && progress.done < progress.all) return;
    told = now;
    line.show(fmt::format("trials {} of {} · {} thread{} · {:.1f} trials/s · {} left", progress.done, progress.all,
                          progress.threads, progress.threads == 1 ? "" : "s", progress.per_second,
                          minutes(progress.left)));
  };
  suite::Report report = suite::run_scenario(scenario, run_options);
  line.clear();
  return report;
}

void add_scenario(CLI::App& app, Session& session) {
  CLI::App* command =
      add_runner(app, session, "scenario", to_run,
                 "Run a scenario: build its network, run its tests, write a report\n"
                 "Exit status: 0 all passed, 1 a test failed, 2 scenario or machine at fault, 3 not measured\n"
                 "Examples:\n"
                 "  sudo catsbench scenario distributed.yaml\n"
                 "  sudo catsbench scenario my.yaml --quick --out results/first\n"
                 "  sudo catsbench scenario distributed --set interval=200ms --set algorithm=round-robin\n"
                 "  sudo catsbench scenario --resume runs/20261122T025118Z-distributed");
  command->footer([&session] { return scenarios::describe(suite::catalogue(session.shipped / "topologies")); });
}

void add_sim(CLI::App& app, Session& session) {
  add_runner(app, session, "sim", in_simulator,
             "Run a scenario in the simulator: virtual time, no root, the same seed gives the same logs\n"
             "Whatever `engine` the file names, also when it names both. What the simulator takes for "
             "network, routers and processes: "
             "docs/simulator.md.\n"
             "Exit status: 0 all passed, 1 a test failed, 2 the scenario is at fault, 3 not measured\n"
             "Examples:\n"
             "  catsbench sim distributed.yaml\n"
             "  catsbench sim hybrid.yaml --quick --set simulation.link_delay=[50us,5ms]\n"
             "  catsbench sim study.yaml --threads 2 --out results/study\n"
             "  catsbench sim --resume results/study\n"
             "  mpirun -n 4 catsbench sim study.yaml --out results/study");
}

void add_verify(CLI::App& app, Session& session) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "verify",
      "Run a scenario and ask whether the bounds that it declares hold\n"
      "A bound is judged from the 95 % interval: it holds when the whole interval is within. The verdicts of the "
      "tests\n"
      "themselves are in the report, but do not count here.\n"
      "Exit status: 0 all bounds hold, 1 one does not, 2 none declared, or scenario or machine at fault,\n"
      "3 one was inconclusive or could not be measured\n"
      "Example:\n"
      "  sudo catsbench verify my.yaml      with `bounds: ['session-continuity.steering_delay_ms <= 2 s']` in my.yaml");
  add_run_options(*command, *options);
  command->callback([&session, options] {
    const scenarios::Scenario scenario = to_run(session, *options);
    if (scenario.bounds.empty())
      throw UsageError(
          fmt::format("{} declares no bounds: write such as bounds: ['session-continuity.steering_delay_ms <= 2 s']",
                      scenario.file.string()));
    session.exit_status = suite::verify_status(run_and_print(session, *options, scenario, "verify").bounds);
  });
}

void add_validate(CLI::App& app, Session& session) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("validate",
                                         "Check a scenario file and its topology; all problems at once\n"
                                         "Says how many trials a run has, and how long they take.\n"
                                         "Example:\n"
                                         "  catsbench validate distributed --quick --set interval=[200ms,1s]");
  add_scenario_options(*command, *options);
  command->get_option("FILE")->required();
  command->callback([&session, options] {
    const auto scenario = load(session, *options);
    fmt::print("{} is valid: tests {}, entries of the report {}, {}\n", scenario.file.string(), scenario.tests.size(),
               scenario.cases.size(), extent(scenario));
    for (const auto& warning : scenario.warnings) fmt::print("warning: {}\n", warning);
  });
}

void add_report(CLI::App& app, Session& session) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("report", "Compute a run's report again, from its logs");
  command->add_option("RUN_DIR", options->file, "a run directory")->required();
  command->add_flag("--json", options->json, "print report.json instead of the summary");
  command->callback([&session, options] {
    const suite::Report report = suite::recompute(options->file);
    print(report, options->file, options->json);
    session.exit_status = suite::exit_status(report);
  });
}

}  // namespace cats::cli
