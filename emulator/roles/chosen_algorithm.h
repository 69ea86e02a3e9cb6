// How an ingress or a controller makes the algorithm that was chosen: one of the registry, or a library of the user's
// that runs in a process of its own (cpsel/plugin).
#pragma once

#include <functional>
#include <string>

#include "cpsel/chosen_algorithm.h"

namespace cats::roles {

using cpsel::check_algorithm;
using cpsel::ChosenAlgorithm;
using cpsel::MadeAlgorithm;
using cpsel::read_algorithm;
using cpsel::read_parameters;
using cpsel::to_json;

// A library that fails keeps choosing what it chose last, and `on_failure` is told why, once. Throws UsageError when
// the algorithm is refused, or the library cannot be loaded.
MadeAlgorithm make_algorithm(const ChosenAlgorithm& chosen, std::function<void(const std::string& why)> on_failure);

}  // namespace cats::roles
