#include "suite/tests/cpu_use.h"

#include <algorithm>
#include <limits>

namespace cats::suite {
namespace {

constexpr double kLeastCovered = 0.5;
constexpr std::int64_t kTouching = 1'000'000;  // ns by which consecutive windows may overlap
// Of a window, after its end, until its sample is logged.
constexpr std::int64_t kLogged = 10'000'000'000;

}  // namespace

std::optional<CpuUse> cpu_use(const RunData& data, const std::string& csci, std::int64_t from_ns, std::int64_t to_ns) {
  double used = 0;     // ns of CPU time
  double granted = 0;  // ns of CPU time that the quota gives
  std::int64_t covered = 0;
  std::int64_t last_end = std::numeric_limits<std::int64_t>::min();
  for (const Event* event : data.events("sample", from_ns, to_ns + kLogged)) {
    if (event->text("source") != csci) continue;
    const std::int64_t start = event->ns("window_start");
    const std::int64_t end = event->ns("window_end");
    const std::int64_t inside = std::min(end, to_ns) - std::max(start, from_ns);
    if (inside <= 0 || (last_end > start + kTouching)) continue;
    last_end = end;
    covered += inside;
    const auto& accounting = event->at("accounting");
    const double part = static_cast<double>(inside) / static_cast<double>(end - start);
    used += accounting.at("usage_ns").get<double>() * part;
    granted += accounting.at("quota_cores").get<double>() * static_cast<double>(inside);
  }
  const double share_covered = static_cast<double>(covered) / static_cast<double>(to_ns - from_ns);
  if (share_covered < kLeastCovered) return std::nullopt;
  return CpuUse{used / granted, share_covered};
}

}  // namespace cats::suite
