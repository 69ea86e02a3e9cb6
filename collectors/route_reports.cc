#include "collectors/route_reports.h"

#include <utility>

namespace cats::collectors {

Expected<void> RouteReports::publish(const MetricReport& report) {
  auto on_wire = quantised(report, wall_);
  if (!on_wire) return tl::make_unexpected(on_wire.error());
  latest_ = std::move(*on_wire);
  told_ = false;
  return tell();
}

Expected<void> RouteReports::announce_bare() {
  latest_ = MetricReport{};
  return tell();
}

Expected<void> RouteReports::announce() {
  withdrawn_ = false;
  return tell();
}

Expected<void> RouteReports::tell() {
  if (!latest_ || withdrawn_ || !callbacks_.has_session()) return {};
  const bool again = std::exchange(told_, true);
  const PublisherFault fault = faulty_.next();
  const MetricReport other = fault == PublisherFault::altered_value ? altered(*latest_) : MetricReport{};
  const MetricReport* on_wire = fault == PublisherFault::lost_update     ? nullptr
                                : fault == PublisherFault::altered_value ? &other
                                                                         : &*latest_;
  return callbacks_.tell({*latest_, on_wire, again});
}

}  // namespace cats::collectors
