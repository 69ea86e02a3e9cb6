#include "cpsel/refine.h"

#include <algorithm>

namespace cats::cpsel {

std::vector<double> refine(const std::vector<double>& candidate, const Decision& local, bool by_metric) {
  std::vector<double> weights(local.inputs.size(), 0.0);
  double sum = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const DecisionInput& input = local.inputs[i];
    if (!input.eligible) continue;
    const double load = by_metric ? std::clamp(input.load.value_or(0), 0.0, 1.0) : 0;
    weights[i] = candidate.at(i) * (1 - load);
    sum += weights[i];
  }
  if (!(sum > 0)) return local.weights;
  for (double& weight : weights) weight /= sum;
  return weights;
}

}  // namespace cats::cpsel
