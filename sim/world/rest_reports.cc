#include "sim/world/rest_reports.h"

namespace cats::sim {

using collectors::MetricReport;
using collectors::PublisherFault;

void RestReports::publish(const MetricReport& report) {
  retry_->cancel();
  latest_ = report;
  hand(false);
}

void RestReports::hand(bool again) {
  const PublisherFault fault = again ? PublisherFault::none : faulty_.next();
  callbacks_.sent(*latest_, again);
  if (fault == PublisherFault::lost_update) return;
  callbacks_.send(fault == PublisherFault::altered_value ? altered(*latest_) : *latest_);
}

void RestReports::undelivered(const MetricReport& report, const std::string& why) {
  callbacks_.failed(why);
  if (!latest_ || latest_->stamp != report.stamp) return;  // a newer one is on its way
  retry_->at(scheduler_.now() + kPause, [this] { hand(true); });
}

}  // namespace cats::sim
