#include "load/arrival_process.h"

#include <algorithm>
#include <stdexcept>

#include "base/ziggurat.h"
#include "load/arrival_rate.h"
#include "load/distribution.h"

namespace cats::load {
namespace {

// One cache line: of many, each is touched once per arrival.
class alignas(64) Poisson final : public ArrivalProcess {
 public:
  Poisson(double rate, RandomStream random, Instant begin)
      : mean_gap_ns_(1e9 / want_rate("poisson", rate)), random_(random), at_(begin) {}
  std::optional<Instant> next() override {
    at_ += duration_of_ns(mean_gap_ns_ * standard_exponential(random_));
    // Made empty and then set, g++ 12 writes the flag as the whole word that it reads next; else as one octet, and
    // reading waits until every store before has reached the cache.
    std::optional<Instant> at;
    at = at_;
    return at;
  }

 private:
  double mean_gap_ns_;
  RandomStream random_;
  Instant at_;
};

class Constant final : public ArrivalProcess {
 public:
  Constant(double rate, RandomStream random, Instant begin)
      : gap_ns_(1e9 / want_rate("constant", rate)), phase_ns_(random.uniform() * gap_ns_), begin_(begin) {}
  // Counted, not added up: gaps that are no whole number of nanoseconds do not drift.
  std::optional<Instant> next() override {
    return begin_ + duration_of_ns(phase_ns_ + static_cast<double>(count_++) * gap_ns_);
  }

 private:
  double gap_ns_;
  double phase_ns_;
  Instant begin_;
  std::int64_t count_ = 0;
};

class Recorded final : public ArrivalProcess {
 public:
  Recorded(std::shared_ptr<const std::vector<Duration>> times, Instant begin, std::optional<Duration> repeat)
      : times_(std::move(times)), begin_(begin), repeat_(repeat) {
    if (times_ == nullptr || !std::is_sorted(times_->begin(), times_->end()))
      throw std::invalid_argument("trace arrivals: times do not ascend");
    if (repeat_ && (times_->empty() || times_->back() >= *repeat_))
      throw std::invalid_argument("trace arrivals: the last time is not before the repetition");
  }
  std::optional<Instant> next() override {
    if (next_ == times_->size()) {
      if (!repeat_) return std::nullopt;
      next_ = 0;
      begin_ += *repeat_;
    }
    return begin_ + (*times_)[next_++];
  }

 private:
  std::shared_ptr<const std::vector<Duration>> times_;
  Instant begin_;
  std::optional<Duration> repeat_;
  std::size_t next_ = 0;
};

}  // namespace

std::unique_ptr<ArrivalProcess> poisson_arrivals(double rate, RandomStream random, Instant begin) {
  return std::make_unique<Poisson>(rate, random, begin);
}

std::unique_ptr<ArrivalProcess> constant_arrivals(double rate, RandomStream random, Instant begin) {
  return std::make_unique<Constant>(rate, random, begin);
}

std::unique_ptr<ArrivalProcess> trace_arrivals(std::shared_ptr<const std::vector<Duration>> times, Instant begin,
                                               std::optional<Duration> repeat) {
  return std::make_unique<Recorded>(std::move(times), begin, repeat);
}

}  // namespace cats::load
