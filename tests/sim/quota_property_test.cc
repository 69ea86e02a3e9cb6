// A station under a quota beside a reference that goes from one period to the next, and from one that is whole to one
// that is used up, and keeps the work left of every job.
#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim/station.h"

namespace cats::sim {
namespace {

struct Turn {
  int kind;    // 0 … 5: arrival, 6: other capacity, 7: other quota, 8: nothing but time
  int gap_ns;  // since the turn before
  int work_ns;
  double cores;
  double background;
};

rc::Gen<Turn> any_turn() {
  const auto tenths = [](int most) { return rc::gen::map(rc::gen::inRange(0, most), [](int n) { return n / 10.0; }); };
  return rc::gen::build<Turn>(rc::gen::set(&Turn::kind, rc::gen::inRange(0, 9)),
                              rc::gen::set(&Turn::gap_ns, rc::gen::inRange(0, 9000)),
                              rc::gen::set(&Turn::work_ns, rc::gen::inRange(0, 5000)),
                              rc::gen::set(&Turn::cores, tenths(40)), rc::gen::set(&Turn::background, tenths(30)));
}

void showValue(const Turn& turn, std::ostream& out) {
  out << "{" << turn.kind << ", +" << turn.gap_ns << " ns, work " << turn.work_ns << " ns, " << turn.cores << " cores, "
      << turn.background << "}";
}

class LimitedReference {
 public:
  LimitedReference(std::uint32_t workers, Capacity capacity, const Quota& quota)
      : workers_(workers), capacity_(capacity) {
    set(quota);
  }

  void pass_to(std::int64_t then) {
    while (now_ < then) {
      const std::int64_t period = quota_.period.count();
      const std::int64_t phase = quota_.phase.count();
      const std::int64_t boundary = phase + ((now_ - phase + period) / period) * period;  // phase < period
      const std::int64_t end = std::min(then, boundary);
      run(static_cast<double>(end - now_));
      now_ = end;
      if (now_ == boundary) budget_ = whole();
    }
  }
  void arrive(std::uint64_t tag, double work) { left_.emplace_back(tag, work); }
  void set(Capacity capacity) { capacity_ = capacity; }
  void set(const Quota& quota) {
    quota_ = quota;
    budget_ = whole();
  }
  std::size_t in_service() const { return std::min<std::size_t>(workers_, left_.size()); }
  std::size_t size() const { return left_.size(); }
  double used_ns() const { return used_; }
  double beside_ns() const { return beside_; }
  double whole() const { return quota_.cores * static_cast<double>(quota_.period.count()); }
  double depart(std::uint64_t tag) {
    const auto job = std::find_if(left_.begin(), left_.end(), [&](const auto& one) { return one.first == tag; });
    if (job - left_.begin() >= static_cast<std::ptrdiff_t>(in_service())) return 1e300;
    const double left = job->second;
    left_.erase(job);
    return left;
  }

 private:
  void run(double length) {
    const std::size_t n = in_service();
    const double rate = n == 0 ? 0 : capacity_.rate(n);
    const double beside = capacity_.beside(n);
    const double speed = static_cast<double>(n) * rate + beside;
    const double running = speed > 0 ? std::min(length, budget_ / speed) : length;
    for (std::size_t i = 0; i < n; ++i) left_[i].second -= running * rate;
    used_ += running * rate * static_cast<double>(n);
    beside_ += running * beside;
    budget_ = std::max(0.0, budget_ - running * speed);
  }

  std::uint32_t workers_;
  Capacity capacity_;
  Quota quota_;
  std::int64_t now_ = 0;
  double budget_ = 0;
  double used_ = 0;
  double beside_ = 0;
  std::vector<std::pair<std::uint64_t, double>> left_;  // in order of arrival, those in service first
};

RC_GTEST_PROP(StationQuota, EndsEachJobWhenItHasGotItsWork, ()) {
  const auto workers = static_cast<std::uint32_t>(*rc::gen::element(1, 2, 3, 1000));
  const Duration period(*rc::gen::inRange(1, 4000));
  const Duration phase(*rc::gen::inRange(0, static_cast<int>(period.count())));
  const auto turns = *rc::gen::container<std::vector<Turn>>(any_turn());
  const Quota first{.cores = 0.3, .period = period, .phase = phase};
  Station station({.workers = workers, .capacity = {.cores = 2}, .quota = first});
  LimitedReference reference(workers, {.cores = 2}, first);
  std::int64_t now = 0;
  // A job may be short of one nanosecond at its speed, half of it for the budget's sake.
  const auto depart_until = [&](std::int64_t limit) {
    while (const auto when = station.next_departure()) {
      if (to_ns(*when) > limit) break;
      reference.pass_to(to_ns(*when));
      const double left = reference.depart(station.depart(*when).tag);
      RC_ASSERT(std::abs(left) <= 1 + 1e-3);
    }
    reference.pass_to(limit);
    now = limit;
  };
  std::uint64_t tag = 0;
  for (const Turn& turn : turns) {
    depart_until(now + turn.gap_ns);
    if (turn.kind <= 5) {
      station.arrive(from_ns(now), tag, Duration(turn.work_ns));
      reference.arrive(tag++, turn.work_ns);
    } else if (turn.kind == 6) {
      station.set_capacity(from_ns(now), {turn.cores, turn.background});
      reference.set(Capacity{turn.cores, turn.background});
    } else if (turn.kind == 7) {
      const Quota quota{.cores = turn.cores / 4, .period = period, .phase = phase};
      station.set_quota(from_ns(now), quota);
      reference.set(quota);
    }
    RC_ASSERT(station.in_service() == reference.in_service());
    RC_ASSERT(station.jobs() == reference.size());
    const auto totals = station.totals(from_ns(now));
    RC_ASSERT(std::abs(totals.cpu_s * 1e9 - reference.used_ns()) <= 1e-3);
    RC_ASSERT(std::abs(totals.beside_s * 1e9 - reference.beside_ns()) <= 1e-3);
  }
}

// Whatever comes and goes: never more than the budget in a period, and all of it where threads wanted it throughout.
RC_GTEST_PROP(StationQuota, GivesAPeriodItsBudgetAndNoMore, ()) {
  const auto turns = *rc::gen::container<std::vector<Turn>>(any_turn());
  constexpr std::int64_t kPeriod = 1000;
  const double budget = 0.2 * kPeriod;
  Station station({.workers = 2, .capacity = {.cores = 2}, .quota = {.cores = 0.2, .period = Duration(kPeriod)}});
  std::int64_t now = 0;
  std::uint64_t tag = 0;
  double background = 0;
  double before = 0;
  bool wanted = false;  // since the period began
  const auto used = [&] {
    const auto totals = station.totals(from_ns(now));
    return 1e9 * (totals.cpu_s + totals.beside_s);
  };
  const auto note = [&] { wanted = wanted && (station.in_service() > 0 || background >= 1); };
  const auto go_to = [&](std::int64_t then) {
    while (now < then) {
      const std::int64_t boundary = (now / kPeriod + 1) * kPeriod;
      std::int64_t next = std::min(then, boundary);
      if (const auto due = station.next_departure()) next = std::min(next, to_ns(*due));
      now = next;
      while (station.next_departure() == from_ns(now)) {
        station.depart(from_ns(now));
        if (now < boundary) note();
      }
      if (now < boundary) continue;
      const double use = used() - before;
      RC_ASSERT(use <= budget + 1e-3);
      if (wanted) RC_ASSERT(use >= budget - 1e-3);
      before = used();
      wanted = true;
      note();
    }
  };
  for (const Turn& turn : turns) {
    go_to(now + turn.gap_ns);
    if (turn.kind <= 5) {
      station.arrive(from_ns(now), tag++, Duration(turn.work_ns));
    } else if (turn.kind == 6) {
      background = turn.background;
      station.set_capacity(from_ns(now), {.cores = 2, .background = background});
    }
    note();
  }
  go_to(now + 5 * kPeriod);
}

}  // namespace
}  // namespace cats::sim
