// How a C-PS makes the algorithm that was chosen: one of the registry, or a library of the user's (plugin.h).
#pragma once

#include <functional>
#include <string>

#include "cpsel/chosen_algorithm.h"
#include "cpsel/plugin/plugin.h"

namespace cats::plugin {

// A library that fails keeps choosing what it chose last, and `on_failure` is told why, once. Throws UsageError when
// the algorithm is refused, or the library cannot be loaded, SystemError.
cpsel::MadeAlgorithm make_algorithm(const cpsel::ChosenAlgorithm& chosen, const PluginHost& host,
                                    std::function<void(const std::string& why)> on_failure);

}  // namespace cats::plugin
