// How busy sites were, from the kernel's accounting of their control groups in `sample` events.
#pragma once

#include <optional>
#include <string>

#include "suite/report/run_data.h"

namespace cats::suite {

// Above it a site has no room left, and a comparison of loads says little.
inline constexpr double kSaturated = 0.95;

struct CpuUse {
  double share = 0;    // mean use relative to the quota, while covered
  double covered = 0;  // share of the time asked for that sampling windows cover
};

// Of the site with that CSCI-ID from `from_ns` to `to_ns`. Windows that overlap an earlier one are left out; one that
// reaches beyond the time asked for counts in proportion. Nothing when windows cover less than half of it.
std::optional<CpuUse> cpu_use(const RunData& data, const std::string& csci, std::int64_t from_ns, std::int64_t to_ns);

}  // namespace cats::suite
