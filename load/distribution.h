// What sizes and service demands are drawn from: values ≥ 0, in the unit of whoever draws. The same draws on every
// machine.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/ziggurat.h"

namespace cats::load {

// To the nearest nanosecond; at most kLongest.
inline constexpr Duration kLongest{std::int64_t{1} << 61};  // 73 years
inline Duration duration_of_ns(double ns) {
  return ns < static_cast<double>(kLongest.count()) ? Duration(static_cast<std::int64_t>(ns + 0.5)) : kLongest;
}

class Distribution {
 public:
  // Each throws std::invalid_argument for what is out of range.
  static Distribution deterministic(double value);               // value ≥ 0
  static Distribution exponential(double mean);                  // mean > 0
  static Distribution lognormal(double mean, double deviation);  // both > 0; of the value, not its logarithm
  static Distribution pareto(double mean, double shape);         // shape > 1; infinite variance up to 2
  // The values in order, from the first again after the last; not empty, all ≥ 0 and finite.
  static Distribution replay(std::shared_ptr<const std::vector<double>> values);

  double draw(RandomStream& random) {
    switch (kind_) {
      case Kind::deterministic:
        return a_;
      case Kind::exponential:
        return a_ * standard_exponential(random);
      default:
        return draw_other(random);
    }
  }
  // Of one whose unit is the second.
  Duration draw_duration(RandomStream& random) { return duration_of_ns(draw(random) * 1e9); }

  // Of replay: the same values, from one on that is drawn. Others as they are, and nothing is drawn.
  Distribution begun_anywhere(RandomStream& random) const;

  double mean() const { return mean_; }

 private:
  enum class Kind : std::uint8_t { deterministic, exponential, lognormal, pareto, replay };

  Distribution(Kind kind, double mean, double a, double b) : kind_(kind), mean_(mean), a_(a), b_(b) {}
  double draw_other(RandomStream& random);

  Kind kind_;
  double mean_;
  double a_;  // value; mean; mean of the logarithm; least value
  double b_;  // of lognormal the logarithm's deviation, of Pareto 1/shape
  std::shared_ptr<const std::vector<double>> values_ = nullptr;
  std::size_t next_ = 0;
};

}  // namespace cats::load
