#include "collectors/publisher_fault.h"

namespace cats::collectors {

MetricReport altered(MetricReport report) {
  if (report.known) *report.known ^= 1;
  const auto available = report.values.find("available_compute");
  if (available != report.values.end())
    available->second += available->second < 50 ? 1 : -1;
  else if (!report.known && !report.values.empty())
    report.values.begin()->second = report.values.begin()->second < 1 ? 1 : report.values.begin()->second - 1;
  return report;
}

}  // namespace cats::collectors
