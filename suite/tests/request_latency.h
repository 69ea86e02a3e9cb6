// What requests felt around the load steps of a trial. A request belongs to the period in which its session began: a
// session stays where it was steered.
#pragma once

#include <string_view>
#include <vector>

#include "base/clock.h"
#include "suite/report/run_data.h"
#include "suite/tests/reaction.h"

namespace cats::suite {

enum class Period {
  before,  // from `stable` before each step to the step
  during,  // to the reaction of the last ingress; to the end of the load where one did not react
  after,   // from then to the end of the load
};

std::string_view to_string(Period period);

struct PeriodRequests {
  std::vector<double> latencies_ms;  // done − scheduled, of those answered `ok`
  std::size_t all = 0;               // failed ones too

  double share_within(double limit_ms) const;  // of all; `all` must not be 0
};

PeriodRequests requests_of(const RunData& data, const Trial& trial, const std::vector<Reaction>& reactions,
                           Duration stable, Period period);

}  // namespace cats::suite
