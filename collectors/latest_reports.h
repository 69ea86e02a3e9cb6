// What an edge server manager knows: the latest report of each instance, and which came since it last told anybody.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/ip.h"
#include "collectors/metric_mapping.h"

namespace cats::collectors {

class LatestReports {
 public:
  struct Instance {
    std::string node;  // the edge server: the principal that may publish for it
    IpAddress csci;
    IpAddress cs_id;
  };
  struct Known {
    Instance instance;
    std::optional<MetricReport> report = {};
    Instant received = {};
    bool changed = false;
  };

  explicit LatestReports(const std::vector<Instance>& instances) {
    for (const Instance& instance : instances) known_[instance.csci] = {.instance = instance};
  }

  const std::map<IpAddress, Known>& all() const { return known_; }
  // nullptr: there is no such instance.
  Known* find(const IpAddress& csci) {
    const auto found = known_.find(csci);
    return found == known_.end() ? nullptr : &found->second;
  }

  // `report` has a stamp. Error: it is not newer than what is known.
  static Expected<void> accept(Known& known, MetricReport report, Instant received) {
    // An edge server that was started anew counts from 1 again, but its windows end later.
    if (known.report && report.stamp->window_end <= known.report->stamp->window_end)
      return fail("sequence {} is not newer than {}: its window ends no later", report.stamp->sequence,
                  known.report->stamp->sequence);
    known.report = std::move(report);
    known.received = received;
    known.changed = true;
    return {};
  }

  // Reports that no edge server sent, of the instances in turn: each with the values of the instance's last report, the
  // next sequence number from `first` on, and a sampling window that ends now, so that a receiver takes it for news and
  // knows how long it was on the way. What is known stays as it is. Error: more reports than instances, which no event
  // may have; an instance that never reported.
  Expected<std::vector<Known>> synthetic(std::uint32_t first, std::size_t count, Instant now) const {
    std::vector<const Known*> sources;
    for (const auto& [csci, known] : known_) {
      if (!known.report) return fail("{} of {} has not reported yet", csci, known.instance.node);
      sources.push_back(&known);
    }
    if (count > sources.size()) return fail("{} reports in one event, of {} instances", count, sources.size());
    std::vector<Known> reports;
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t sequence = first + static_cast<std::uint32_t>(i);
      Known& synthetic = reports.emplace_back(*sources[sequence % sources.size()]);
      // Each window ends after the one before it.
      synthetic.report->stamp = Stamp{sequence, now - Duration(static_cast<std::int64_t>(count - 1 - i))};
      synthetic.report->known.reset();
      synthetic.received = now;
    }
    return reports;
  }

  // Those that were accepted since the last call, ascending by CSCI-ID.
  std::vector<const Known*> take_changed() {
    std::vector<const Known*> changed;
    for (auto& [csci, known] : known_)
      if (std::exchange(known.changed, false)) changed.push_back(&known);
    return changed;
  }

 private:
  std::map<IpAddress, Known> known_;
};

}  // namespace cats::collectors
