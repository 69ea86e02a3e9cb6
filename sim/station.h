// Where work is done: workers behind a queue, on CPU time that is shared. Without clock and events: calls say what time
// it is, times never go back, and who calls asks next_departure() when to call depart() at the latest (sim/alarm.h).
// Calls that keep to neither throw std::logic_error.
//
// Up to `workers` jobs are in service, the others wait in order of arrival, and one that finds `queue_limit` waiting is
// refused. Jobs in service progress alike, at Capacity::rate(). So it is, with capacity ≥ workers = c, the station of
// M/G/c/K (K = c + queue_limit), with one core and unlimited workers processor sharing, and between the two a server
// whose threads share a CPU quota. With a Quota that has a period the threads run at that rate until its budget is used
// up, and stand still until the next period.
//
// Progress is kept as virtual time: the work that each job in service has got so far since the station was last idle. A
// job ends when it reaches the work that it asked for more than there was when it started; that does not change however
// many jobs come and go, so a call costs O(log n) of n jobs in service. When threads stand still follows from what they
// use, period after period, so that it takes no calls either, and an idle station nothing at all.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/prefetch.h"
#include "sim/ring.h"

namespace cats::sim {

// CPU time per time, in cores: a quota, and load beside the service that wants part of it.
struct Capacity {
  double cores = 1;       // ≥ 0
  double background = 0;  // wanted by ⌈background⌉ threads; ≥ 0

  // Of each of n > 0 workers, at most 1: the scheduler gives every thread an equal share, and what a thread does not
  // want to the others (max-min fair).
  double rate(std::size_t n) const;
  // What the load beside gets while n workers are busy, n = 0 included, in cores.
  double beside(std::size_t n) const;

  bool operator==(const Capacity&) const = default;
};

// CPU time by the period, as Linux' bandwidth control grants it to a group (Documentation/scheduler/sched-bwc.rst):
// jobs and the load beside use a budget of cores × period at the speed that Capacity gives, which here is the
// machine's; when it is used up all of them stand still until the next period, which begins with a whole budget. What
// was left is lost.
struct Quota {
  double cores = 0;   // ≥ 0
  Duration period{};  // 0: no quota
  Duration phase{};   // periods begin at phase + k · period, whether anything runs or not

  bool operator==(const Quota&) const = default;
};

struct Job {
  std::uint64_t tag = 0;  // the caller's; of jobs that end in the same nanosecond the lowest leaves first
  Instant arrived;
  Instant started;
};

class alignas(64) Station {
 public:
  static constexpr std::uint32_t kUnlimited = std::numeric_limits<std::uint32_t>::max();

  struct Settings {
    std::uint32_t workers = 1;  // ≥ 1
    std::uint32_t queue_limit = kUnlimited;
    Capacity capacity = {};
    Quota quota = {};
  };
  enum class Admission : std::uint8_t { started, queued, refused };

  explicit Station(const Settings& settings, Instant now = {});

  // `work` is CPU time, not negative.
  Admission arrive(Instant now, std::uint64_t tag, Duration work);
  // When the next job ends if nothing comes between; nothing when none is in service or there is no capacity.
  std::optional<Instant> next_departure() const {
    return due_ns_ == kNever ? std::nullopt : std::optional(from_ns(due_ns_));
  }
  // The job that ends then; `now` is next_departure().
  Job depart(Instant now);
  void set_capacity(Instant now, Capacity capacity);
  // Begins with a whole budget, also when it is the same again.
  void set_quota(Instant now, const Quota& quota);
  // Every job is lost, in service or waiting: the site died. Told in order of arrival.
  std::vector<Job> clear(Instant now);

  // When jobs and the load beside have run for another `running_ns` if nothing comes between: while they stand still
  // does not count. Nothing when that is never.
  std::optional<Instant> when_run(double running_ns) const;

  const Capacity& capacity() const { return capacity_; }
  std::size_t in_service() const { return serving_; }
  std::size_t waiting() const { return waiting_.size(); }
  std::size_t jobs() const { return in_service() + waiting(); }

  // Sums since the beginning: the difference of two readings is that of a window.
  struct Totals {
    std::uint64_t arrived = 0;  // refused ones included
    std::uint64_t refused = 0;
    std::uint64_t served = 0;
    std::uint64_t lost = 0;
    double cpu_s = 0;         // CPU time used by the service
    double beside_s = 0;      // and by the load beside
    double capacity_s = 0;    // integral of Capacity::cores, or of the quota's where those are fewer
    double in_service_s = 0;  // integrals of the numbers of jobs: over time, their means
    double waiting_s = 0;
  };
  Totals totals(Instant now) const;

  // Asks for the memory that a call needs, before it is needed.
  void prefetch() const {
    cats::prefetch(&now_);
    cats::prefetch(&first_);
    cats::prefetch(&capacity_);
  }
  // The same for what only a pointer leads to; when prefetch() has had its effect.
  void prefetch_more() const {
    waiting_.prefetch();
    if (extra_) cats::prefetch(extra_.get());
  }

 private:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  struct Serving {
    double end;  // virtual time
    Job job;
    bool before(const Serving& other) const { return end < other.end || (end == other.end && job.tag < other.job.tag); }
  };
  struct Later {  // of a heap whose top ends first
    bool operator()(const Serving& a, const Serving& b) const { return b.before(a); }
  };
  struct Waiting {
    std::uint64_t tag = 0;
    Instant arrived;
    Duration work{};
  };

  // What few stations need, so that the others stay small.
  struct Extra {
    double beside_ns = 0;  // CPU time of the load beside
    Quota quota;
    double budget_ns = 0;      // CPU time that is left of the period
    std::int64_t next_ns = 0;  // when the next one begins, after now_
    std::uint64_t lost = 0;
  };
  struct Run {  // of some time
    double running_ns = 0;
    double budget_ns = 0;  // at its end
    std::int64_t next_ns = 0;
  };

  bool has_quota() const { return extra_ && extra_->quota.period > Duration::zero(); }
  double granted() const;  // cores
  double used() const;     // cores, while threads run
  Run run_until(Instant now) const;
  std::int64_t ns_when_run(double running_ns) const;  // kNever: not at all
  Extra& extra();

  void advance(Instant now) {
    if (now != now_) pass(now);
  }
  void pass(Instant now);
  void start(const Job& job, Duration work);
  void set_rate();  // after a change of capacity or of the number in service
  void set_due();   // after any change

  // What most calls read and write stands in the first two cache lines, what is rarely needed in the third.
  Instant now_;
  double done_ns_ = 0;  // virtual time
  double rate_ = 0;     // of each job in service
  std::int64_t due_ns_ = kNever;
  std::uint32_t serving_ = 0;
  std::uint32_t queue_limit_;
  [[no_unique_address]] Ring<Waiting> waiting_;
  std::uint32_t workers_;
  Serving first_{};  // ends first of those in service
  double cpu_ns_ = 0;
  double in_service_ns_ = 0;
  double waiting_ns_ = 0;
  std::uint64_t served_ = 0;
  Capacity capacity_;
  double capacity_before_s_ = 0;  // its integral is this + granted() × now
  std::vector<Serving> others_;   // in service, a heap
  std::uint64_t refused_ = 0;
  std::unique_ptr<Extra> extra_;
};

}  // namespace cats::sim
