#include "sim/station.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <tuple>
#include <utility>

#include <fmt/format.h>

namespace cats::sim {

double Capacity::rate(std::size_t n) const {
  const auto workers = static_cast<double>(n);
  if (background <= 0) return cores >= workers ? 1 : cores / workers;
  const double left = (cores - background) / workers;
  const double fair = cores / (workers + std::ceil(background));
  return std::min(1.0, std::max(left, fair));
}

double Capacity::beside(std::size_t n) const {
  const double left = n == 0 ? cores : cores - static_cast<double>(n) * rate(n);
  return std::min(background, std::max(0.0, left));
}

Station::Station(const Settings& settings, Instant now)
    : now_(now), queue_limit_(settings.queue_limit), workers_(settings.workers), capacity_{.cores = 0} {
  static_assert(sizeof(Station) == 3 * 64);
  if (workers_ == 0) throw std::invalid_argument("a station without workers");
  set_capacity(now, settings.capacity);
  if (settings.quota != Quota()) set_quota(now, settings.quota);
}

Station::Admission Station::arrive(Instant now, std::uint64_t tag, Duration work) {
  if (work < Duration::zero()) throw std::invalid_argument(fmt::format("job {} with work of {} ns", tag, work.count()));
  advance(now);
  if (serving_ < workers_) {
    start({.tag = tag, .arrived = now, .started = now}, work);
    set_rate();
    set_due();
    return Admission::started;
  }
  if (waiting_.size() >= queue_limit_) {
    ++refused_;
    return Admission::refused;
  }
  waiting_.push({.tag = tag, .arrived = now, .work = work});
  return Admission::queued;
}

Job Station::depart(Instant now) {
  if (to_ns(now) != due_ns_)
    throw std::logic_error(
        fmt::format("departure at {} ns from a station whose next is at {} ns", to_ns(now), due_ns_));
  advance(now);
  const Job job = first_.job;
  ++served_;
  if (--serving_ > 0) {
    first_ = others_.front();
    std::pop_heap(others_.begin(), others_.end(), Later());
    others_.pop_back();
  }
  if (waiting_.empty()) {
    set_rate();
  } else {  // as many in service as before
    const Waiting next = waiting_.pop();
    start({.tag = next.tag, .arrived = next.arrived, .started = now}, next.work);
  }
  set_due();
  return job;
}

void Station::set_capacity(Instant now, Capacity capacity) {
  if (!(capacity.cores >= 0 && capacity.background >= 0))
    throw std::invalid_argument(
        fmt::format("capacity of {} cores beside a load of {}", capacity.cores, capacity.background));
  advance(now);
  if (capacity.background > 0) extra();
  const double before = granted();
  capacity_ = capacity;
  capacity_before_s_ += (before - granted()) * to_seconds(now.time_since_epoch());
  set_rate();
  set_due();
}

void Station::set_quota(Instant now, const Quota& quota) {
  if (!(quota.cores >= 0 && quota.period >= Duration::zero()))
    throw std::invalid_argument(fmt::format("quota of {} cores in {} ns", quota.cores, quota.period.count()));
  advance(now);
  const double before = granted();
  Extra& limit = extra();
  limit.quota = quota;
  capacity_before_s_ += (before - granted()) * to_seconds(now.time_since_epoch());
  const std::int64_t period = quota.period.count();
  if (period > 0) {
    limit.budget_ns = quota.cores * static_cast<double>(period);
    const std::int64_t into = (to_ns(now) - quota.phase.count()) % period;
    limit.next_ns = to_ns(now) + (into < 0 ? -into : period - into);
  }
  set_due();
}

std::optional<Instant> Station::when_run(double running_ns) const {
  const std::int64_t then = ns_when_run(running_ns);
  return then == kNever ? std::nullopt : std::optional(from_ns(then));
}

std::vector<Job> Station::clear(Instant now) {
  advance(now);
  std::vector<Job> lost;
  if (serving_ > 0) lost.push_back(first_.job);
  for (const Serving& serving : others_) lost.push_back(serving.job);
  while (!waiting_.empty()) {
    const Waiting waiting = waiting_.pop();
    lost.push_back({.tag = waiting.tag, .arrived = waiting.arrived, .started = now});
  }
  std::stable_sort(lost.begin(), lost.begin() + serving_,
                   [](const Job& a, const Job& b) { return std::tie(a.arrived, a.tag) < std::tie(b.arrived, b.tag); });
  others_.clear();
  serving_ = 0;
  if (!lost.empty()) extra().lost += lost.size();
  set_rate();
  set_due();
  return lost;
}

Station::Totals Station::totals(Instant now) const {
  const auto passed = static_cast<double>((now - now_).count());
  const double running = has_quota() ? run_until(now).running_ns : passed;
  const double serving = serving_;
  Totals totals;
  totals.refused = refused_;
  totals.served = served_;
  if (extra_) {
    totals.lost = extra_->lost;
    totals.beside_s = 1e-9 * (extra_->beside_ns + running * capacity_.beside(serving_));
  }
  totals.arrived = refused_ + served_ + totals.lost + jobs();
  totals.cpu_s = 1e-9 * (cpu_ns_ + running * rate_ * serving);
  totals.capacity_s = capacity_before_s_ + granted() * to_seconds(now.time_since_epoch());
  totals.in_service_s = 1e-9 * (in_service_ns_ + passed * serving);
  totals.waiting_s = 1e-9 * (waiting_ns_ + passed * static_cast<double>(waiting_.size()));
  return totals;
}

void Station::pass(Instant now) {
  if (now < now_ || to_ns(now) > due_ns_)
    throw std::logic_error(fmt::format("a call at {} ns to a station where it is {} ns and a job ends at {} ns",
                                       to_ns(now), to_ns(now_), due_ns_));
  const auto passed = static_cast<double>((now - now_).count());
  double running = passed;
  if (extra_) {
    if (has_quota()) {
      const Run run = run_until(now);
      running = run.running_ns;
      extra_->budget_ns = run.budget_ns;
      extra_->next_ns = run.next_ns;
    }
    extra_->beside_ns += running * capacity_.beside(serving_);
  }
  if (serving_ > 0) {
    const double progress = running * rate_;
    done_ns_ += progress;
    cpu_ns_ += progress * serving_;
    in_service_ns_ += passed * serving_;
    waiting_ns_ += passed * static_cast<double>(waiting_.size());
  }
  now_ = now;
}

void Station::start(const Job& job, Duration work) {
  if (serving_++ == 0) {
    done_ns_ = 0;
    first_ = {static_cast<double>(work.count()), job};
    return;
  }
  Serving serving{done_ns_ + static_cast<double>(work.count()), job};
  if (serving.before(first_)) std::swap(serving, first_);
  others_.push_back(serving);
  std::push_heap(others_.begin(), others_.end(), Later());
}

void Station::set_rate() { rate_ = serving_ == 0 ? 0 : capacity_.rate(serving_); }

void Station::set_due() {
  if (serving_ == 0) {
    due_ns_ = kNever;
    return;
  }
  double left = std::max(0.0, first_.end - done_ns_);
  if (rate_ != 1) left /= rate_;
  due_ns_ = ns_when_run(left);
}

double Station::granted() const {
  return has_quota() ? std::min(capacity_.cores, extra_->quota.cores) : capacity_.cores;
}

double Station::used() const { return serving_ * rate_ + capacity_.beside(serving_); }

Station::Extra& Station::extra() {
  if (!extra_) extra_ = std::make_unique<Extra>();
  return *extra_;
}

// With a quota.
Station::Run Station::run_until(Instant now) const {
  const double speed = used();
  const std::int64_t period = extra_->quota.period.count();
  const double budget = extra_->quota.cores * static_cast<double>(period);
  const auto run = [speed](std::int64_t time, double budget_ns) {  // within a period
    const auto length = static_cast<double>(time);
    const double use = length * speed;
    return use < budget_ns || speed <= 0 ? Run{length, budget_ns - use, 0} : Run{budget_ns / speed, 0, 0};
  };
  const std::int64_t end = to_ns(now);
  const std::int64_t next = extra_->next_ns;
  Run all = run(std::min(end, next) - to_ns(now_), extra_->budget_ns);
  all.next_ns = next;
  if (end < next) return all;
  const std::int64_t whole = (end - next) / period;
  const Run last = run((end - next) % period, budget);
  all.running_ns += static_cast<double>(whole) * run(period, budget).running_ns + last.running_ns;
  return {all.running_ns, last.budget_ns, next + (whole + 1) * period};
}

// To the nearest nanosecond: a job ends with up to half of one too much or too little, and no other job feels it. A job
// whose end and the budget's are less than that apart does not wait for the next period.
std::int64_t Station::ns_when_run(double running_ns) const {
  constexpr double kRounding = 0.5;
  constexpr std::int64_t kMost = kNever / 2;
  const auto most = static_cast<double>(kMost);
  const auto after = [&](double passed) {
    return passed < most ? to_ns(now_) + static_cast<std::int64_t>(passed + kRounding) : kNever;
  };
  if (!has_quota()) return after(running_ns);
  const double speed = used();
  const auto to_next = static_cast<double>(extra_->next_ns - to_ns(now_));
  const double at_once = speed > 0 ? std::min(to_next, extra_->budget_ns / speed) : to_next;
  if (running_ns <= at_once + kRounding) return after(std::min(running_ns, at_once));
  const auto period = static_cast<double>(extra_->quota.period.count());
  const double each = speed > 0 ? std::min(period, extra_->quota.cores * period / speed) : period;
  if (!(each > 0)) return kNever;
  const double further = running_ns - at_once;
  double whole = std::floor(further / each);
  double rest = further - whole * each;
  if (whole > 0 && rest < kRounding) {
    whole -= 1;
    rest = each;
  }
  return after(to_next + whole * period + rest);
}

}  // namespace cats::sim
