#include "cpsel/metrics_json.h"

#include <algorithm>

#include "base/diagnostics.h"

namespace cats::cpsel {
namespace {

// Reads the members of one object; the first error stays.
class Members {
 public:
  Members(const nlohmann::json& json, std::string what, std::vector<std::string> allowed)
      : json_(json), what_(std::move(what)) {
    if (!json.is_object()) {
      complain("is no object");
      return;
    }
    for (const auto& [key, value] : json.items())
      if (std::find(allowed.begin(), allowed.end(), key) == allowed.end())
        complain(fmt::format("unknown key \"{}\"{}; allowed: {}", key, did_you_mean(key, allowed), one_of(allowed)));
  }

  bool has(const char* key) const { return json_.is_object() && json_.contains(key); }

  template <class T>
  std::optional<T> get(const char* key) {
    if (!has(key)) return std::nullopt;
    try {
      return json_.at(key).get<T>();
    } catch (const nlohmann::json::exception&) {
      complain(fmt::format("\"{}\": {} is not allowed", key, json_.at(key).dump()));
      return std::nullopt;
    }
  }

  template <class T>
  T at(const char* key) {
    if (!has(key)) complain(fmt::format("\"{}\" is missing", key));
    return get<T>(key).value_or(T{});
  }

  template <class E>
  std::optional<E> word(const char* key) {
    const auto text = get<std::string>(key);
    if (!text) return std::nullopt;
    const auto value = from_text<E>(*text);
    if (!value) complain(fmt::format("\"{}\": \"{}\" is not allowed, only {}", key, *text, one_of(texts<E>())));
    return value;
  }

  std::optional<Normalisation> normalisation(const char* key);
  void complain(const std::string& message) {
    if (!error_) error_ = Error{fmt::format("{}: {}", what_, message)};
  }
  void take(const Error& error) {
    if (!error_) error_ = error;
  }
  const std::optional<Error>& error() const { return error_; }

 private:
  const nlohmann::json& json_;
  std::string what_;
  std::optional<Error> error_;
};

std::optional<Normalisation> Members::normalisation(const char* key) {
  if (!has(key)) return std::nullopt;
  const nlohmann::json& json = json_.at(key);
  const auto kind = json.is_object() ? from_text<NormalisationKind>(json.value("function", "")) : std::nullopt;
  if (!kind) {
    complain(fmt::format("\"{}\": \"function\" must be {}", key, one_of(texts<NormalisationKind>())));
    return std::nullopt;
  }
  const auto [a, b] = parameter_names(*kind);
  Members members(json, what_ + ": " + key, {"function", std::string(a), std::string(b), "better"});
  Normalisation result{*kind, members.at<double>(std::string(a).c_str()), members.at<double>(std::string(b).c_str()),
                       members.word<Better>("better").value_or(Better::less)};
  if (!members.has("better")) members.complain("\"better\" is missing");
  if (const auto wrong = problem(result)) members.complain(*wrong);
  if (members.error()) take(*members.error());
  return result;
}

Expected<Term> term_from_json(const nlohmann::json& json, const std::string& what) {
  Members members(json, what + ": of", {"metric", "normalisation", "weight"});
  Term term;
  term.metric = members.at<std::string>("metric");
  term.normalisation = members.normalisation("normalisation");
  term.weight = members.get<double>("weight").value_or(0);
  if (members.error()) return tl::make_unexpected(*members.error());
  return term;
}

}  // namespace

nlohmann::ordered_json to_json(const Normalisation& normalisation) {
  const auto [a, b] = parameter_names(normalisation.kind);
  return {{"function", to_text(normalisation.kind)},
          {std::string(a), normalisation.a},
          {std::string(b), normalisation.b},
          {"better", to_text(normalisation.better)}};
}

nlohmann::ordered_json to_json(const Declaration& d) {
  nlohmann::ordered_json json = {{"type", d.type}};
  if (d.level) json["level"] = to_text(*d.level);
  if (d.unit) json["unit"] = *d.unit;
  if (d.statistics) json["statistics"] = to_text(*d.statistics);
  if (d.format) json["format"] = to_text(*d.format);
  if (d.source) json["source"] = to_text(*d.source);
  if (d.normalisation) json["normalisation"] = to_json(*d.normalisation);
  if (d.aggregation) json["aggregation"] = to_text(*d.aggregation);
  if (d.of.empty()) return json;
  json["order"] = to_text(d.order);
  for (const Term& term : d.of) {
    nlohmann::ordered_json one = {{"metric", term.metric}};
    if (term.normalisation) one["normalisation"] = to_json(*term.normalisation);
    if (d.aggregation == Aggregation::weighted) one["weight"] = term.weight;
    json["of"].push_back(std::move(one));
  }
  return json;
}

nlohmann::ordered_json to_json(const std::vector<Declaration>& declarations) {
  auto json = nlohmann::ordered_json::array();
  for (const Declaration& d : declarations) json.push_back(to_json(d));
  return json;
}

Expected<Declaration> declaration_from_json(const nlohmann::json& json) {
  const std::string name = json.is_object() && json.contains("type") && json["type"].is_string()
                               ? json["type"].get<std::string>()
                               : std::string("metric");
  Members members(
      json, name,
      {"type", "level", "unit", "statistics", "format", "source", "normalisation", "aggregation", "order", "of"});
  Declaration d;
  d.type = members.at<std::string>("type");
  d.level = members.word<Level>("level");
  d.unit = members.get<std::string>("unit");
  d.statistics = members.word<Statistics>("statistics");
  d.format = members.word<Format>("format");
  d.source = members.word<Source>("source");
  d.normalisation = members.normalisation("normalisation");
  d.aggregation = members.word<Aggregation>("aggregation");
  d.order = members.word<Order>("order").value_or(Order::normalise_first);
  if (members.has("of")) {
    if (!json["of"].is_array()) members.complain("\"of\" is no list");
    for (const auto& one : json["of"]) {
      auto term = term_from_json(one, name);
      if (!term) return tl::make_unexpected(term.error());
      d.of.push_back(std::move(*term));
    }
  }
  if (members.error()) return tl::make_unexpected(*members.error());
  return d;
}

Expected<std::vector<Declaration>> declarations_from_json(const nlohmann::json& json) {
  if (!json.is_array()) return fail("metrics: no list");
  std::vector<Declaration> declarations;
  for (const auto& one : json) {
    auto d = declaration_from_json(one);
    if (!d) return tl::make_unexpected(d.error());
    declarations.push_back(std::move(*d));
  }
  return declarations;
}

}  // namespace cats::cpsel
