// A station beside a reference that keeps the work left of every job and takes from each what it got.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim/station.h"

namespace cats::sim {
namespace {

constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();

struct Action {
  int kind;    // 0 … 5: arrival, 6: other capacity, 7: nothing but time
  int gap_ns;  // since the action before
  int work_ns;
  double cores;
  double background;
};

rc::Gen<Action> any_action() {
  const auto tenths = [](int most) { return rc::gen::map(rc::gen::inRange(0, most), [](int n) { return n / 10.0; }); };
  return rc::gen::build<Action>(
      rc::gen::set(&Action::kind, rc::gen::inRange(0, 8)), rc::gen::set(&Action::gap_ns, rc::gen::inRange(0, 3000)),
      rc::gen::set(&Action::work_ns, rc::gen::inRange(0, 5000)), rc::gen::set(&Action::cores, tenths(50)),
      rc::gen::set(&Action::background, tenths(30)));
}

void showValue(const Action& action, std::ostream& out) {
  out << "{" << action.kind << ", +" << action.gap_ns << " ns, work " << action.work_ns << " ns, " << action.cores
      << " cores, " << action.background << "}";
}

class Reference {
 public:
  Reference(std::uint32_t workers, Capacity capacity) : workers_(workers), capacity_(capacity) {}

  void pass(double ns) {
    const std::size_t n = in_service();
    for (std::size_t i = 0; i < n; ++i) left_[i].second -= ns * capacity_.rate(n);
  }
  void arrive(std::uint64_t tag, double work) { left_.emplace_back(tag, work); }
  void set(Capacity capacity) { capacity_ = capacity; }
  std::size_t in_service() const { return std::min<std::size_t>(workers_, left_.size()); }
  std::size_t size() const { return left_.size(); }
  double rate() const { return in_service() == 0 ? 0 : capacity_.rate(in_service()); }
  double least() const {
    double least = 1e300;
    for (std::size_t i = 0; i < in_service(); ++i) least = std::min(least, left_[i].second);
    return least;
  }
  // What the job had left, as it goes; those that wait keep their order.
  double depart(std::uint64_t tag) {
    const auto job = std::find_if(left_.begin(), left_.end(), [&](const auto& one) { return one.first == tag; });
    if (job - left_.begin() >= static_cast<std::ptrdiff_t>(in_service())) return 1e300;
    const double left = job->second;
    left_.erase(job);
    return left;
  }

 private:
  std::uint32_t workers_;
  Capacity capacity_;
  std::vector<std::pair<std::uint64_t, double>> left_;  // in order of arrival, those in service first
};

RC_GTEST_PROP(Station, EndsEachJobWhenItHasGotItsWork, ()) {
  const auto workers = static_cast<std::uint32_t>(*rc::gen::element(1, 2, 3, 1000));
  const auto queue_limit = static_cast<std::uint32_t>(*rc::gen::element(0, 2, 1000));
  const auto actions = *rc::gen::container<std::vector<Action>>(any_action());
  Station station({.workers = workers, .queue_limit = queue_limit});
  Reference reference(workers, {});
  std::int64_t now = 0;
  double used = 0;
  std::uint64_t served = 0;
  const auto pass_to = [&](std::int64_t then) {
    used += static_cast<double>(then - now) * reference.rate() * static_cast<double>(reference.in_service());
    reference.pass(static_cast<double>(then - now));
    now = then;
  };
  // A job may be half a nanosecond short, and a little for what its fellows were.
  const auto depart_until = [&](std::int64_t limit) {
    while (const auto when = station.next_departure()) {
      if (to_ns(*when) > limit) break;
      pass_to(to_ns(*when));
      const double least = reference.least();
      const double rate = reference.rate();
      const Job job = station.depart(*when);
      ++served;
      const double left = reference.depart(job.tag);
      RC_ASSERT(std::abs(left) <= 0.5 * rate + 1e-3 || left <= 0);
      RC_ASSERT(left <= least + 1e-3);
    }
    if (limit != kNoLimit) pass_to(limit);
  };
  std::uint64_t tag = 0;
  for (const Action& action : actions) {
    depart_until(now + action.gap_ns);
    if (action.kind == 6) {
      const Capacity capacity{action.cores, action.background};
      station.set_capacity(from_ns(now), capacity);
      reference.set(capacity);
    } else if (action.kind < 6) {
      const bool full = reference.size() >= static_cast<std::size_t>(workers) + queue_limit;
      const auto admission = station.arrive(from_ns(now), tag, Duration(action.work_ns));
      RC_ASSERT((admission == Station::Admission::refused) == full);
      RC_ASSERT((admission == Station::Admission::started) == (reference.size() < workers));
      if (!full) reference.arrive(tag, action.work_ns);
      ++tag;
    }
    RC_ASSERT(station.in_service() == reference.in_service());
    RC_ASSERT(station.jobs() == reference.size());
  }
  station.set_capacity(from_ns(now), {.cores = 1});
  reference.set({.cores = 1});
  depart_until(kNoLimit);
  RC_ASSERT(reference.size() == 0u);
  const auto totals = station.totals(from_ns(now));
  RC_ASSERT(totals.served == served);
  RC_ASSERT(std::abs(totals.cpu_s * 1e9 - used) <= 1e-3 + 1e-9 * used);
}

}  // namespace
}  // namespace cats::sim
