// A decision as event logs and interfaces tell it (docs/event-log.md).
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "cpsel/selector.h"

namespace cats::cpsel {

// An object on one line.
std::string decision_text(const Decision& decision);
nlohmann::ordered_json to_json(const Decision& decision);

// The decisions of an agent that starts at `start` have ids above this: microseconds of CLOCK_MONOTONIC. Whatever the
// agent before it decided has a lower one, as none decides a million times a second.
std::uint64_t id_before(Instant start);

// Whole numbers, or null.
nlohmann::ordered_json or_null(const std::optional<Instant>& value);
template <class T>
nlohmann::ordered_json or_null(const std::optional<T>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

}  // namespace cats::cpsel
