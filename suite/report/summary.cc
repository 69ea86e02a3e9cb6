#include "suite/report/summary.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "suite/report/engines_table.h"
#include "suite/report/modes_table.h"

namespace cats::suite {
namespace {

constexpr std::size_t kLeastWidth = 60;

std::string_view colour(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return "\033[32m";
    case Verdict::fail:
      return "\033[1;31m";
    case Verdict::inconclusive:
    case Verdict::error:
      return "\033[33m";
    case Verdict::not_applicable:
      break;
  }
  return "\033[2m";
}

std::string words(Verdict verdict) {
  std::string text(name(verdict));
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

// Words that fit `width`, continuation lines indented.
std::string wrapped(const std::string& text, std::size_t width, std::size_t indent) {
  std::string out(indent, ' ');
  std::size_t column = indent;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find(' ', start), text.size());
    const std::size_t length = end - start;
    if (column > indent && column + 1 + length > width) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    }
    if (column > indent) {
      out += ' ';
      ++column;
    }
    out += text.substr(start, length);
    column += length;
    start = end + 1;
  }
  return out + "\n";
}

// Four significant digits, no exponent for counts.
std::string number(double value) {
  if (value == static_cast<double>(static_cast<std::int64_t>(value)) && value < 1e9 && value > -1e9)
    return fmt::format("{}", static_cast<std::int64_t>(value));
  return fmt::format("{:.4g}", value);
}

std::string text_of(const nlohmann::ordered_json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string unit_of(const Figure& figure) { return figure.unit == "1" ? "" : " " + figure.unit; }

class Writer {
 public:
  explicit Writer(const SummaryStyle& style) : style_(style), width_(std::max(style.width, kLeastWidth)) {}

  std::string write(const Report& report) {
    head(report);
    for (const TestResult& test : report.tests) one_test(test);
    if (const std::string modes = modes_table(report.tests); !modes.empty())
      out_ += "\nModes (means; of a stage also its share of the reaction)\n" + modes;
    if (const std::string engines = engines_table(report.tests); !engines.empty())
      out_ += "\nSimulator against emulator (values and intervals of the figures; the verdict is by the emulator's)\n" +
              engines;
    if (!report.comparisons.empty()) out_ += "\nComparisons\n" + comparison_table(report.comparisons);
    if (!report.bounds.empty()) out_ += "\nBounds of the scenario\n" + bound_table(report.bounds);
    preflight(report);
    warnings(report);
    foot(report);
    return out_;
  }

 private:
  using Row = std::array<std::string, 5>;  // figure, value, interval, bound, verdict

  std::string painted(Verdict verdict, const std::string& text) const {
    return style_.colour ? std::string(colour(verdict)) + text + "\033[0m" : text;
  }

  void head(const Report& report) {
    const auto text = [](const nlohmann::ordered_json& object, const char* key) {
      return object.is_object() && object.contains(key) && object[key].is_string() ? object[key].get<std::string>()
                                                                                   : "";
    };
    out_ += fmt::format("{}  {}{}\n", text(report.scenario, "name"), text(report.run, "started_utc"),
                        report.run.is_object() && report.run.value("quick", false)
                            ? "  (quick: fewer and shorter trials, not conforming)"
                            : "");
  }

  Row row(const std::string& figure_name, const Figure& figure) const {
    Row row{figure_name, figure.value ? number(*figure.value) + unit_of(figure) : "not computed", "", "", ""};
    if (figure.statistic != "sum" && figure.statistic != "share") row[0] += " (" + figure.statistic + ")";
    if (figure.ci95) row[2] = fmt::format("{} to {}", number(figure.ci95->lo), number(figure.ci95->hi));
    if (figure.bound) row[3] = fmt::format("{} {}", figure.bound->op, number(figure.bound->value));
    if (figure.verdict) row[4] = words(*figure.verdict);
    return row;
  }

  void one_test(const TestResult& test) {
    out_ += fmt::format("\n{} {}\n", painted(test.verdict, fmt::format("{:<14}", words(test.verdict))), test.name);
    std::string setting = fmt::format("{}, {}, T = {} ms", test.mode, test.algorithm, number(test.interval_ms));
    for (const auto& [key, value] : test.study.items())
      if (key != "algorithm" && key != "interval" && key != "mode")
        setting += fmt::format(", {} {}", key, text_of(value));
    const auto counted =
        std::count_if(test.trials.begin(), test.trials.end(), [](const TrialResult& trial) { return !trial.error; });
    setting += fmt::format(", {} trials", counted);
    if (test.void_trials > 0) setting += fmt::format(", {} did not count", test.void_trials);
    if (test.load_offered && test.load_achieved)
      setting += fmt::format(", {} of {} requests sent", number(*test.load_achieved), number(*test.load_offered));
    out_ += wrapped(setting, width_, 2);
    if (!test.reason.empty()) out_ += wrapped(test.reason, width_, 2);
    table(test);
  }

  void table(const TestResult& test) {
    std::vector<std::pair<Row, std::optional<Verdict>>> rows;
    for (const auto& [figure_name, figure] : test.figures) rows.emplace_back(row(figure_name, figure), figure.verdict);
    if (rows.empty()) return;
    rows.insert(rows.begin(), {Row{"figure", "value", "95 % interval", "bound", "verdict"}, std::nullopt});
    std::array<std::size_t, 5> widths{};
    for (const auto& [cells, verdict] : rows)
      for (std::size_t i = 0; i < cells.size(); ++i) widths[i] = std::max(widths[i], cells[i].size());
    std::size_t total = 2;
    for (const std::size_t w : widths) total += w + 2;
    const bool intervals = total <= width_;  // on a narrow terminal the interval goes first
    for (const auto& [cells, verdict] : rows) {
      std::string line = "  ";
      for (std::size_t i = 0; i < 4; ++i)
        if (i != 2 || intervals) line += fmt::format("{:<{}}  ", cells[i], widths[i]);
      if (verdict)
        line += painted(*verdict, cells[4]);
      else
        line += cells[4];
      line.erase(line.find_last_not_of(' ') + 1);
      out_ += line + "\n";
    }
    for (const auto& [figure_name, figure] : test.figures)
      if (figure.theory.contains("round_robin_floor")) between_bands(figure_name, figure);
  }

  // A variance between its bands of theory.
  void between_bands(const std::string& figure_name, const Figure& figure) {
    const auto of = [&](const char* key) { return figure.theory.at(key).get<double>(); };
    const char* place = "not told apart from that";
    if (figure.ci95 && figure.ci95->hi < of("hash_mean")) place = "this is below that";
    if (figure.ci95 && figure.ci95->lo > of("hash_mean")) place = "this is above that";
    out_ += wrapped(fmt::format("theory of {}: round robin {}, worst {}; uniform hashing {}, and {} to {} in 90 % of "
                                "rounds: {}",
                                figure_name, number(of("round_robin_floor")), number(of("worst")),
                                number(of("hash_mean")), number(of("hash_p5")), number(of("hash_p95")), place),
                    width_, 2);
  }

  void preflight(const Report& report) {
    std::size_t failed = 0;
    for (const auto& check : report.preflight) failed += check.value("ok", false) ? 0 : 1;
    out_ += fmt::format("\nPreflight: {} checks, {} failed\n", report.preflight.size(), failed);
    for (const auto& check : report.preflight) {
      const std::string engine = check.value("engine", "");  // where there are two
      if (!check.value("ok", false))
        out_ += wrapped(fmt::format("{}{}{}: {}", engine, engine.empty() ? "" : ": ", check.value("check", "?"),
                                    check.value("detail", "")),
                        width_, 2);
    }
  }

  void warnings(const Report& report) {
    if (report.warnings.empty()) return;
    out_ += "\nWarnings\n";
    for (const Warning& warning : report.warnings) {
      std::string place = warning.test;
      if (!warning.figure.empty()) place += (place.empty() ? "" : ", ") + warning.figure;
      out_ += wrapped(place.empty() ? warning.text : place + ": " + warning.text, width_, 2);
    }
  }

  static std::string meaning_for_tests(const Report& report) {
    switch (exit_status(report)) {
      case 0:
        return "every test passed";
      case 3:
        return "a measurement could not be taken";
      default:
        return std::ranges::any_of(report.tests, [](const TestResult& t) { return t.verdict == Verdict::fail; })
                   ? "a test failed"
                   : "a test was inconclusive: its interval straddles the bound, more trials may decide";
    }
  }

  static std::string meaning_for_bounds(int status) {
    if (status == 0) return "every bound holds";
    return status == 1 ? "a bound does not hold" : "a bound was inconclusive or could not be measured";
  }

  void foot(const Report& report) {
    const int status = style_.verify ? verify_status(report.bounds) : exit_status(report);
    if (!style_.directory.empty()) out_ += fmt::format("\nRun directory: {}\n", style_.directory.string());
    out_ += fmt::format("Exit status {}: {}\n", status,
                        style_.verify ? meaning_for_bounds(status) : meaning_for_tests(report));
  }

  const SummaryStyle& style_;
  std::size_t width_;
  std::string out_;
};

}  // namespace

std::string summary(const Report& report, const SummaryStyle& style) { return Writer(style).write(report); }

}  // namespace cats::suite
