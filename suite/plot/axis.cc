#include "suite/plot/axis.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace cats::suite::plot {
namespace {

constexpr double kSteps = 5;           // of a linear axis, at most, but for the ends
constexpr double kRounding = 1e-9;     // relative: what is a tick but for the last digits of a double
constexpr double kBeyond = 0.04;       // of a logarithmic axis' length, at either end
constexpr double kLeastBeyond = 0.02;  // in decades
constexpr double kFewDecades = 3.5;    // up to here 2 and 5 have labels too
constexpr double kManyDecades = 8;     // from here on not every decade has one
constexpr std::size_t kLeastLabels = 3;
constexpr double kPlain = 1e7;  // from here on labels have exponents

// The smallest of 1, 2, 5 times a power of ten that is not below `least`.
struct Step {
  double mantissa = 1;
  int exponent = 0;
  double size() const { return mantissa * std::pow(10, exponent); }
};

Step round_step(double least) {
  const int exponent = static_cast<int>(std::floor(std::log10(least)));
  for (const double mantissa : {1.0, 2.0, 5.0})
    if (const Step step{mantissa, exponent}; step.size() >= least * (1 - kRounding)) return step;
  return {1, exponent + 1};
}

std::string decade_label(double value) {
  return value < kPlain ? fmt::format("{:.10g}", value) : fmt::format("{:g}", value);
}

// The multiples of the step in lo … hi, with as many digits as the step needs.
std::vector<Tick> multiples(const Step& step, double lo, double hi) {
  const int digits = std::max(0, -step.exponent);
  std::vector<Tick> ticks;
  for (double n = std::ceil(lo / step.size() - kRounding); n <= hi / step.size() + kRounding; ++n) {
    const double value = step.exponent < 0 ? n * step.mantissa / std::pow(10, -step.exponent) : n * step.size();
    const bool plain = std::abs(value) < kPlain && digits <= 7;
    ticks.push_back({value, n == 0 ? "0" : plain ? fmt::format("{:.{}f}", value, digits) : fmt::format("{:g}", value)});
  }
  return ticks;
}

}  // namespace

Axis::Axis(double lo, double hi, Scale scale) : lo_(lo), hi_(hi), scale_(scale) {
  if (scale == Scale::linear)
    make_linear();
  else
    make_logarithmic();
}

double Axis::place(double value) const {
  const double share = scale_ == Scale::linear ? (value - lo_) / (hi_ - lo_)
                       : value <= 0            ? 0
                                               : std::log(value / lo_) / std::log(hi_ / lo_);
  return std::clamp(share, 0.0, 1.0);
}

void Axis::make_linear() {
  if (hi_ - lo_ <= kRounding * std::max(std::abs(lo_), std::abs(hi_))) {
    // One value: from zero to it.
    lo_ = std::min(0.0, lo_);
    hi_ = lo_ < 0 ? 0 : hi_ > 0 ? hi_ : 1;
  }
  const Step step = round_step((hi_ - lo_) / kSteps);
  lo_ = std::floor(lo_ / step.size() + kRounding) * step.size();
  hi_ = std::ceil(hi_ / step.size() - kRounding) * step.size();
  ticks_ = multiples(step, lo_, hi_);
}

void Axis::make_logarithmic() {
  const double decades = std::log10(hi_ / lo_);
  const double beyond = std::pow(10, std::max(decades * kBeyond, kLeastBeyond));
  lo_ /= beyond;
  hi_ *= beyond;
  const int every = std::max(1, static_cast<int>(std::ceil(decades / kManyDecades)));
  std::size_t labels = 0;
  for (int exponent = static_cast<int>(std::floor(std::log10(lo_))); exponent <= std::log10(hi_); ++exponent)
    for (int digit = 1; digit <= 9; ++digit) {
      const double value = exponent < 0 ? digit / std::pow(10, -exponent) : digit * std::pow(10, exponent);
      if (value < lo_ || value > hi_) continue;
      const bool round = digit == 1 || ((digit == 2 || digit == 5) && decades <= kFewDecades);
      const bool labelled = round && exponent % every == 0;
      if (digit > 1 && !labelled && decades > kManyDecades) continue;
      labels += labelled ? 1 : 0;
      ticks_.push_back({value, labelled ? decade_label(value) : ""});
    }
  if (labels < kLeastLabels) ticks_ = multiples(round_step((hi_ - lo_) / kSteps), lo_, hi_);
}

}  // namespace cats::suite::plot
