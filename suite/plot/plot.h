// The figures of a run that studied values, as a chart (catsbench plot; docs/report.md, "A picture of a study").
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "suite/plot/chart.h"
#include "suite/report/model.h"

namespace cats::suite::plot {

struct Options {
  std::string test = {};                  // "": the first that studied values and has the figures
  std::vector<std::string> figures = {};  // one panel each; none: the test's primary figure
  std::string over = {};                  // what is across; "": see chart_of
  std::vector<std::string> by = {};       // a line for each combination of their values; none: all the others
  bool logarithmic_x = false;             // also without it, when the values span a factor of 30
  bool linear_x = false;                  // never
  bool logarithmic_y = false;
};

// What is there to be plotted.
struct Plot {
  Chart chart;
  std::vector<std::string> figures;
};

// Studied are the keys of `study` in which entries of a test differ, and algorithm, interval, mode and engine where an
// entry of `tests` brought its own. Across is by default the studied key of numbers with most values, the first of
// several, and where there is none the key with most values. Values are placed by what they are worth ("100ms" and "2s"
// on one scale); words have a place each. The error says what there is instead: nothing studied, no such test, figure
// or key, entries that `by` does not tell apart, no value, no logarithm.
Expected<Plot> plot_of(const Report& report, const Options& options);

// Whether there is something to plot.
bool studied(const Report& report);

}  // namespace cats::suite::plot
