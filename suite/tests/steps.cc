#include "suite/tests/steps.h"

#include <fmt/format.h>

namespace cats::suite {

std::vector<std::int64_t> held_counts(const Conditions& conditions) {
  return growing<std::int64_t>(static_cast<std::int64_t>(conditions.number("first")), 2,
                               static_cast<std::int64_t>(conditions.number("limit")));
}

std::optional<std::string> no_held_counts(const Conditions& conditions) {
  if (conditions.number("first") > conditions.number("limit")) return "first is above the limit";
  return std::nullopt;
}

void hold_counts(const TrialContext& context, const std::function<bool(std::int64_t count)>& holds) {
  for (const std::int64_t count : held_counts(context.conditions)) {
    context.begin_phase(fmt::format("hold-{}", count));
    if (!holds(count)) break;
  }
}

}  // namespace cats::suite
