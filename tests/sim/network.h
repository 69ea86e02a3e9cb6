// Arrivals, a choice, stations: small networks whose figures are known in closed form.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "base/histogram.h"
#include "load/arrival_process.h"
#include "load/distribution.h"
#include "sim/alarm.h"
#include "sim/engine.h"
#include "sim/station.h"
#include "sim/statistics.h"
#include "suite/stats/statistics.h"

namespace cats::sim::test {

struct NetworkSettings {
  std::size_t stations = 1;
  Station::Settings station = {};
  double rate = 1;  // Poisson, of all arrivals together
  load::Distribution work = load::Distribution::exponential(1);
  // Which station the next job goes to; the first when empty.
  std::function<std::size_t(const std::vector<Station>&, RandomStream&)> choose = {};
  std::uint64_t warm_up = 2000;  // jobs that do not count
  std::uint64_t jobs = 20'000;   // arrivals after them
};

struct Outcome {
  RunningSum sojourn_s;
  RunningSum wait_s;
  Histogram sojourn;
  std::uint64_t waited = 0;  // jobs that did not start at once
  double refused_share = 0;
  double mean_jobs = 0;     // over time, of all stations together
  double utilisation = 0;   // CPU time over capacity
  double arrival_rate = 0;  // as it was
};

class Network {
 public:
  Network(NetworkSettings settings, std::uint64_t seed)
      : settings_(std::move(settings)),
        work_(settings_.work),
        choice_(seed, "choice"),
        demand_(seed, "demand"),
        arrivals_(load::poisson_arrivals(settings_.rate, RandomStream(seed, "arrivals"))),
        alarms_(settings_.stations),
        arrival_(*this),
        departure_(*this),
        arrival_number_(engine_.add(arrival_)),
        departure_number_(engine_.add(departure_)) {
    for (std::size_t i = 0; i < settings_.stations; ++i) stations_.emplace_back(settings_.station);
  }

  Outcome run() {
    engine_.at(*arrivals_->next(), arrival_number_, 0);
    engine_.run_until(Engine::kForever);
    return outcome_;
  }

 private:
  struct Arrival final : EventHandler {
    explicit Arrival(Network& n) : network(n) {}
    void on_event(std::uint32_t) override { network.arrive(); }
    Network& network;
  };
  struct Departure final : EventHandler {
    explicit Departure(Network& n) : network(n) {}
    void on_event(std::uint32_t i) override {
      if (network.alarms_[i].rang(network.engine_, network.departure_number_, i)) network.depart(i);
    }
    Network& network;
  };

  void arrive() {
    if (arrived_ == settings_.warm_up) before_ = sum();
    if (arrived_ == settings_.warm_up + settings_.jobs) return finish();
    const auto i = static_cast<std::uint32_t>(settings_.choose ? settings_.choose(stations_, choice_) : 0);
    stations_[i].arrive(engine_.now(), arrived_++, work_.draw_duration(demand_));
    set_alarm(i);
    engine_.at(*arrivals_->next(), arrival_number_, 0);
  }

  void depart(std::uint32_t i) {
    const Job job = stations_[i].depart(engine_.now());
    set_alarm(i);
    if (job.tag < settings_.warm_up) return;
    outcome_.sojourn_s.add(to_seconds(engine_.now() - job.arrived));
    outcome_.sojourn.record(engine_.now() - job.arrived);
    outcome_.wait_s.add(to_seconds(job.started - job.arrived));
    if (job.started > job.arrived) ++outcome_.waited;
  }

  void set_alarm(std::uint32_t i) {
    const auto next = stations_[i].next_departure();
    if (next)
      alarms_[i].set(engine_, departure_number_, i, *next);
    else
      alarms_[i].cancel();
  }

  struct Sum {
    Instant when;
    Station::Totals totals;
  };
  Sum sum() const {
    Sum sum{engine_.now(), {}};
    for (const Station& station : stations_) {
      const auto one = station.totals(engine_.now());
      sum.totals.arrived += one.arrived;
      sum.totals.refused += one.refused;
      sum.totals.cpu_s += one.cpu_s;
      sum.totals.capacity_s += one.capacity_s;
      sum.totals.in_service_s += one.in_service_s;
      sum.totals.waiting_s += one.waiting_s;
    }
    return sum;
  }

  // No more arrivals; the jobs that are there still leave.
  void finish() {
    const Sum now = sum();
    const double passed = to_seconds(now.when - before_.when);
    const auto difference = [&](auto member) {
      return static_cast<double>(now.totals.*member) - static_cast<double>(before_.totals.*member);
    };
    using Totals = Station::Totals;
    outcome_.refused_share = difference(&Totals::refused) / difference(&Totals::arrived);
    outcome_.mean_jobs = (difference(&Totals::in_service_s) + difference(&Totals::waiting_s)) / passed;
    outcome_.utilisation = difference(&Totals::cpu_s) / difference(&Totals::capacity_s);
    outcome_.arrival_rate = difference(&Totals::arrived) / passed;
  }

  NetworkSettings settings_;
  load::Distribution work_;
  RandomStream choice_;
  RandomStream demand_;
  Engine engine_;
  std::unique_ptr<load::ArrivalProcess> arrivals_;
  std::vector<Station> stations_;
  std::vector<Alarm> alarms_;
  Arrival arrival_;
  Departure departure_;
  std::uint32_t arrival_number_;
  std::uint32_t departure_number_;
  std::uint64_t arrived_ = 0;
  Sum before_;
  Outcome outcome_;
};

// Independent replications.
inline std::vector<Outcome> replicate(const NetworkSettings& settings, std::uint64_t replications = 20) {
  std::vector<Outcome> outcomes;
  for (std::uint64_t seed = 1; seed <= replications; ++seed) outcomes.push_back(Network(settings, seed).run());
  return outcomes;
}

// Student's interval at 99.9 % of a figure over replications.
template <class Figure>
suite::stats::Interval interval_of(const std::vector<Outcome>& outcomes, Figure figure) {
  std::vector<double> values;
  for (const Outcome& outcome : outcomes) values.push_back(figure(outcome));
  return *suite::stats::mean_interval(values, 0.999);
}

// The interval contains `exact`, and is narrow enough to mean something.
template <class Figure>
void expect_mean(const std::vector<Outcome>& outcomes, Figure figure, double exact, double narrow, const char* what) {
  const auto interval = interval_of(outcomes, figure);
  EXPECT_LE(interval.lo, exact) << what;
  EXPECT_GE(interval.hi, exact) << what;
  EXPECT_LE(interval.hi - interval.lo, 2 * narrow * exact) << what << ": " << interval.lo << " to " << interval.hi;
}

inline double mean_sojourn(const Outcome& outcome) { return outcome.sojourn_s.mean(); }
inline double mean_wait(const Outcome& outcome) { return outcome.wait_s.mean(); }
inline double waited_share(const Outcome& outcome) {
  return static_cast<double>(outcome.waited) / static_cast<double>(outcome.wait_s.count());
}

}  // namespace cats::sim::test
