#include "cpsel/decision_json.h"

#include "base/json_writer.h"

namespace cats::cpsel {
namespace {

void write_input(JsonWriter& json, const DecisionInput& input) {
  json.begin_object();
  json.field("csci", input.instance.str());
  json.field("seq", input.sequence);
  json.field("age_ns", input.age.count());
  json.field("load", input.load);
  json.key("window_end");
  if (input.window_end)
    json.value(to_ns(*input.window_end));
  else
    json.value(nullptr);
  json.field("eligible", input.eligible);
  json.end_object();
}

}  // namespace

std::uint64_t id_before(Instant start) { return static_cast<std::uint64_t>(to_ns(start) / 1000); }

nlohmann::ordered_json or_null(const std::optional<Instant>& value) {
  return value ? nlohmann::ordered_json(to_ns(*value)) : nlohmann::ordered_json(nullptr);
}

std::string decision_text(const Decision& decision) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.field("id", decision.id);
  json.field("service", decision.service_name);
  json.field("algorithm", decision.algorithm);
  json.key("inputs");
  json.begin_array();
  for (const DecisionInput& input : decision.inputs) write_input(json, input);
  json.end_array();
  json.key("weights");
  json.begin_object();
  if (!decision.kernel_multipath)
    for (std::size_t i = 0; i < decision.inputs.size(); ++i)
      json.field(decision.inputs[i].instance.str(), decision.weights[i]);
  json.end_object();
  if (!decision.note.empty()) json.field("note", decision.note);
  json.end_object();
  return text;
}

nlohmann::ordered_json to_json(const Decision& decision) {
  return nlohmann::ordered_json::parse(decision_text(decision));
}

}  // namespace cats::cpsel
