// What a controller takes in: the events of the edge server manager (I4, collectors/manager.h). The steps are apart so
// that bench/controller_updates can time each.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "collectors/metric_updates.h"

namespace cats::roles {

using collectors::learn;
using collectors::log_received;
using collectors::MetricUpdate;
using collectors::services_of;

// Of one event's data, `services` by CS-ID. Instances that have not reported yet give nothing. Bad parts are told to
// `bad`, and left out: one that is no instance, one of a service that is not known here, a bad report, an instance
// that is named twice.
std::vector<MetricUpdate> read_updates(std::string_view event_data, const std::map<IpAddress, std::size_t>& services,
                                       const collectors::WallClock& wall,
                                       const std::function<void(const std::string& why)>& bad);

}  // namespace cats::roles
