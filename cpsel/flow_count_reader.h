// Counts of new flows for the algorithms that want them: read again and again, at the interval that the algorithm of a
// service declares, from whoever has the flow table or asks those who have.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/scheduler.h"
#include "cpsel/instance.h"

namespace cats::cpsel {

// New flows that each instance got in all; never fewer than before.
using FlowCounts = std::map<InstanceId, double>;

class FlowCountReader {
 public:
  // `read` asks for the counts of a service and calls back, once; `counted` is told them. A reading is followed by the
  // next after the interval, or at once when it took longer.
  using Counted = std::function<void(const FlowCounts&)>;
  FlowCountReader(Scheduler& scheduler, std::size_t services, std::function<void(std::size_t service, Counted)> read,
                  std::function<void(std::size_t service, const FlowCounts&)> counted);
  ~FlowCountReader();  // nothing is told any more
  FlowCountReader(const FlowCountReader&) = delete;
  FlowCountReader& operator=(const FlowCountReader&) = delete;

  // From now on; nothing: never. What is being read is not told.
  void every(std::size_t service, std::optional<Duration> interval);
  void stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace cats::cpsel
