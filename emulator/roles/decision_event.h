// A decision as event logs and interfaces tell it (docs/event-log.md).
#pragma once

#include <nlohmann/json.hpp>

#include "cpsel/selector.h"

namespace cats::roles {

nlohmann::ordered_json to_json(const cpsel::Decision& decision);

// Whole numbers, or null.
nlohmann::ordered_json or_null(const std::optional<Instant>& value);
template <class T>
nlohmann::ordered_json or_null(const std::optional<T>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

}  // namespace cats::roles
