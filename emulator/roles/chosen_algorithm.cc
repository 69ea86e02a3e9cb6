#include "emulator/roles/chosen_algorithm.h"

#include <utility>

#include "cpsel/plugin/maker.h"

namespace cats::roles {

MadeAlgorithm make_algorithm(const ChosenAlgorithm& chosen, std::function<void(const std::string& why)> on_failure) {
  return plugin::make_algorithm(chosen, {.catsd = "/proc/self/exe"}, std::move(on_failure));
}

}  // namespace cats::roles
