// Patterns as load descriptions have them (load/load.h). What is missing or out of range is a problem of the fields'.
#pragma once

#include <nlohmann/json.hpp>

#include "base/json_fields.h"
#include "load/patterns.h"

namespace cats::load {

// "arrivals" of the object, and what stands beside it.
ArrivalPattern read_arrivals(JsonFields& fields);
void write_arrivals(const ArrivalPattern& pattern, nlohmann::ordered_json& object);

// {"distribution": …}
RandomDuration read_random_duration(JsonFields& fields);
nlohmann::ordered_json to_json(const RandomDuration& duration);

}  // namespace cats::load
