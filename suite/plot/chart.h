// A chart as a value, and as a picture: points with intervals in panels one above the other, which share what is
// across. Lines are told apart by marker and colour, so also without colour.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "suite/stats/verdict.h"

namespace cats::suite::plot {

struct Point {
  std::size_t line = 0;  // of Chart::lines
  double x = 0;          // or the index of a category
  double y = 0;
  std::optional<stats::Interval> ci95;
  std::string hint;  // what a browser shows at the point
};

struct Panel {
  std::string title;  // of the axis: figure and unit
  bool logarithmic = false;
  std::vector<Point> points;  // of a line in ascending x; at least one
};

struct Chart {
  std::string title;
  std::string subtitle;
  std::string legend;              // what the lines are values of
  std::vector<std::string> lines;  // "" of a single one: no legend
  std::string x_title;
  std::vector<std::string> categories;  // empty: x is a number, and the points of a line are connected
  bool logarithmic_x = false;
  std::vector<Panel> panels;
  std::vector<std::string> notes;  // below everything
};

// SVG, 760 pixels wide; the same octets for the same chart. On a logarithmic axis the values are above zero; intervals
// that are not end at its lower end.
std::string draw(const Chart& chart);

}  // namespace cats::suite::plot
