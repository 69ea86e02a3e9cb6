#include "sim/fleet/crowd.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "load/distribution.h"

namespace cats::sim::fleet {
namespace {

class Crowded final : public load::ArrivalProcess {
 public:
  Crowded(std::unique_ptr<load::ArrivalProcess> arrivals, Instant begin, Duration length, double factor)
      : arrivals_(std::move(arrivals)), begin_(begin), length_(length), factor_(factor) {
    if (!(factor > 0) || !std::isfinite(factor) || length < Duration(0))
      throw std::invalid_argument(fmt::format("a crowd of {} times the arrivals for {} ns", factor, length.count()));
    own_length_ = load::duration_of_ns(static_cast<double>(length.count()) * factor);
  }

  std::optional<Instant> next() override {
    const auto own = arrivals_->next();
    if (!own || *own <= begin_) return own;
    const Duration since = *own - begin_;
    if (since >= own_length_) return begin_ + length_ + (since - own_length_);
    return begin_ + std::min(length_, load::duration_of_ns(static_cast<double>(since.count()) / factor_));
  }

 private:
  std::unique_ptr<load::ArrivalProcess> arrivals_;
  Instant begin_;
  Duration length_;
  double factor_;
  Duration own_length_{};  // in the time of the arrivals
};

}  // namespace

std::unique_ptr<load::ArrivalProcess> crowded_arrivals(std::unique_ptr<load::ArrivalProcess> arrivals, Instant begin,
                                                       Duration length, double factor) {
  return std::make_unique<Crowded>(std::move(arrivals), begin, length, factor);
}

}  // namespace cats::sim::fleet
