#include "base/clock.h"

#include <ctime>

#include <fmt/chrono.h>

namespace cats {

std::string utc_now() { return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr))); }

}  // namespace cats
