#include "suite/plot/plot.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/read_report.h"

namespace cats::cli {
namespace {

namespace fs = std::filesystem;

struct PlotOptions {
  std::string run;
  std::string out;
  suite::plot::Options what;
};

// FIGURE.svg beside the report.
fs::path file_of(const PlotOptions& options, const std::vector<std::string>& figures) {
  if (!options.out.empty()) return options.out;
  const fs::path run(options.run);
  std::string name = fmt::format("{}", fmt::join(figures, "-"));
  std::ranges::replace(name, '/', '_');
  return (fs::is_directory(run) ? run : run.parent_path()) / (name + ".svg");
}

void write_plot(const PlotOptions& options) {
  const auto plot = suite::plot::plot_of(read_report(options.run), options.what);
  if (!plot) throw UsageError(fmt::format("{}: {}", options.run, plot.error().message));
  const std::string picture = suite::plot::draw(plot->chart);
  if (options.out == "-") {
    fmt::print("{}", picture);
    return;
  }
  const fs::path file = file_of(options, plot->figures);
  write_file(file, picture);
  fmt::print("{}\n", file.string());
}

}  // namespace

void add_plot(CLI::App& app, Session& /*session*/) {
  auto options = std::make_shared<PlotOptions>();
  CLI::App* command = app.add_subcommand(
      "plot",
      "Draw what a run studied: a figure over a studied value, a line for each of the others, as SVG\n"
      "Points are the figures of report.json with their 95 % intervals. Values are placed by what they are worth; "
      "words\n"
      "(algorithms, metrics) have a place each. Prints the file's name.\n"
      "Exit status: 0 drawn, 2 the run studied nothing, or not what was asked for\n"
      "Examples:\n"
      "  catsbench plot runs/20261122T091500Z-staleness\n"
      "  catsbench plot runs/unequal --figure peak_load --figure var --over algorithm\n"
      "  catsbench plot runs/levels --figure var_time_averaged --over interval --by algorithm,metrics.steer_by --out - "
      "> "
      "levels.svg");
  suite::plot::Options& what = options->what;
  command->add_option("RUN_DIR", options->run, "a run directory, or its report.json")->required();
  command
      ->add_option("--figure", what.figures,
                   "a figure of the test (default: its primary one); several make panels one above the other")
      ->delimiter(',')
      ->allow_extra_args(false);
  command->add_option("--over", what.over,
                      "the studied key that is across (default: the one of numbers with most values)");
  command->add_option("--by", what.by, "studied keys: a line for each combination (default: all others)")
      ->delimiter(',')
      ->allow_extra_args(false);
  command->add_option("--test", what.test, "of which test (default: the first that studied something)");
  auto* log_x = command->add_flag("--log-x", what.logarithmic_x,
                                  "a logarithmic scale across (by default when values span a factor of 30)");
  command->add_flag("--linear-x", what.linear_x, "a linear one in any case")->excludes(log_x);
  command->add_flag("--log-y", what.logarithmic_y, "a logarithmic scale upwards");
  command->add_option("-o,--out", options->out,
                      "the picture's file, - for standard output (default: RUN_DIR/FIGURE.svg)");
  command->callback([options] { write_plot(*options); });
}

}  // namespace cats::cli
