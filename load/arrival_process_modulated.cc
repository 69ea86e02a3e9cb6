// Poisson arrivals of a rate that changes: the integral of the rate up to the next arrival is exponential with mean 1.
#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <fmt/format.h>

#include "base/ziggurat.h"
#include "load/arrival_process.h"
#include "load/arrival_rate.h"
#include "load/distribution.h"

namespace cats::load {
namespace {

class Mmpp final : public ArrivalProcess {
 public:
  Mmpp(std::vector<MmppState> states, RandomStream random, Instant begin)
      : states_(std::move(states)), random_(random), at_(begin) {
    double cycle_s = 0;
    double rates = 0;
    for (const MmppState& state : states_) {
      rates += want_rate("mmpp", state.rate, true);
      if (!(state.mean_stay_s > 0 && std::isfinite(state.mean_stay_s)))
        throw std::invalid_argument(fmt::format("mmpp arrivals: mean stay is {} s", state.mean_stay_s));
      cycle_s += state.mean_stay_s;
    }
    want_rate("mmpp", rates);
    for (double u = random_.uniform() * cycle_s; state_ + 1 < states_.size() && u >= states_[state_].mean_stay_s;
         ++state_)
      u -= states_[state_].mean_stay_s;
    stay();
  }

  std::optional<Instant> next() override {
    double wanted = standard_exponential(random_);
    for (;;) {
      const double rate_per_ns = states_[state_].rate * 1e-9;
      const double there = rate_per_ns * static_cast<double>((until_ - at_).count());
      if (wanted < there) return at_ = std::min(until_, at_ + duration_of_ns(wanted / rate_per_ns));
      wanted -= there;
      at_ = until_;
      state_ = state_ + 1 == states_.size() ? 0 : state_ + 1;
      stay();
    }
  }

 private:
  void stay() { until_ = at_ + duration_of_ns(states_[state_].mean_stay_s * 1e9 * standard_exponential(random_)); }

  std::vector<MmppState> states_;
  RandomStream random_;
  Instant at_;
  std::size_t state_ = 0;
  Instant until_;
};

class Curve final : public ArrivalProcess {
 public:
  Curve(const std::vector<CurvePoint>& points, Duration period, RandomStream random, Instant begin)
      : random_(random), start_(begin) {
    double rates = 0;
    for (std::size_t i = 0; i < points.size(); ++i) {
      rates += want_rate("curve", points[i].rate, true);
      if (points[i].at < (i == 0 ? Duration::zero() : points[i - 1].at + Duration(1)) || points[i].at >= period)
        throw std::invalid_argument(
            fmt::format("curve arrivals: point {} is at {} ns of a period of {} ns, or not after the one before it",
                        i + 1, points[i].at.count(), period.count()));
    }
    want_rate("curve", rates);
    const CurvePoint& last = points.back();
    const double gap_s = to_seconds(points.front().at + period - last.at);
    const double at_zero = last.rate + (points.front().rate - last.rate) * to_seconds(period - last.at) / gap_s;
    if (points.front().at > Duration::zero()) add(points.front().at, at_zero, points.front().rate);
    for (std::size_t i = 0; i + 1 < points.size(); ++i)
      add(points[i + 1].at - points[i].at, points[i].rate, points[i + 1].rate);
    add(period - last.at, last.rate, points.front().at > Duration::zero() ? at_zero : points.front().rate);
  }

  std::optional<Instant> next() override {
    double wanted = standard_exponential(random_);
    for (;;) {
      const Segment& segment = segments_[segment_];
      // rate·t + slope·t²/2 = wanted, from where it stands in the segment
      const double t0 = in_segment_s_;
      const double rate = segment.rate + segment.slope * t0;
      const double left = to_seconds(segment.length) - t0;
      const double there = std::max(0.0, (rate + segment.slope * left / 2) * left);
      if (wanted < there) {
        const double root = std::sqrt(std::max(0.0, rate * rate + 2 * segment.slope * wanted));
        in_segment_s_ = std::min(to_seconds(segment.length), t0 + 2 * wanted / std::max(rate + root, 1e-300));
        return at_ = std::max(at_, start_ + duration_of_ns(in_segment_s_ * 1e9));
      }
      wanted -= there;
      in_segment_s_ = 0;
      start_ += segment.length;
      segment_ = segment_ + 1 == segments_.size() ? 0 : segment_ + 1;
    }
  }

 private:
  struct Segment {
    Duration length;
    double rate;   // at its beginning
    double slope;  // per second
  };
  void add(Duration length, double from, double to) {
    segments_.push_back({length, from, (to - from) / to_seconds(length)});
  }

  std::vector<Segment> segments_;
  RandomStream random_;
  Instant start_;  // of the segment
  Instant at_;
  std::size_t segment_ = 0;
  double in_segment_s_ = 0;
};

}  // namespace

std::unique_ptr<ArrivalProcess> mmpp_arrivals(std::vector<MmppState> states, RandomStream random, Instant begin) {
  return std::make_unique<Mmpp>(std::move(states), random, begin);
}

std::unique_ptr<ArrivalProcess> curve_arrivals(const std::vector<CurvePoint>& points, Duration period,
                                               RandomStream random, Instant begin) {
  return std::make_unique<Curve>(points, period, random, begin);
}

}  // namespace cats::load
