// What the analyses read of each event.
#pragma once

#include <string_view>

#include <nlohmann/json.hpp>

namespace cats::suite {

// The first field that is missing or of the wrong kind; nullptr: the event is as docs/event-log.md says, or none that
// an analysis reads.
const char* bad_field(const nlohmann::json& line, std::string_view event);

}  // namespace cats::suite
