#include "collectors/prometheus_mapping.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>

#include "cpsel/metrics.h"

namespace cats::collectors {
namespace {

using Take = PrometheusRule::Take;
using Combine = PrometheusRule::Combine;

constexpr std::array kTakes = {std::pair{Take::value, "value"}, std::pair{Take::rate, "rate"}};
constexpr std::array kCombines = {std::pair{Combine::sum, "sum"}, std::pair{Combine::mean, "mean"},
                                  std::pair{Combine::min, "min"}, std::pair{Combine::max, "max"}};

template <class Words>
std::vector<std::string> words_of(const Words& table) {
  std::vector<std::string> words;
  for (const auto& [value, word] : table) words.emplace_back(word);
  return words;
}

template <class Words>
auto value_of(const Words& table, std::string_view word) {
  for (const auto& [value, name] : table)
    if (name == word) return value;
  throw std::out_of_range(std::string(word));
}

template <class Words, class Value>
std::string word_of(const Words& table, Value wanted) {
  for (const auto& [value, name] : table)
    if (value == wanted) return name;
  throw std::out_of_range("no word");
}

template <class Words>
auto read_word(JsonFields& fields, const std::string& key, const Words& table) {
  const auto word = fields.get<std::string>(key, table.front().second);
  const auto words = words_of(table);
  if (std::ranges::find(words, word) != words.end()) return value_of(table, word);
  fields.problem(key, fmt::format("is \"{}\", not {}", word, fmt::join(words, ", ")));
  return table.front().first;
}

PrometheusRule read_rule(const std::string& metric, JsonFields& fields) {
  PrometheusRule rule;
  rule.metric = metric;
  rule.family = fields.get<std::string>("family");
  rule.take = read_word(fields, "take", kTakes);
  rule.combine = read_word(fields, "combine", kCombines);
  rule.scale = fields.get("scale", rule.scale);
  rule.offset = fields.get("offset", rule.offset);
  const auto labels = fields.get<nlohmann::json>("labels", nlohmann::json::object());
  if (!labels.is_object()) fields.problem("labels", "is no object");
  if (!labels.is_object()) return rule;
  for (const auto& [name, value] : labels.items())
    if (value.is_string())
      rule.labels[name] = value.get<std::string>();
    else
      fields.problem("labels." + name, "is no text");
  return rule;
}

}  // namespace

std::set<std::string> PrometheusSource::metrics() const {
  std::set<std::string> names;
  for (const PrometheusRule& rule : rules) names.insert(rule.metric);
  return names;
}

std::vector<std::string> mappable_metrics() {
  auto names = cpsel::metric_names(cpsel::Level::l0);
  std::erase(names, "site_preference");
  return names;
}

Expected<PrometheusSource> parse_prometheus_url(std::string_view url) {
  constexpr std::string_view kScheme = "http://";
  const auto bad = [&] {
    return fail("\"{}\": write http://ADDRESS:PORT/PATH, with a number for the address",
                std::string(url.substr(0, 80)));
  };
  if (!url.starts_with(kScheme)) return bad();
  const std::string_view rest = url.substr(kScheme.size());
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  std::string_view host = rest.substr(0, slash);
  const std::size_t colon = host.rfind(':');
  if (colon == std::string_view::npos) return bad();
  const std::string_view digits = host.substr(colon + 1);
  host = host.substr(0, colon);
  const bool brackets = host.starts_with('[') && host.ends_with(']') && host.size() > 2;
  const auto address = IpAddress::parse(brackets ? host.substr(1, host.size() - 2) : host);
  PrometheusSource source;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), source.port);
  if (!address || address->is_v6() != brackets || error != std::errc() || end != digits.data() + digits.size() ||
      source.port == 0)
    return bad();
  source.address = *address;
  if (slash < rest.size()) source.path = rest.substr(slash);
  return source;
}

std::vector<std::string> take_words() { return words_of(kTakes); }
std::vector<std::string> combine_words() { return words_of(kCombines); }
PrometheusRule::Take take_of(std::string_view word) { return value_of(kTakes, word); }
PrometheusRule::Combine combine_of(std::string_view word) { return value_of(kCombines, word); }

nlohmann::ordered_json to_json(const PrometheusSource& source) {
  nlohmann::ordered_json mapping = nlohmann::ordered_json::object();
  for (const PrometheusRule& rule : source.rules) {
    nlohmann::ordered_json labels = nlohmann::ordered_json::object();
    for (const auto& [name, value] : rule.labels) labels[name] = value;
    mapping[rule.metric] = {{"family", rule.family},
                            {"labels", std::move(labels)},
                            {"take", word_of(kTakes, rule.take)},
                            {"combine", word_of(kCombines, rule.combine)},
                            {"scale", rule.scale},
                            {"offset", rule.offset}};
  }
  return {
      {"address", source.address.str()}, {"port", source.port}, {"path", source.path}, {"mapping", std::move(mapping)}};
}

PrometheusSource read_prometheus(JsonFields& fields) {
  PrometheusSource source;
  source.address = fields.get<IpAddress>("address");
  source.port = fields.get<std::uint16_t>("port");
  source.path = fields.get("path", source.path);
  const auto known = mappable_metrics();
  const auto mapping = fields.get<nlohmann::json>("mapping");
  if (!mapping.is_object() || mapping.empty()) fields.problem("mapping", "is no object with at least one metric");
  if (!mapping.is_object()) return source;
  for (const auto& [metric, value] : mapping.items()) {
    if (std::ranges::find(known, metric) == known.end()) {
      fields.problem("mapping." + metric.substr(0, 40), "is no raw metric");
    } else if (!value.is_object()) {
      fields.problem("mapping." + metric, "is no object");
    } else {
      JsonFields rule(value, "mapping." + metric);
      source.rules.push_back(read_rule(metric, rule));
      if (const auto wrong = rule.finish()) fields.problem("mapping", *wrong);
    }
  }
  return source;
}

}  // namespace cats::collectors
