// What a controller orders an ingress to do (I1): a decision's weights, and the samples that they rest on.
#pragma once

#include <cstdint>
#include <map>

#include "base/clock.h"
#include "base/ip.h"
#include "cpsel/selector.h"

namespace cats::cpsel {

struct OrderedWeights {
  std::uint64_t decision = 0;
  IpAddress service;                    // CS-ID
  std::map<IpAddress, double> weights;  // by CSCI-ID; sum 1, or 0 when no new flow is steered
  struct Sample {
    std::uint32_t sequence = 0;
    Instant window_end;
  };
  std::map<IpAddress, Sample>
      samples;  // by CSCI-ID, as far as the controller says: for an ingress that decides further
};

OrderedWeights ordered_weights(const Decision& decision, const IpAddress& service);

}  // namespace cats::cpsel
