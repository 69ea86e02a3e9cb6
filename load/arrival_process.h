// When things arrive. A process tells one arrival after another, as long as there are any; what is random in it comes
// from its own stream, so that no other entity disturbs it.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/random.h"

namespace cats::load {

class ArrivalProcess {
 public:
  virtual ~ArrivalProcess() = default;
  // Never before the one told last. Nothing: there are no more.
  virtual std::optional<Instant> next() = 0;
};

// All begin at `begin`; rates are per second. Each throws std::invalid_argument for what is out of range.

// rate > 0
std::unique_ptr<ArrivalProcess> poisson_arrivals(double rate, RandomStream random, Instant begin = {});

// Evenly spaced, the first anywhere within the first gap. rate > 0
std::unique_ptr<ArrivalProcess> constant_arrivals(double rate, RandomStream random, Instant begin = {});

// Markov-modulated Poisson: states visited in turn, each for an exponential time; the first by its share of time, so
// that the process is stationary from its beginning. At least one state, and one with rate > 0.
struct MmppState {
  double rate = 0;         // ≥ 0
  double mean_stay_s = 0;  // > 0
};
std::unique_ptr<ArrivalProcess> mmpp_arrivals(std::vector<MmppState> states, RandomStream random, Instant begin = {});

// Poisson with a rate that follows a curve, straight between its points, again and again every `period` (a day); from
// the last point it goes to the first of the next period. Points ascend strictly within 0 ≤ at < period; one with rate
// > 0.
struct CurvePoint {
  Duration at{};
  double rate = 0;  // ≥ 0
};
std::unique_ptr<ArrivalProcess> curve_arrivals(const std::vector<CurvePoint>& points, Duration period,
                                               RandomStream random, Instant begin = {});

// At the times of a trace (load/trace.h), since `begin`, and, with `repeat`, again and again every `repeat`. They
// ascend; the last is before `repeat`, and then there is at least one.
std::unique_ptr<ArrivalProcess> trace_arrivals(std::shared_ptr<const std::vector<Duration>> times, Instant begin = {},
                                               std::optional<Duration> repeat = {});

}  // namespace cats::load
