#include "suite/plot/chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "base/svg.h"
#include "suite/plot/axis.h"

namespace cats::suite::plot {
namespace {

using svg::pixels;
using svg::words;

// Pixels.
constexpr double kWidth = 760;
constexpr double kMargin = 32;
constexpr double kLeft = 86;  // of the plot area
constexpr double kRight = 736;
constexpr double kHead = 70;
constexpr double kTallPanel = 320;  // of a chart with one panel
constexpr double kLowPanel = 230;   // with several
constexpr double kPanelGap = 26;
constexpr double kTickLabels = 20;
constexpr double kAxisTitle = 24;
constexpr double kLegendRow = 21;
constexpr double kLegendSample = 26;
constexpr double kLegendGap = 20;
constexpr double kNote = 16;
constexpr double kDodge = 5;        // between lines at the same x
constexpr double kDodgeAll = 24;    // between the first line and the last, at most
constexpr double kSlotShare = 0.6;  // of a category's place that its points take
constexpr double kCap = 3;          // half the width of an interval's ends
constexpr int kSmall = 11;
constexpr int kText = 12;
constexpr double kLetter = 0.55;  // width of a letter ÷ font size: about Helvetica's mean
constexpr double kSteep = 0.6;    // sine of the slope of labels that do not fit side by side

constexpr const char* kInk = "#212529";
constexpr const char* kGrey = "#495057";
constexpr const char* kAxisColour = "#868e96";
constexpr const char* kGrid = "#e9ecef";

// Colours that people with any of the usual colour blindnesses tell apart (Okabe and Ito), without their yellow, which
// is too light on white.
constexpr std::array kColours = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                 "#b07d00", "#3a9bd9", "#000000", "#7f7f7f"};
// From the ninth line on the same again, with lines that are not drawn through.
constexpr std::array kDashes = {"", " stroke-dasharray=\"7 3\"", " stroke-dasharray=\"2 3\""};

const char* colour_of(std::size_t line) { return kColours[line % kColours.size()]; }
const char* dash_of(std::size_t line) { return kDashes[line / kColours.size() % kDashes.size()]; }

double width_of(std::string_view text, int size) {
  const auto letters =
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
  return kLetter * size * static_cast<double>(letters);
}

std::string polygon(double x, double y, std::initializer_list<std::pair<double, double>> corners, const char* colour) {
  std::string points;
  for (const auto& [dx, dy] : corners)
    points += fmt::format("{}{},{}", points.empty() ? "" : " ", pixels(x + dx), pixels(y + dy));
  return fmt::format("<polygon points=\"{}\" fill=\"{}\" stroke=\"#ffffff\" stroke-width=\"0.8\"/>\n", points, colour);
}

std::string cross(double x, double y, double dx, double dy, const char* colour) {
  return fmt::format("<path d=\"M {} {} L {} {} M {} {} L {} {}\" stroke=\"{}\" stroke-width=\"2.4\"/>\n",
                     pixels(x - dx), pixels(y - dy), pixels(x + dx), pixels(y + dy), pixels(x - dy), pixels(y + dx),
                     pixels(x + dy), pixels(y - dx), colour);
}

// Of the line's own shape.
std::string marker(std::size_t line, double x, double y) {
  const char* colour = colour_of(line);
  switch (line % kColours.size()) {
    case 0:
      return fmt::format(
          "<circle cx=\"{}\" cy=\"{}\" r=\"4.5\" fill=\"{}\" stroke=\"#ffffff\" stroke-width=\"0.8\"/>\n", pixels(x),
          pixels(y), colour);
    case 1:
      return polygon(x, y, {{-4, -4}, {4, -4}, {4, 4}, {-4, 4}}, colour);
    case 2:
      return polygon(x, y, {{0, -5.5}, {5, 3.5}, {-5, 3.5}}, colour);
    case 3:
      return polygon(x, y, {{0, -5.5}, {5.5, 0}, {0, 5.5}, {-5.5, 0}}, colour);
    case 4:
      return polygon(x, y, {{-5, -3.5}, {5, -3.5}, {0, 5.5}}, colour);
    case 5:
      return cross(x, y, 3.5, 3.5, colour);
    case 6:
      return fmt::format("<circle cx=\"{}\" cy=\"{}\" r=\"4\" fill=\"#ffffff\" stroke=\"{}\" stroke-width=\"1.8\"/>\n",
                         pixels(x), pixels(y), colour);
    default:
      return cross(x, y, 4.5, 0, colour);
  }
}

std::string stroke(double x1, double y1, double x2, double y2, const char* colour) {
  return fmt::format("<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" stroke=\"{}\"/>\n", pixels(x1), pixels(y1),
                     pixels(x2), pixels(y2), colour);
}

// Whole values on a scale from zero unless they are far from it.
Axis axis_of_figure(const Panel& panel) {
  double lo = std::numeric_limits<double>::infinity();
  double hi = -lo;
  for (const Point& point : panel.points) {
    lo = std::min(lo, point.y);
    hi = std::max(hi, point.y);
    if (!point.ci95) continue;
    if (!panel.logarithmic || point.ci95->lo > 0) lo = std::min(lo, point.ci95->lo);
    hi = std::max(hi, point.ci95->hi);
  }
  if (panel.logarithmic) return {lo, hi, Scale::logarithmic};
  if (lo > 0 && lo < hi / 2) lo = 0;
  if (hi < 0 && hi > lo / 2) hi = 0;
  return {lo, hi, Scale::linear};
}

class Drawing {
 public:
  explicit Drawing(const Chart& chart) : chart_(chart) {
    if (chart.categories.empty()) x_.emplace(numbers_across());
  }

  std::string draw() {
    const double panel_height = chart_.panels.size() == 1 ? kTallPanel : kLowPanel;
    double y = legend(kHead);
    for (const Panel& panel : chart_.panels) {
      y += kPanelGap;
      one_panel(panel, y, y + panel_height);
      y += panel_height;
    }
    labels_across(y);
    y += height_of_labels() + kAxisTitle;
    body_ += words((kLeft + kRight) / 2, y - 6, "middle", kText, kInk, chart_.x_title);
    y += kNote / 2;
    for (const std::string& note : chart_.notes) body_ += words(kMargin, y += kNote, "start", kSmall, kGrey, note);
    std::string text = svg::begin(static_cast<int>(kWidth), static_cast<int>(std::lround(y + kNote)), chart_.title);
    text += words(kMargin, 58, "start", kText, kGrey, chart_.subtitle);
    return text + body_ + "</svg>\n";
  }

 private:
  Axis numbers_across() const {
    double lo = std::numeric_limits<double>::infinity();
    double hi = -lo;
    for (const Panel& panel : chart_.panels)
      for (const Point& point : panel.points) {
        lo = std::min(lo, point.x);
        hi = std::max(hi, point.x);
      }
    if (!chart_.logarithmic_x && lo > 0 && lo < hi / 4) lo = 0;
    return {lo, hi, chart_.logarithmic_x ? Scale::logarithmic : Scale::linear};
  }

  double slot() const { return (kRight - kLeft) / static_cast<double>(chart_.categories.size()); }
  double middle_of(std::size_t category) const { return kLeft + slot() * (static_cast<double>(category) + 0.5); }

  double dodge() const { return std::min(kDodge, kDodgeAll / static_cast<double>(chart_.lines.size())); }
  // Of a number. The first and the last leave room for the lines beside each other.
  double across(double number) const {
    const double room = dodge() * static_cast<double>(chart_.lines.size() - 1) / 2 + 2 * kCap;
    return kLeft + room + x_->place(number) * (kRight - kLeft - 2 * room);
  }

  // Lines stand beside each other, so that intervals at the same x are seen.
  double x_of(const Point& point) const {
    const auto lines = static_cast<double>(chart_.lines.size());
    const double from_middle = static_cast<double>(point.line) - (lines - 1) / 2;
    if (x_) return across(point.x) + from_middle * dodge();
    return middle_of(static_cast<std::size_t>(point.x)) + from_middle * slot() * kSlotShare / lines;
  }

  // Returns where it ends.
  double legend(double y) {
    if (chart_.lines.size() < 2) return y - kPanelGap / 2;
    const double start = kMargin + width_of(chart_.legend, kText) + kLegendGap;
    double x = start;
    body_ += words(kMargin, y + 15, "start", kText, kGrey, chart_.legend);
    for (std::size_t line = 0; line < chart_.lines.size(); ++line) {
      const double width = kLegendSample + 6 + width_of(chart_.lines[line], kText);
      if (x > start && x + width > kRight) {
        x = start;
        y += kLegendRow;
      }
      if (x_)
        body_ += fmt::format("<path d=\"M {} {} h {}\" stroke=\"{}\" stroke-width=\"1.8\"{}/>\n", pixels(x),
                             pixels(y + 11), pixels(kLegendSample), colour_of(line), dash_of(line));
      body_ += marker(line, x + kLegendSample / 2, y + 11);
      body_ += words(x + kLegendSample + 6, y + 15, "start", kText, kInk, chart_.lines[line]);
      x += width + kLegendGap;
    }
    return y + kLegendRow;
  }

  void one_panel(const Panel& panel, double top, double bottom) {
    const Axis axis = axis_of_figure(panel);
    const auto y_of = [&](double value) { return bottom - axis.place(value) * (bottom - top); };
    for (const Tick& tick : axis.ticks()) {
      const double y = y_of(tick.value);
      if (tick.label.empty()) {
        body_ += stroke(kLeft - 3, y, kLeft, y, kAxisColour);
        continue;
      }
      body_ += stroke(kLeft, y, kRight, y, tick.value == 0 ? kAxisColour : kGrid);
      body_ += words(kLeft - 8, y + 4, "end", kSmall, kGrey, tick.label);
    }
    if (x_)
      for (const Tick& tick : x_->ticks()) {
        const double x = across(tick.value);
        if (!tick.label.empty()) body_ += stroke(x, top, x, bottom, kGrid);
        body_ += stroke(x, bottom, x, bottom + (tick.label.empty() ? 3 : 5), kAxisColour);
      }
    for (std::size_t i = 0; i < chart_.categories.size(); ++i)
      body_ += stroke(middle_of(i), top, middle_of(i), bottom, kGrid);
    body_ += fmt::format("<path d=\"M {0} {1} V {2} H {3}\" fill=\"none\" stroke=\"{4}\"/>\n", pixels(kLeft),
                         pixels(top), pixels(bottom), pixels(kRight), kAxisColour);
    const double middle = (top + bottom) / 2;
    body_ += fmt::format("<g transform=\"rotate(-90 30 {0})\">\n{1}</g>\n", pixels(middle),
                         words(30, middle, "middle", kText, kInk, panel.title));
    for (std::size_t line = 0; line < chart_.lines.size(); ++line) one_line(panel, line, y_of);
  }

  template <class YOf>
  void one_line(const Panel& panel, std::size_t line, const YOf& y_of) {
    const char* colour = colour_of(line);
    std::string way;
    std::string points;
    for (const Point& point : panel.points) {
      if (point.line != line) continue;
      const double x = x_of(point);
      const double y = y_of(point.y);
      way += fmt::format("{}{},{}", way.empty() ? "" : " ", pixels(x), pixels(y));
      points += fmt::format("<g>\n<title>{}</title>\n", svg::escaped(point.hint));
      if (point.ci95) {
        const double lo = y_of(point.ci95->lo);
        const double hi = y_of(point.ci95->hi);
        points += fmt::format("<path d=\"M {0} {1} h {2} M {0} {3} h {2} M {4} {1} V {3}\" stroke=\"{5}\"/>\n",
                              pixels(x - kCap), pixels(lo), pixels(2 * kCap), pixels(hi), pixels(x), colour);
      }
      points += marker(line, x, y) + "</g>\n";
    }
    if (x_ && !way.empty())
      body_ += fmt::format("<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.8\"{}/>\n", way,
                           colour, dash_of(line));
    body_ += points;
  }

  double widest_category() const {
    double widest = 0;
    for (const std::string& category : chart_.categories) widest = std::max(widest, width_of(category, kSmall));
    return widest;
  }
  bool steep() const { return widest_category() > slot() - 8; }
  double height_of_labels() const { return kTickLabels + (x_ || !steep() ? 0 : widest_category() * kSteep); }

  void labels_across(double y) {
    if (x_) {
      for (const Tick& tick : x_->ticks())
        if (!tick.label.empty())
          body_ += words(across(tick.value), y + kTickLabels, "middle", kSmall, kGrey, tick.label);
      return;
    }
    for (std::size_t i = 0; i < chart_.categories.size(); ++i) {
      const double x = middle_of(i);
      if (!steep())
        body_ += words(x, y + kTickLabels, "middle", kSmall, kGrey, chart_.categories[i]);
      else
        body_ += fmt::format("<g transform=\"rotate(-37 {0} {1})\">\n{2}</g>\n", pixels(x), pixels(y + 14),
                             words(x, y + 14, "end", kSmall, kGrey, chart_.categories[i]));
    }
  }

  const Chart& chart_;
  std::optional<Axis> x_;  // none across categories
  std::string body_;
};

}  // namespace

std::string draw(const Chart& chart) { return Drawing(chart).draw(); }

}  // namespace cats::suite::plot
