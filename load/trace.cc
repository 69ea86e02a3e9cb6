#include "load/trace.h"

#include <charconv>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/diagnostics.h"
#include "load/distribution.h"

namespace cats::load {
namespace {

constexpr std::size_t kMostProblems = 10;

std::string_view without_blanks(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

// A file of numbers, line by line.
class NumberFile {
 public:
  explicit NumberFile(const std::filesystem::path& file) : name_(file.string()), in_(file) {}
  bool is_open() const { return in_.is_open(); }

  // The next line that counts; false at the end, or after too many problems.
  bool next() {
    while (problems_.list().size() < kMostProblems && std::getline(in_, line_)) {
      ++number_;
      rest_ = without_blanks(line_);
      if (!rest_.empty() && rest_.front() != '#') return true;
    }
    return false;
  }
  // Up to the next comma; what is no number ≥ 0 is a problem.
  std::optional<double> number() {
    const std::size_t comma = rest_.find(',');
    const std::string_view text = without_blanks(rest_.substr(0, comma));
    const int column = static_cast<int>(rest_.data() - line_.data()) + 1;
    rest_ = comma == std::string_view::npos ? std::string_view() : rest_.substr(comma + 1);
    more_ = comma != std::string_view::npos;
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size() && value >= 0 && value < 1e300) return value;
    problem(fmt::format("\"{}\" is not a number of 0 or more", text), column);
    return std::nullopt;
  }
  bool more() const { return more_; }  // after number(): a comma came behind it

  void problem(const std::string& message, int column = 1) { problems_.add({name_, number_, column}, message); }
  const Diagnostics& problems() const { return problems_; }

 private:
  std::string name_;
  std::ifstream in_;
  std::string line_;
  std::string_view rest_;
  bool more_ = false;
  int number_ = 0;
  Diagnostics problems_;
};

}  // namespace

Expected<Trace> read_trace(const std::filesystem::path& file) {
  NumberFile in(file);
  if (!in.is_open()) return fail("open {}: no such file, or it may not be read", file.string());
  auto times = std::make_shared<std::vector<Duration>>();
  auto values = std::make_shared<std::vector<double>>();
  std::optional<bool> with_values;
  while (in.next()) {
    const auto seconds = in.number();
    const bool here = in.more();
    if (here != with_values.value_or(here))
      in.problem(here ? "has a value, lines before it have none" : "has no value");
    with_values = with_values.value_or(here);
    const auto value = here ? in.number() : std::nullopt;
    if (here && in.more()) in.problem("has more than a time and a value");
    if (!seconds) continue;
    const Duration at = duration_of_ns(*seconds * 1e9);
    if (!times->empty() && at < times->back()) in.problem(fmt::format("{} s is before the line above it", *seconds));
    times->push_back(at);
    if (value) values->push_back(*value);
  }
  if (!in.problems().empty()) return fail("{}", in.problems().str());
  return Trace{std::move(times), values->empty() ? nullptr : std::move(values)};
}

Expected<std::shared_ptr<const std::vector<double>>> read_values(const std::filesystem::path& file) {
  NumberFile in(file);
  if (!in.is_open()) return fail("open {}: no such file, or it may not be read", file.string());
  auto values = std::make_shared<std::vector<double>>();
  while (in.next()) {
    if (const auto value = in.number()) values->push_back(*value);
    if (in.more()) in.problem("has more than one value");
  }
  if (!in.problems().empty()) return fail("{}", in.problems().str());
  if (values->empty()) return fail("{}: no values", file.string());
  return values;
}

}  // namespace cats::load
