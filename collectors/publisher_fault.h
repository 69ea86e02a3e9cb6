// Deliberate faults of publishers, for tests of the tests.
#pragma once

#include "collectors/metric_mapping.h"

namespace cats::collectors {

enum class PublisherFault {
  none,
  lost_update,    // reported as sent, not sent
  altered_value,  // reported as it should be, sent with another value
};

// Which of the next publications are faulty.
class FaultyUpdates {
 public:
  void inject(PublisherFault fault, unsigned updates) {
    fault_ = fault;
    left_ = fault == PublisherFault::none ? 0 : updates;
  }
  PublisherFault next() {
    if (left_ == 0) return PublisherFault::none;
    --left_;
    return fault_;
  }

 private:
  PublisherFault fault_ = PublisherFault::none;
  unsigned left_ = 0;
};

// Another value than the report's, of the same meaning: what a node that corrupts metrics would pass on.
MetricReport altered(MetricReport report);

}  // namespace cats::collectors
