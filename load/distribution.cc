#include "load/distribution.h"

#include <cmath>
#include <limits>
#include <stdexcept>

#include <fmt/format.h>

#include "base/portable_math.h"

namespace cats::load {
namespace {

// The comparisons fail for what is not a number.
double want(const char* distribution, const char* what, double value, double above) {
  if (value > above && value < std::numeric_limits<double>::infinity()) return value;
  throw std::invalid_argument(fmt::format("{}: {} is {}, not a number above {}", distribution, what, value, above));
}

}  // namespace

Distribution Distribution::deterministic(double value) {
  if (value == 0) return {Kind::deterministic, 0, 0, 0};
  return {Kind::deterministic, value, want("deterministic", "value", value, 0), 0};
}

Distribution Distribution::exponential(double mean) {
  return {Kind::exponential, mean, want("exponential", "mean", mean, 0), 0};
}

Distribution Distribution::lognormal(double mean, double deviation) {
  want("lognormal", "mean", mean, 0);
  const double relative = want("lognormal", "deviation", deviation, 0) / mean;
  const double variance = portable::log(1 + relative * relative);
  return {Kind::lognormal, mean, portable::log(mean) - variance / 2, std::sqrt(variance)};
}

Distribution Distribution::pareto(double mean, double shape) {
  want("Pareto", "mean", mean, 0);
  want("Pareto", "shape", shape, 1);
  return {Kind::pareto, mean, mean * (shape - 1) / shape, 1 / shape};
}

Distribution Distribution::replay(std::shared_ptr<const std::vector<double>> values) {
  if (values == nullptr || values->empty()) throw std::invalid_argument("replay: no values");
  double sum = 0;
  for (const double value : *values) {
    if (value != 0) want("replay", "a value", value, 0);
    sum += value;
  }
  Distribution distribution(Kind::replay, sum / static_cast<double>(values->size()), 0, 0);
  distribution.values_ = std::move(values);
  return distribution;
}

Distribution Distribution::begun_anywhere(RandomStream& random) const {
  Distribution begun = *this;
  if (values_ != nullptr) begun.next_ = random.below(values_->size());
  return begun;
}

double Distribution::draw_other(RandomStream& random) {
  if (kind_ == Kind::lognormal) return portable::exp(a_ + b_ * standard_normal(random));
  if (kind_ == Kind::pareto) return a_ * portable::exp(b_ * standard_exponential(random));
  const double value = (*values_)[next_];
  if (++next_ == values_->size()) next_ = 0;
  return value;
}

}  // namespace cats::load
