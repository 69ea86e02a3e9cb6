#include "scenarios/read_metrics.h"

#include <algorithm>
#include <array>

#include "scenarios/read_prometheus.h"
#include "scenarios/values.h"

namespace cats::scenarios {
namespace {

using cpsel::Declaration;
using namespace std::chrono_literals;

// Raw metrics that no sub-TLV of attribute 42 carries: they reach the C-PS as part of a score only.
constexpr std::array<std::string_view, 2> kNotDistributed = {"cpu_utilisation", "queue_length"};

template <class E>
std::optional<E> read_word(const yaml::Reader& reader) {
  return cpsel::from_text<E>(reader.choice(cpsel::texts<E>()));
}

std::optional<cpsel::Normalisation> read_normalisation(const yaml::Reader& reader) {
  if (!reader.present()) return std::nullopt;
  const yaml::Map any = reader.open_map();
  if (!reader.is_map()) return std::nullopt;
  const auto kind = read_word<cpsel::NormalisationKind>(any.at("function"));
  if (!kind) return std::nullopt;
  const auto [a, b] = cpsel::parameter_names(*kind);
  const yaml::Map map = reader.map({"function", std::string(a), std::string(b), "better"});
  cpsel::Normalisation normalisation;
  normalisation.kind = *kind;
  normalisation.a = map.at(std::string(a)).number(normalisation.a);
  normalisation.b = map.at(std::string(b)).number(normalisation.b);
  normalisation.better = read_word<cpsel::Better>(map.at("better")).value_or(cpsel::Better::less);
  return normalisation;
}

cpsel::Term read_term(const yaml::Reader& reader, bool weighted) {
  cpsel::Term term;
  if (reader.is_scalar()) {
    term.metric = reader.text();
  } else if (reader.is_map()) {
    const yaml::Map map = reader.map({"metric", "normalisation", "weight"});
    term.metric = map.at("metric").string();
    term.normalisation = read_normalisation(map.get("normalisation"));
    term.weight = map.get("weight").number(0, 0, 1);
    if (!weighted && map.has("weight")) map.get("weight").complain("only \"aggregation: weighted\" uses a weight");
  } else {
    reader.complain("expected a metric, or a map with \"metric\"");
  }
  return term;
}

std::vector<std::string> every_metric() {
  std::vector<std::string> names;
  names.reserve(cpsel::metrics().size());
  for (const auto& metric : cpsel::metrics()) names.emplace_back(metric.name);
  return names;
}

const std::vector<std::string>& declaration_keys() {
  static const std::vector<std::string> keys = {
      "type", "level", "unit", "statistics", "format", "source", "normalisation", "aggregation", "order", "of", "via"};
  return keys;
}

Declaration read_declaration(const yaml::Reader& reader) {
  Declaration d;
  const yaml::Map map = reader.map(declaration_keys());
  if (!reader.is_map()) return d;
  d.type = map.at("type").choice(every_metric());
  d.level = read_word<cpsel::Level>(map.get("level"));
  if (map.has("unit")) d.unit = map.get("unit").string();
  d.statistics = read_word<cpsel::Statistics>(map.get("statistics"));
  d.format = read_word<cpsel::Format>(map.get("format"));
  d.source = read_word<cpsel::Source>(map.get("source"));
  d.normalisation = read_normalisation(map.get("normalisation"));
  d.aggregation = read_word<cpsel::Aggregation>(map.get("aggregation"));
  d.order = read_word<cpsel::Order>(map.get("order")).value_or(cpsel::Order::normalise_first);
  for (const auto& term : map.get("of").list())
    d.of.push_back(read_term(term, d.aggregation == cpsel::Aggregation::weighted));
  return d;
}

// Of a declaration whose field is given but ill-written, only the reader complains.
void report_problems(const std::vector<Declaration>& declared, const std::vector<yaml::Reader>& readers) {
  for (const auto& problem : cpsel::problems(declared)) {
    const yaml::Reader& reader = readers.at(problem.index);
    if (declared[problem.index].type.empty() || !reader.is_map()) continue;
    const yaml::Reader field = reader.open_map().get(problem.field);
    const bool absent = problem.message.find("must be declared") != std::string::npos;
    if (field.present() && absent) continue;
    // The message is "metric: field: what is wrong"; a field's own place names it already.
    std::string message = problem.message + (absent ? " (section 4 of draft-yl-bmwg-cats-02)" : "");
    if (field.present()) message.erase(0, declared[problem.index].type.size() + problem.field.size() + 4);
    (field.present() ? field : reader).complain(message);
  }
}

// `via` of a declaration, if it can be read.
std::optional<Via> read_via(const yaml::Reader& reader, const std::string& type) {
  if (!reader.is_map()) return std::nullopt;
  const yaml::Reader via = reader.open_map().get("via");
  if (!via.present()) return std::nullopt;
  const std::string word = via.choice({to_string(Via::bgp), to_string(Via::controller)});
  if (word.empty() || type.empty()) return std::nullopt;
  if (!is_distributed(type)) {
    via.complain(
        fmt::format("the values of {} do not travel, only scores derived from them: leave \"via\" away", type));
    return std::nullopt;
  }
  return word == to_string(Via::bgp) ? Via::bgp : Via::controller;
}

}  // namespace

bool is_distributed(std::string_view metric) {
  return std::ranges::find(kNotDistributed, metric) == kNotDistributed.end();
}

void check_steering(const yaml::Reader& reader, const std::vector<Declaration>& declared) {
  if (!reader.present() || !reader.is_scalar()) return;
  const std::string name = reader.text();
  std::vector<std::string> names;
  for (const auto& d : declared)
    if (!d.type.empty()) names.push_back(d.type);
  if (std::ranges::find(names, name) == names.end()) {
    const char* what = cpsel::find_metric(name) == nullptr ? "is no metric" : "is used but not declared";
    reader.complain(fmt::format("\"{}\" {}: declared are {}{}", name, what, names.empty() ? "none" : one_of(names),
                                did_you_mean(name, names)));
  } else if (!is_distributed(name)) {
    reader.complain(fmt::format("attribute 42 does not carry {}: steer by available_compute or a score", name));
  }
}

Metrics read_metrics(const yaml::Reader& reader) {
  const yaml::Map map = reader.map({"window", "steer_by", "declared", "prometheus"});
  Metrics metrics;
  metrics.window = read_duration(map.get("window"), 1s, 10ms, 10min);
  const yaml::Reader list = map.at("declared");
  const std::vector<yaml::Reader> readers = list.list();
  metrics.declared.reserve(readers.size());
  for (const auto& one : readers) {
    const std::string type = metrics.declared.emplace_back(read_declaration(one)).type;
    if (const auto via = read_via(one, type)) metrics.via[type] = *via;
  }
  if (list.is_list() && readers.empty()) list.complain("declare at least one metric");
  report_problems(metrics.declared, readers);
  const yaml::Reader steer_by = map.at("steer_by");
  metrics.steer_by = steer_by.string();
  check_steering(steer_by, metrics.declared);
  metrics.prometheus = read_prometheus(map.get("prometheus"), metrics.declared);
  return metrics;
}

}  // namespace cats::scenarios
