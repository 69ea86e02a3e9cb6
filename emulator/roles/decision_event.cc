#include "emulator/roles/decision_event.h"

namespace cats::roles {

nlohmann::ordered_json or_null(const std::optional<Instant>& value) {
  return value ? nlohmann::ordered_json(to_ns(*value)) : nlohmann::ordered_json(nullptr);
}

nlohmann::ordered_json to_json(const cpsel::Decision& decision) {
  auto inputs = nlohmann::ordered_json::array();
  auto weights = nlohmann::ordered_json::object();
  for (std::size_t i = 0; i < decision.inputs.size(); ++i) {
    const cpsel::DecisionInput& input = decision.inputs[i];
    inputs.push_back({{"csci", input.instance.str()},
                      {"seq", or_null(input.sequence)},
                      {"age_ns", input.age.count()},
                      {"load", or_null(input.load)},
                      {"window_end", or_null(input.window_end)},
                      {"eligible", input.eligible}});
    if (!decision.kernel_multipath) weights[input.instance.str()] = decision.weights[i];
  }
  nlohmann::ordered_json json = {{"id", decision.id},
                                 {"service", decision.service_name},
                                 {"algorithm", decision.algorithm},
                                 {"inputs", std::move(inputs)},
                                 {"weights", std::move(weights)}};
  if (!decision.note.empty()) json["note"] = decision.note;
  return json;
}

}  // namespace cats::roles
