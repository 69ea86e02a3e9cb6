#include "cpsel/chosen_algorithm.h"

#include <utility>

#include "base/argument.h"
#include "base/error.h"

namespace cats::cpsel {

std::optional<std::string> check_algorithm(const std::string& name, const Parameters& parameters) {
  const auto all = complete(name, parameters);
  if (!all) return all.error().message;
  if (find_algorithm(name)->needs_replies)
    return name +
           " needs replies or requests in flight, which an ingress at layer 3 does not see: it runs in fleets of the "
           "simulator";
  return std::nullopt;
}

Parameters read_parameters(JsonFields& fields) {
  Parameters parameters;
  const auto given = fields.get<nlohmann::json>("parameters");
  if (!given.is_object()) fields.problem("parameters", "is no object");
  for (auto member = given.begin(); given.is_object() && member != given.end(); ++member) {
    if (member->is_number())
      parameters[member.key()] = member->get<double>();
    else
      fields.problem("parameters." + member.key(), "is no number");
  }
  return parameters;
}

ChosenAlgorithm read_algorithm(JsonFields& fields) {
  ChosenAlgorithm chosen;
  chosen.name = fields.get<std::string>("algorithm");
  chosen.parameters = read_parameters(fields);
  if (!fields.has("library")) fields.problem("library", "is missing");
  chosen.library = fields.maybe<std::string>("library").value_or("");
  if (!chosen.library.empty()) return chosen;
  if (const auto wrong = check_algorithm(chosen.name, chosen.parameters))
    fields.problem("algorithm", "is refused: " + *wrong);
  return chosen;
}

nlohmann::ordered_json to_json(const ChosenAlgorithm& chosen) {
  nlohmann::ordered_json json = {
      {"algorithm", chosen.name}, {"library", nullptr}, {"parameters", nlohmann::ordered_json::object()}};
  if (!chosen.library.empty()) json["library"] = chosen.library.string();
  for (const auto& [name, value] : chosen.parameters) json["parameters"][name] = value;
  return json;
}

nlohmann::json algorithm_command(const std::string& cs_id, const ChosenAlgorithm& chosen) {
  nlohmann::json command = {
      {"do", "algorithm"}, {"service", cs_id}, {"name", chosen.name}, {"parameters", chosen.parameters}};
  if (!chosen.library.empty()) command["library"] = chosen.library.string();
  return command;
}

ChosenAlgorithm algorithm_argument(const nlohmann::json& request) {
  ChosenAlgorithm chosen{.name = argument<std::string>(request, "name")};
  if (request.contains("parameters")) chosen.parameters = argument<Parameters>(request, "parameters");
  if (request.contains("library")) chosen.library = argument<std::string>(request, "library");
  return chosen;
}

MadeAlgorithm make_registered(const ChosenAlgorithm& chosen) {
  if (const auto wrong = check_algorithm(chosen.name, chosen.parameters)) throw UsageError(*wrong);
  return {*find_algorithm(chosen.name), std::move(*make_algorithm(chosen.name, chosen.parameters))};
}

std::optional<Duration> refresh_interval(const ChosenAlgorithm& chosen, const AlgorithmInfo& info) {
  if (!info.needs_flow_counts) return std::nullopt;
  const Parameters parameters = chosen.library.empty() ? *complete(chosen.name, chosen.parameters) : chosen.parameters;
  return from_seconds(parameters.at(std::string(kRefresh)) / 1000);
}

}  // namespace cats::cpsel
