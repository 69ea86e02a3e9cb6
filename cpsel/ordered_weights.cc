#include "cpsel/ordered_weights.h"

namespace cats::cpsel {

OrderedWeights ordered_weights(const Decision& decision, const IpAddress& service) {
  OrderedWeights order{decision.id, service, {}, {}};
  for (std::size_t i = 0; i < decision.inputs.size(); ++i) {
    const DecisionInput& input = decision.inputs[i];
    order.weights[input.instance.csci] = decision.weights[i];
    if (input.sequence && input.window_end) order.samples[input.instance.csci] = {*input.sequence, *input.window_end};
  }
  return order;
}

}  // namespace cats::cpsel
