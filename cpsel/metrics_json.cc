#include "cpsel/metrics_json.h"

#include "base/diagnostics.h"
#include "base/json_fields.h"

namespace cats::cpsel {
namespace {

template <class E>
std::optional<E> word(JsonFields& fields, const std::string& key) {
  const auto text = fields.maybe<std::string>(key);
  if (!text) return std::nullopt;
  const auto value = from_text<E>(*text);
  if (!value) fields.problem(key, fmt::format("is \"{}\", not {}", *text, one_of(texts<E>())));
  return value;
}

std::optional<Normalisation> normalisation(JsonFields& fields) {
  auto inner = fields.object("normalisation");
  if (!inner) return std::nullopt;
  const auto kind = word<NormalisationKind>(*inner, "function");
  if (!kind) {
    if (!inner->has("function")) inner->problem("function", "is missing");
    return std::nullopt;
  }
  const auto [a, b] = parameter_names(*kind);
  Normalisation result{*kind, inner->get<double>(std::string(a)), inner->get<double>(std::string(b)),
                       word<Better>(*inner, "better").value_or(Better::less)};
  if (!inner->has("better")) inner->problem("better", "is missing");
  if (const auto wrong = problem(result)) fields.problem("normalisation", "has " + *wrong);
  return result;
}

Declaration declaration(JsonFields& fields) {
  Declaration d;
  d.type = fields.get<std::string>("type");
  d.level = word<Level>(fields, "level");
  d.unit = fields.maybe<std::string>("unit");
  d.statistics = word<Statistics>(fields, "statistics");
  d.format = word<Format>(fields, "format");
  d.source = word<Source>(fields, "source");
  d.normalisation = normalisation(fields);
  d.aggregation = word<Aggregation>(fields, "aggregation");
  d.order = word<Order>(fields, "order").value_or(Order::normalise_first);
  if (!fields.has("of")) return d;
  for (JsonFields& one : fields.objects("of"))
    d.of.push_back({one.get<std::string>("metric"), normalisation(one), one.get<double>("weight", 0)});
  return d;
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

Expected<std::vector<Declaration>> declarations_from_json(const nlohmann::json& json) {
  const nlohmann::json object = {{"metrics", json}};
  JsonFields fields(object, "");
  std::vector<Declaration> declarations;
  for (JsonFields& one : fields.objects("metrics")) declarations.push_back(declaration(one));
  if (auto wrong = fields.finish()) return fail("{}", *wrong);
  return declarations;
}

}  // namespace cats::cpsel
