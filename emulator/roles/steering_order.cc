#include "base/json_writer.h"
#include "emulator/roles/southbound.h"

namespace cats::roles {

SteeringOrder order_of(const cpsel::Decision& decision, const IpAddress& service, const collectors::WallClock& wall) {
  SteeringOrder order{decision.id, service, {}, {}};
  for (std::size_t i = 0; i < decision.inputs.size(); ++i) {
    const cpsel::DecisionInput& input = decision.inputs[i];
    order.weights[input.instance.csci] = decision.weights[i];
    if (input.sequence && input.window_end)
      order.samples[input.instance.csci] = {*input.sequence, wall.unix_ns(*input.window_end)};
  }
  return order;
}

std::string order_text(const SteeringOrder& order) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.field("decision", order.decision);
  json.key("weights");
  json.begin_object();
  for (const auto& [csci, weight] : order.weights) json.field(csci.str(), weight);
  json.end_object();
  json.key("samples");
  json.begin_object();
  for (const auto& [csci, sample] : order.samples) {
    json.key(csci.str());
    json.begin_object();
    json.field("sequence", sample.sequence);
    json.field("window_end_unix_ns", sample.window_end_unix_ns);
    json.end_object();
  }
  json.end_object();
  json.end_object();
  return text;
}

}  // namespace cats::roles
