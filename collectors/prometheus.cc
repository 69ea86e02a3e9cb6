#include "collectors/prometheus.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace cats::collectors {
namespace {

constexpr std::string_view kBlank = " \t";

bool is_name_start(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_' || c == ':'; }
bool is_name(char c) { return is_name_start(c) || std::isdigit(static_cast<unsigned char>(c)) != 0; }

std::optional<double> number(std::string_view text) {
  if (text == "+Inf" || text == "Inf") return std::numeric_limits<double>::infinity();
  if (text == "-Inf") return -std::numeric_limits<double>::infinity();
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// name{label="value",…} value [time stamp]
class Line {
 public:
  explicit Line(std::string_view text) : rest_(text) {}

  Expected<Series> read() {
    Series series;
    series.name = name();
    if (series.name.empty()) return fail("a metric name is expected at \"{}\"", near());
    skip();
    if (take('{'))
      if (auto problem = labels(series.labels)) return fail("{}", *problem);
    skip();
    const std::string_view value = word();
    const auto parsed = number(value);
    if (!parsed) return fail("\"{}\" is no number", std::string(value.substr(0, 40)));
    series.value = *parsed;
    skip();
    const std::string_view stamp = word();
    std::int64_t ms = 0;
    if (!stamp.empty() && std::from_chars(stamp.data(), stamp.data() + stamp.size(), ms).ec != std::errc())
      return fail("\"{}\" is no time stamp", std::string(stamp.substr(0, 40)));
    skip();
    if (!rest_.empty()) return fail("\"{}\" is too much", near());
    return series;
  }

 private:
  std::optional<std::string> labels(Labels& labels) {
    while (true) {
      skip();
      if (take('}')) return std::nullopt;
      const std::string label = name();
      skip();
      if (label.empty() || !take('=')) return fmt::format("a label is expected at \"{}\"", near());
      skip();
      if (!take('"')) return fmt::format("the value of label {} must begin with a quote", label);
      auto value = quoted();
      if (!value) return fmt::format("the value of label {} does not end", label);
      if (!labels.emplace(label, std::move(*value)).second) return fmt::format("label {} is given twice", label);
      skip();
      if (!take(',') && !rest_.starts_with('}')) return fmt::format("a comma is expected at \"{}\"", near());
    }
  }

  std::optional<std::string> quoted() {
    std::string value;
    while (!rest_.empty()) {
      const char c = next();
      if (c == '"') return value;
      if (c != '\\') {
        value += c;
        continue;
      }
      if (rest_.empty()) return std::nullopt;
      const char escaped = next();
      value += escaped == 'n' ? '\n' : escaped;
    }
    return std::nullopt;
  }

  std::string name() {
    std::size_t length = 0;
    if (!rest_.empty() && is_name_start(rest_.front()))
      while (length < rest_.size() && is_name(rest_[length])) ++length;
    std::string text(rest_.substr(0, length));
    rest_.remove_prefix(length);
    return text;
  }

  std::string_view word() {
    const std::string_view text = rest_.substr(0, rest_.find_first_of(kBlank));
    rest_.remove_prefix(text.size());
    return text;
  }

  char next() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void skip() { rest_.remove_prefix(std::min(rest_.find_first_not_of(kBlank), rest_.size())); }
  std::string near() const { return std::string(rest_.substr(0, 40)); }

  std::string_view rest_;
};

double combined(PrometheusRule::Combine how, const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  switch (how) {
    case PrometheusRule::Combine::sum:
      return sum;
    case PrometheusRule::Combine::mean:
      return sum / static_cast<double>(values.size());
    case PrometheusRule::Combine::min:
      return *std::min_element(values.begin(), values.end());
    case PrometheusRule::Combine::max:
      return *std::max_element(values.begin(), values.end());
  }
  return sum;
}

bool matches(const PrometheusRule& rule, const std::string& name, const Labels& labels) {
  return name == rule.family && std::ranges::all_of(rule.labels, [&](const auto& wanted) {
           const auto found = labels.find(wanted.first);
           return found != labels.end() && found->second == wanted.second;
         });
}

}  // namespace

Expected<std::vector<Series>> parse_exposition(std::string_view text) {
  std::vector<Series> all;
  for (std::size_t at = 0, line = 1; at < text.size(); ++line) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view one = text.substr(at, end - at);
    at = end + 1;
    if (one.ends_with('\r')) one.remove_suffix(1);
    one.remove_prefix(std::min(one.find_first_not_of(kBlank), one.size()));
    if (one.empty() || one.starts_with('#')) continue;
    auto series = Line(one).read();
    if (!series) return fail("line {}: {}", line, series.error().message);
    all.push_back(*std::move(series));
  }
  return all;
}

Expected<std::optional<double>> PrometheusSampler::apply(const PrometheusRule& rule,
                                                         const std::map<SeriesKey, double>& now, const Before* before,
                                                         double elapsed_s) {
  std::vector<double> values;
  bool any = false;
  for (const auto& [key, value] : now) {
    if (!matches(rule, key.first, key.second)) continue;
    any = true;
    if (!std::isfinite(value)) return fail("{}: {} is {}", rule.metric, rule.family, value);
    if (rule.take == PrometheusRule::Take::value) {
      values.push_back(value);
    } else if (before != nullptr) {
      const auto then = before->values.find(key);
      if (then == before->values.end()) continue;
      values.push_back((value >= then->second ? value - then->second : value) / elapsed_s);
    }
  }
  if (!any) return fail("{}: the exposition has no {} with these labels", rule.metric, rule.family);
  if (values.empty()) return std::optional<double>();
  return std::optional(rule.offset + rule.scale * combined(rule.combine, values));
}

Expected<std::map<std::string, double>> PrometheusSampler::sample(std::string_view text, Instant when) {
  const auto series = parse_exposition(text);
  if (!series) return tl::make_unexpected(series.error());
  if (!earlier_.empty() && when <= earlier_.back().when) return fail("no time passed since the scrape before");
  const Before* before = window_ago(when);
  const double elapsed_s = before != nullptr ? to_seconds(when - before->when) : 0;
  std::map<SeriesKey, double> now;
  for (const Series& one : *series)
    if (std::ranges::any_of(rules_, [&](const auto& rule) { return matches(rule, one.name, one.labels); }))
      now[{one.name, one.labels}] = one.value;
  std::map<std::string, double> raw;
  for (const PrometheusRule& rule : rules_) {
    const auto value = apply(rule, now, before, elapsed_s);
    if (!value) return tl::make_unexpected(value.error());
    if (*value) raw[rule.metric] = **value;
  }
  earlier_.push_back({when, std::move(now)});
  return raw;
}

const PrometheusSampler::Before* PrometheusSampler::window_ago(Instant when) {
  // The first that stays is the last that is a window old, or the oldest there is.
  while (earlier_.size() > 1 && earlier_[1].when <= when - window_) earlier_.pop_front();
  if (earlier_.empty()) return nullptr;
  const auto distance = [&](const Before& scrape) { return std::chrono::abs(when - window_ - scrape.when); };
  const bool second = earlier_.size() > 1 && distance(earlier_[1]) < distance(earlier_[0]);
  return &earlier_[second ? 1 : 0];
}

}  // namespace cats::collectors
