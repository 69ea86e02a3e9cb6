#include "suite/dimension.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "cli/scenario.h"
#include "suite/report/json.h"
#include "suite/run.h"
#include "suite/trials.h"

namespace cats::cli {
namespace {

namespace fs = std::filesystem;

constexpr int kNoneMeets = 1;
constexpr int kNotMeasured = 3;

struct Options {
  ScenarioOptions scenario;
  std::string search;
  std::vector<std::string> until;
  double precision_percent = 10;
  suite::DimensionOptions how;
};

// The scenario with one value, and the bounds of --until in place of its own.
scenarios::Scenario probed(const Session& session, const Options& options, const std::string& key,
                           const std::string& value) {
  ScenarioOptions with = options.scenario;
  with.values.push_back(fmt::format("{}={}", key, value));
  std::string bounds;
  for (const std::string& until : options.until) bounds += fmt::format("{}\"{}\"", bounds.empty() ? "" : ", ", until);
  with.values.push_back(fmt::format("bounds=[{}]", bounds));
  scenarios::Scenario scenario = load(session, with);
  suite::plan_trials(scenario);  // refuses what could not be measured
  return scenario;
}

suite::Verdict whole(const std::vector<suite::BoundResult>& bounds) {
  suite::Verdict verdict = bounds.empty() ? suite::Verdict::error : suite::Verdict::pass;
  for (const suite::BoundResult& bound : bounds) verdict = worst(verdict, bound.verdict);
  return verdict;
}

void print(const suite::Search& search, const suite::Dimension& result, const Options& options) {
  for (const suite::Probe& probe : result.probes)
    fmt::print("{:<14}  {} = {}\n{}", name(probe.verdict), search.key, probe.text, suite::bound_table(probe.bounds));
  const char* which = options.how.smallest ? "smallest" : "largest";
  if (!result.met)
    fmt::print("no value of {} that was tried meets the bounds ({})\n", search.key, result.stopped);
  else if (!result.unmet)
    fmt::print("every value of {} meets the bounds: {}\n", search.key, search.text(*result.met));
  else
    fmt::print("{} {} that meets the bounds: {}; {} does not any more (stopped by: {})\n", which, search.key,
               search.text(*result.met), search.text(*result.unmet), result.stopped);
}

void run_dimension(Session& session, const Options& options) {
  const auto search = suite::parse_search(options.search);
  if (!search) throw UsageError(search.error().message);
  // Both ends are checked before anything runs.
  const scenarios::Scenario first = probed(session, options, search->key, search->text(search->lo));
  probed(session, options, search->key, search->text(search->hi));
  const fs::path directory =
      options.scenario.out.empty() ? default_directory(first.name + "-dimension") : fs::path(options.scenario.out);
  if (fs::exists(directory / "dimension.json"))
    throw UsageError(fmt::format("{} holds a search already: choose another --out", directory.string()));
  int number = 0;
  const suite::Dimension result = suite::dimension(*search, options.how, [&](double value, const std::string& text) {
    std::string folder = fmt::format("{:02}-{}", ++number, text);
    std::ranges::replace(folder, '/', '_');  // of "20/s"
    const scenarios::Scenario scenario = probed(session, options, search->key, text);
    const suite::Report report = run(session, options.scenario, scenario, directory / folder, "dimension");
    return suite::Probe{value, text, whole(report.bounds), report.bounds, folder};
  });
  const std::string json = suite::write_json(suite::to_json(result, *search, options.how));
  write_file(directory / "dimension.json", json);
  if (options.scenario.json)
    fmt::print("{}", json);
  else
    print(*search, result, options);
  const bool measured = result.probes.empty() || result.probes.back().verdict != suite::Verdict::error;
  session.exit_status = !measured ? kNotMeasured : result.met ? 0 : kNoneMeets;
}

}  // namespace

void add_dimension(CLI::App& app, Session& session) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "dimension",
      "Search the largest (or smallest) value of a scenario that meets bounds, by repeated runs\n"
      "Bisection between two ends, on a logarithmic scale for durations. A value meets the bounds when the whole 95 %\n"
      "interval of each figure is within; an inconclusive one does not. The answer lies between the last value that\n"
      "meets them and the next that does not. Every run is kept, dimension.json names them.\n"
      "Exit status: 0 a value was found, 1 none meets the bounds, 2 scenario or machine at fault, 3 not measured\n"
      "Example:\n"
      "  sudo catsbench dimension my.yaml --search interval=100ms..30s --until 'metric-distribution.age_ms <= 2 s'");
  ScenarioOptions& scenario = options->scenario;
  command->add_option("FILE", scenario.file, "a scenario file, or the name of a shipped one")->required();
  command->add_option("--search", options->search, "KEY=FROM..TO, such as interval=100ms..30s")->required();
  command->add_option("--until", options->until, "a bound as in a scenario; may be given again: all must hold")
      ->required()
      ->allow_extra_args(false);
  command->add_flag("--smallest", options->how.smallest, "the smallest value that meets them, not the largest");
  command->add_option("--precision", options->precision_percent, "stop when the bracket is that narrow, in percent")
      ->check(CLI::Range(0.1, 100.0))
      ->capture_default_str();
  command->add_option("--probes", options->how.most_probes, "runs at most")
      ->check(CLI::Range(2, 100))
      ->capture_default_str();
  command->add_option("--set", scenario.values, "KEY=VALUE: in place of the file's value")->allow_extra_args(false);
  command->add_flag("--quick", scenario.quick, "fewer and shorter trials; the reports say so");
  command->add_option("--out", scenario.out, "directory of the runs (default: runs/TIME-NAME-dimension here)");
  command->add_flag("--json", scenario.json, "print dimension.json instead of the summary");
  command->callback([&session, options] {
    options->how.precision = options->precision_percent / 100;
    run_dimension(session, *options);
  });
}

}  // namespace cats::cli
