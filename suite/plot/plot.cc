#include "suite/plot/plot.h"

#include <algorithm>
#include <limits>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/diagnostics.h"
#include "suite/plot/study.h"
#include "suite/tests/test.h"

namespace cats::suite::plot {
namespace {

constexpr double kWideRange = 30;      // highest ÷ lowest value from which on x is logarithmic by itself
constexpr std::size_t kMostShown = 6;  // values of a key in a message

std::vector<std::string> figures_of(const Study& study) {
  std::vector<std::string> names;
  for (const StudiedEntry& entry : study.entries)
    for (const auto& [name, figure] : entry.result->figures)
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  return names;
}

bool has(const Study& study, const std::string& figure) {
  return std::ranges::any_of(study.entries,
                             [&](const StudiedEntry& entry) { return entry.result->find(figure) != nullptr; });
}

// "interval (100ms, 500ms, 5s), algorithm (ecmp, global-min)"
std::string described(const Study& study) {
  std::vector<std::string> keys;
  for (const StudiedKey& key : study.keys) {
    std::vector<std::string> values = key.values;
    if (values.size() > kMostShown) {
      values.resize(kMostShown);
      values.emplace_back("…");
    }
    keys.push_back(fmt::format("{} ({})", key.name, fmt::join(values, ", ")));
  }
  return fmt::format("{}", fmt::join(keys, ", "));
}

std::vector<std::string> tests_of(const std::vector<Study>& studies) {
  std::vector<std::string> names;
  for (const Study& study : studies) names.push_back(study.test);
  return names;
}

// The test that is asked for, or the first that has the figures.
Expected<const Study*> chosen_study(const std::vector<Study>& studies, const Options& options) {
  std::string figures;
  for (const Study& study : studies) {
    if (!options.test.empty() && study.test != options.test) continue;
    if (study.keys.empty()) {
      if (!options.test.empty())
        return fail("nothing was studied for {}: its entries differ in no value", options.test);
      continue;
    }
    const auto missing = std::ranges::find_if(options.figures, [&](const auto& figure) { return !has(study, figure); });
    if (missing == options.figures.end()) return &study;
    const std::vector<std::string> names = figures_of(study);
    figures += fmt::format("{}{} has no figure \"{}\": there are {}{}", figures.empty() ? "" : "\n", study.test,
                           *missing, fmt::join(names, ", "), did_you_mean(*missing, names));
  }
  if (!figures.empty()) return fail("{}", figures);
  if (!options.test.empty())
    return fail("the run has no test \"{}\": there are {}{}", options.test, fmt::join(tests_of(studies), ", "),
                did_you_mean(options.test, tests_of(studies)));
  return fail(
      "nothing was studied: no test has entries that differ in a value. A list in the place of a value in the "
      "scenario, or "
      "--set 'interval=[200ms, 1s]', studies several");
}

std::string primary_figure(const Study& study) {
  const Test* test = find_test(study.test);
  if (test != nullptr && has(study, std::string(test->primary_figure()))) return std::string(test->primary_figure());
  const std::vector<std::string> names = figures_of(study);
  return names.empty() ? "" : names.front();
}

Expected<const StudiedKey*> key_called(const Study& study, const std::string& name) {
  if (const StudiedKey* key = study.find(name)) return key;
  std::vector<std::string> names;
  for (const StudiedKey& key : study.keys) names.push_back(key.name);
  return fail("\"{}\" was not studied for {}: there are {}{}", name, study.test, described(study),
              did_you_mean(name, names));
}

// Of numbers, with most values; else of words.
const StudiedKey* widest(const Study& study) {
  const StudiedKey* best = &study.keys.front();
  for (const StudiedKey& key : study.keys)
    if (std::pair(key.unit.has_value(), key.values.size()) > std::pair(best->unit.has_value(), best->values.size()))
      best = &key;
  return best;
}

// What is across, and how its values are placed.
class Across {
 public:
  Across(const StudiedKey& key, const Options& options) : key_(key) {
    if (!key.unit) return;
    for (const std::string& value : key.values) numbers_.push_back(quantity_of(value)->value);
    const auto [lo, hi] = std::ranges::minmax(numbers_);
    lowest_ = lo;
    logarithmic_ = options.logarithmic_x || (!options.linear_x && lo > 0 && hi >= kWideRange * lo);
    unit_ = *key.unit;
    if (unit_ != "s") return;
    size_ = hi >= 1 ? 1 : hi >= 1e-3 ? 1e-3 : 1e-6;
    unit_ = hi >= 1 ? "s" : hi >= 1e-3 ? "ms" : "us";
  }

  bool numbers() const { return key_.unit.has_value(); }
  bool logarithmic() const { return logarithmic_; }
  double lowest() const { return lowest_; }
  std::string title() const { return unit_.empty() ? key_.name : fmt::format("{} ({})", key_.name, unit_); }
  double place(const std::string& value) const {
    if (numbers()) return quantity_of(value)->value / size_;
    return static_cast<double>(std::ranges::find(key_.values, value) - key_.values.begin());
  }

 private:
  const StudiedKey& key_;
  std::vector<double> numbers_;
  double lowest_ = 0;
  bool logarithmic_ = false;
  std::string unit_;
  double size_ = 1;  // of the unit, in seconds
};

std::string label_of(const StudiedEntry& entry, const std::vector<std::string>& keys) {
  std::vector<std::string> values;
  for (const std::string& key : keys)
    if (entry.values.contains(key)) values.push_back(entry.value(key));
  return fmt::format("{}", fmt::join(values, ", "));
}

std::string plural(int count, const char* one) { return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s"); }

std::string text_of_member(const nlohmann::ordered_json& object, const char* key) {
  return object.is_object() && object.contains(key) && object[key].is_string() ? object[key].get<std::string>() : "";
}

class Plotter {
 public:
  Plotter(const Report& report, const Options& options, const Study& study, const StudiedKey& over,
          std::vector<std::string> by, const std::vector<std::string>& figures)
      : report_(report),
        options_(options),
        study_(study),
        over_(over),
        by_(std::move(by)),
        figures_(figures),
        across_(over, options) {}

  Expected<Chart> chart() {
    if (across_.logarithmic() && across_.lowest() <= 0)
      return fail("{} has values of zero or below: they have no place on a logarithmic axis", over_.name);
    if (auto failed = find_lines(); !failed) return tl::make_unexpected(failed.error());
    for (const std::string& figure : figures_) {
      auto panel = panel_of(figure);
      if (!panel) return tl::make_unexpected(panel.error());
      chart_.panels.push_back(*std::move(panel));
    }
    chart_.title = fmt::format("{}: {}", text_of_member(report_.scenario, "name"), study_.test);
    chart_.subtitle =
        fmt::format("run {}, {}, catsbench {}", text_of_member(report_.run, "id"),
                    text_of_member(report_.run, "started_utc"), text_of_member(report_.run, "catsbench_version"));
    chart_.legend = fmt::format("{}:", fmt::join(by_, ", "));
    chart_.x_title = across_.title();
    if (!across_.numbers()) chart_.categories = over_.values;
    chart_.logarithmic_x = across_.logarithmic();
    add_notes();
    return std::move(chart_);
  }

 private:
  // One for each combination of the values of `by`, in the order of the report.
  Expected<void> find_lines() {
    std::map<std::pair<std::size_t, double>, const StudiedEntry*> places;
    for (const StudiedEntry& entry : study_.entries) {
      if (!entry.values.contains(over_.name)) {
        ++without_key_;
        continue;
      }
      const std::string label = label_of(entry, by_);
      const auto found = std::ranges::find(chart_.lines, label);
      const auto line = static_cast<std::size_t>(found - chart_.lines.begin());
      if (found == chart_.lines.end()) chart_.lines.push_back(label);
      const double x = across_.place(entry.value(over_.name));
      const auto [other, is_new] = places.emplace(std::pair(line, x), &entry);
      if (!is_new) return several(entry, *other->second);
      entries_.push_back({&entry, line, x});
    }
    std::ranges::stable_sort(entries_, {}, &Placed::x);
    return {};
  }

  Expected<void> several(const StudiedEntry& a, const StudiedEntry& b) const {
    std::vector<std::string> differ;
    for (const StudiedKey& key : study_.keys)
      if (a.value(key.name) != b.value(key.name)) differ.push_back(key.name);
    const std::string place =
        fmt::format("several entries of {} have {} {}", study_.test, over_.name, a.value(over_.name));
    if (differ.empty()) return fail("{} and differ in nothing that was studied: they cannot be told apart", place);
    return fail("{} and differ in {}: name that with --by too", place, fmt::join(differ, ", "));
  }

  Expected<Panel> panel_of(const std::string& name) {
    Panel panel;
    panel.logarithmic = options_.logarithmic_y;
    std::string why;
    for (const Placed& placed : entries_) {
      const TestResult& result = *placed.entry->result;
      const Figure* figure = result.find(name);
      if (figure == nullptr || !figure->value) {
        ++without_value_;
        if (why.empty()) why = figure == nullptr ? "" : figure->reason;
        continue;
      }
      if (panel.logarithmic && *figure->value <= 0)
        return fail("{} is {:.4g} in an entry: values of zero or below have no place on a logarithmic axis", name,
                    *figure->value);
      if (panel.title.empty()) panel.title = title_of(name, *figure);
      least_trials_ = std::min(least_trials_, figure->trials);
      most_trials_ = std::max(most_trials_, figure->trials);
      intervals_ = intervals_ || figure->ci95;
      panel.points.push_back({placed.line, placed.x, *figure->value, figure->ci95, hint(placed, *figure)});
    }
    if (panel.points.empty())
      return fail("no entry of {} has a value of {}{}", study_.test, name, why.empty() ? "" : ": " + why);
    return panel;
  }

  static std::string title_of(const std::string& name, const Figure& figure) {
    std::string title = name;
    if (figure.statistic != "sum" && figure.statistic != "share") title += fmt::format(" ({})", figure.statistic);
    return figure.unit == "1" ? title : fmt::format("{}, {}", title, figure.unit);
  }

  struct Placed {
    const StudiedEntry* entry = nullptr;
    std::size_t line = 0;
    double x = 0;
  };

  std::string hint(const Placed& placed, const Figure& figure) const {
    std::string text = chart_.lines[placed.line];
    text += fmt::format("{}{} {}: {:.4g}", text.empty() ? "" : ", ", over_.name, placed.entry->value(over_.name),
                        *figure.value);
    if (figure.unit != "1") text += " " + figure.unit;
    if (figure.ci95) text += fmt::format(" ({:.4g} to {:.4g})", figure.ci95->lo, figure.ci95->hi);
    return text;
  }

  // "engine sim"; of several values nothing where the chart shows them.
  void note_values(std::vector<std::string>& parts, const std::string& key) const {
    if (study_.find(key) != nullptr || entries_.empty()) return;
    parts.push_back(fmt::format("{} {}", key, entries_.front().entry->value(key)));
  }

  void add_notes() {
    std::vector<std::string> parts;
    for (const char* key : {"mode", "engine", "algorithm", "interval"}) note_values(parts, key);
    parts.push_back(least_trials_ == most_trials_ ? plural(most_trials_, "trial")
                                                  : fmt::format("{} to {} trials", least_trials_, most_trials_));
    if (intervals_) parts.emplace_back("bars: 95 % intervals");
    if (report_.run.is_object() && report_.run.value("quick", false)) parts.emplace_back("quick: not conforming");
    if (without_key_ > 0)
      chart_.notes.push_back(fmt::format("Not shown: {} without {}.", entry_count(without_key_), over_.name));
    if (without_value_ > 0)
      chart_.notes.push_back(fmt::format("Not shown: {} without a value.", plural(without_value_, "point")));
    chart_.notes.push_back(fmt::format("{}", fmt::join(parts, " · ")));
  }

  static std::string entry_count(int count) { return fmt::format("{} {}", count, count == 1 ? "entry" : "entries"); }

  const Report& report_;
  const Options& options_;
  const Study& study_;
  const StudiedKey& over_;
  std::vector<std::string> by_;
  const std::vector<std::string>& figures_;
  Across across_;
  Chart chart_;
  std::vector<Placed> entries_;  // by x
  int without_key_ = 0;
  int without_value_ = 0;
  int least_trials_ = std::numeric_limits<int>::max();
  int most_trials_ = 0;
  bool intervals_ = false;
};

}  // namespace

Expected<Plot> plot_of(const Report& report, const Options& options) {
  const std::vector<Study> studies = studies_of(report);
  const auto study = chosen_study(studies, options);
  if (!study) return tl::make_unexpected(study.error());
  const auto over = options.over.empty() ? widest(**study) : key_called(**study, options.over);
  if (!over) return tl::make_unexpected(over.error());
  std::vector<std::string> by = options.by;
  for (const std::string& name : by) {
    if (const auto key = key_called(**study, name); !key) return tl::make_unexpected(key.error());
    if (name == (*over)->name) return fail("{} is across: it cannot tell lines apart as well", name);
  }
  if (by.empty())
    for (const StudiedKey& key : (*study)->keys)
      if (key.name != (*over)->name) by.push_back(key.name);
  if ((options.logarithmic_x || options.linear_x) && !(*over)->unit)
    return fail("the values of {} are no numbers: its axis has no scale", (*over)->name);
  Plot plot;
  plot.figures = options.figures.empty() ? std::vector{primary_figure(**study)} : options.figures;
  auto chart = Plotter(report, options, **study, **over, std::move(by), plot.figures).chart();
  if (!chart) return tl::make_unexpected(chart.error());
  plot.chart = *std::move(chart);
  return plot;
}

bool studied(const Report& report) {
  const std::vector<Study> studies = studies_of(report);
  return std::ranges::any_of(studies, [](const Study& study) { return !study.keys.empty(); });
}

}  // namespace cats::suite::plot
