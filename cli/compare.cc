#include <cmath>

#include <fmt/format.h>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/read_report.h"
#include "suite/compare_runs.h"
#include "suite/fail_if.h"
#include "suite/report/json.h"

namespace cats::cli {
namespace {

using nlohmann::ordered_json;

constexpr int kHeld = 1;
constexpr int kNotMeasured = 3;

struct Options {
  std::string a, b;
  std::vector<std::string> fail_if;
  bool json = false;
  bool force = false;
};

std::string change(const suite::FailIfResult& result, bool relative) {
  return relative ? fmt::format("{:+.4g}% to {:+.4g}%", 100 * result.change->lo, 100 * result.change->hi)
                  : fmt::format("{:+.4g} to {:+.4g}", result.change->lo, result.change->hi);
}

struct Judged {
  suite::FailIf condition;
  std::vector<suite::FailIfResult> results;
};

std::vector<Judged> judge_all(const std::vector<suite::FailIf>& conditions, const suite::RunComparison& runs) {
  std::vector<Judged> all;
  for (const suite::FailIf& condition : conditions) {
    auto results = suite::judge(condition, runs);
    if (!results) throw UsageError(results.error().message);
    all.push_back({condition, *std::move(results)});
  }
  return all;
}

int status_of(const std::vector<Judged>& judged) {
  int status = 0;
  for (const Judged& one : judged)
    for (const suite::FailIfResult& result : one.results) {
      if (result.held) return kHeld;
      if (!result.change) status = kNotMeasured;
    }
  return status;
}

// Infinity, the change of a figure that was 0, has no number in JSON.
ordered_json number(double value) { return std::isfinite(value) ? ordered_json(value) : ordered_json(nullptr); }

ordered_json to_json(const Judged& judged) {
  ordered_json list = ordered_json::array();
  for (const suite::FailIfResult& result : judged.results) {
    ordered_json json = {{"condition", result.text}, {"entry", result.entry}, {"figure", result.figure}};
    json["relative"] = judged.condition.relative;
    json["change95"] = result.change ? ordered_json::array({number(result.change->lo), number(result.change->hi)})
                                     : ordered_json(nullptr);
    json["held"] = result.change ? ordered_json(result.held) : ordered_json(nullptr);
    if (!result.reason.empty()) json["reason"] = result.reason;
    list.push_back(std::move(json));
  }
  return list;
}

void print_json(const suite::Report& a, const suite::Report& b, const std::vector<std::string>& differences,
                const suite::RunComparison& runs, const std::vector<Judged>& judged) {
  ordered_json json = {{"schema", "catsbench.compare/1"}, {"a", a.run}, {"b", b.run}, {"differences", differences}};
  ordered_json& list = json["comparisons"] = ordered_json::array();
  for (const suite::Comparison& comparison : runs.comparisons) list.push_back(suite::to_json(comparison));
  json["only_in_a"] = runs.only_a;
  json["only_in_b"] = runs.only_b;
  ordered_json& conditions = json["fail_if"] = ordered_json::array();
  for (const Judged& one : judged)
    for (ordered_json& result : to_json(one)) conditions.push_back(std::move(result));
  fmt::print("{}", suite::write_json(json));
}

void print_text(const Options& options, const std::vector<std::string>& differences, const suite::RunComparison& runs,
                const std::vector<Judged>& judged) {
  fmt::print("A  {}\nB  {}\n", options.a, options.b);
  for (const std::string& difference : differences) fmt::print("not the same: {}\n", difference);
  for (const std::string& entry : runs.only_a) fmt::print("only in A: {}\n", entry);
  for (const std::string& entry : runs.only_b) fmt::print("only in B: {}\n", entry);
  fmt::print("\n{}", suite::comparison_table(runs.comparisons));
  if (!judged.empty()) fmt::print("\n");
  for (const Judged& one : judged)
    for (const suite::FailIfResult& result : one.results)
      fmt::print("{:<12}  {}  ({}, {}: {})\n",
                 !result.change ? "not measured"
                 : result.held  ? "HOLDS"
                                : "does not hold",
                 result.text, result.entry, result.figure,
                 result.change ? change(result, one.condition.relative) : result.reason);
}

void run(Session& session, const Options& options) {
  std::vector<suite::FailIf> conditions;
  for (const std::string& text : options.fail_if) {
    auto condition = suite::parse_fail_if(text);
    if (!condition) throw UsageError(condition.error().message);
    conditions.push_back(*std::move(condition));
  }
  const suite::Report a = read_report(options.a);
  const suite::Report b = read_report(options.b);
  const std::vector<std::string> differences = suite::differences(a, b);
  if (!differences.empty() && !options.force)
    throw UsageError(fmt::format("the runs are not comparable (--force compares them all the same):\n  {}",
                                 fmt::join(differences, "\n  ")));
  const suite::RunComparison runs = suite::compare_runs(a, b);
  if (runs.entries.empty()) throw UsageError("the runs have no entry in common");
  const std::vector<Judged> judged = judge_all(conditions, runs);
  if (options.json)
    print_json(a, b, differences, runs, judged);
  else
    print_text(options, differences, runs, judged);
  session.exit_status = status_of(judged);
}

}  // namespace

void add_compare(CLI::App& app, Session& session) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "compare",
      "Compare two runs figure by figure: B against A, with interval, effect size and verdict\n"
      "Trials of the same seed are paired; else Welch's interval is taken. The verdict is the interval's: a figure is\n"
      "called lower when the whole 95 % interval says so.\n"
      "Exit status: 0 compared and no --fail-if holds, 1 one holds, 2 usage, or runs that are not comparable,\n"
      "3 a --fail-if could not be judged\n"
      "Examples:\n"
      "  catsbench compare runs/before runs/after\n"
      "  catsbench compare runs/before runs/after --fail-if 'metric-distribution.distribution_delay_ms > +10%'\n"
      "  catsbench compare runs/before runs/after --fail-if 'lb-variance.pid > +10%' --json");
  command->add_option("RUN_A", options->a, "a run directory, or its report.json")->required();
  command->add_option("RUN_B", options->b, "the one to hold against it")->required();
  command
      ->add_option("--fail-if", options->fail_if,
                   "TEST.FIGURE, TEST.ALGORITHM (its primary figure) or TEST.ALGORITHM.FIGURE, then > >= < or <=, then "
                   "a change of B against A: +10% of A's mean, or a number in the figure's unit. It holds only when "
                   "the whole 95 % interval of the change is beyond; may be given again")
      ->allow_extra_args(false);
  command->add_flag("--json", options->json, "print JSON instead of a table");
  command->add_flag("--force", options->force, "compare runs of different scenarios, topologies or machines");
  command->callback([&session, options] { run(session, *options); });
}

}  // namespace cats::cli
