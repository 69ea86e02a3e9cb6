// One station against queueing theory: the interval of 20 independent replications contains the closed form.
#include "tests/sim/closed_forms.h"

#include <gtest/gtest.h>

#include "tests/sim/network.h"

namespace cats::sim::test {
namespace {

TEST(ClosedForms, Mm1) {
  const auto outcomes = replicate({.rate = 0.6, .jobs = 30'000});
  expect_mean(outcomes, mean_sojourn, 1 / 0.4, 0.03, "sojourn");
  expect_mean(outcomes, mean_wait, 0.6 / 0.4, 0.05, "wait");
  expect_mean(
      outcomes, [](const Outcome& o) { return o.utilisation; }, 0.6, 0.01, "utilisation");
  expect_mean(
      outcomes, [](const Outcome& o) { return o.mean_jobs; }, 0.6 / 0.4, 0.04, "jobs");
  // The whole distribution of sojourns is exponential; a bucket's upper end is up to 1/64 above.
  for (const double q : {0.5, 0.9, 0.99}) {
    const auto interval = interval_of(outcomes, [&](const Outcome& o) { return to_seconds(o.sojourn.percentile(q)); });
    const double exact = -std::log(1 - q) / 0.4;
    EXPECT_LE(interval.lo, exact * (1 + 1.0 / 64)) << q;
    EXPECT_GE(interval.hi, exact) << q;
  }
}

TEST(ClosedForms, LittlesLawHoldsInEachReplication) {
  for (const Outcome& o : replicate({.rate = 0.6}, 5))
    EXPECT_NEAR(o.mean_jobs, o.arrival_rate * o.sojourn_s.mean(), 0.01 * o.mean_jobs);
}

TEST(ClosedForms, Mmc) {
  for (const int c : {2, 8}) {
    const double rate = 0.75 * c;
    const auto workers = static_cast<std::uint32_t>(c);
    const auto outcomes = replicate(
        {.station = {.workers = workers, .capacity = {.cores = static_cast<double>(c)}}, .rate = rate, .jobs = 30'000});
    expect_mean(outcomes, waited_share, erlang_c(c, rate), 0.04, "share that waits");
    expect_mean(outcomes, mean_wait, mmc_wait(c, rate, 1), 0.12, "wait");
    expect_mean(outcomes, mean_sojourn, mmc_wait(c, rate, 1) + 1, 0.05, "sojourn");
  }
}

TEST(ClosedForms, MG1FirstComeFirstServed) {
  const auto constant = replicate({.rate = 0.6, .work = load::Distribution::deterministic(1)});
  expect_mean(constant, mean_wait, mg1_wait(0.6, 1, 0), 0.05, "M/D/1");
  const auto varied = replicate({.rate = 0.5, .work = load::Distribution::lognormal(1, 1.5)});
  expect_mean(varied, mean_wait, mg1_wait(0.5, 1, 1.5), 0.12, "log-normal");
}

// Processor sharing: the mean sojourn depends on the mean demand alone.
struct Demand {
  const char* name;
  load::Distribution work;
};
class ProcessorSharing : public testing::TestWithParam<Demand> {};

TEST_P(ProcessorSharing, IsInsensitive) {
  const auto outcomes = replicate({.station = {.workers = Station::kUnlimited}, .rate = 0.6, .work = GetParam().work});
  expect_mean(outcomes, mean_sojourn, 1 / 0.4, 0.06, "sojourn");
  expect_mean(
      outcomes, [](const Outcome& o) { return o.utilisation; }, 0.6, 0.04, "utilisation");
}

INSTANTIATE_TEST_SUITE_P(ClosedForms, ProcessorSharing,
                         testing::Values(Demand{"Deterministic", load::Distribution::deterministic(1)},
                                         Demand{"Exponential", load::Distribution::exponential(1)},
                                         Demand{"LogNormal", load::Distribution::lognormal(1, 2)},
                                         Demand{"Pareto", load::Distribution::pareto(1, 2.5)}),
                         [](const auto& demand) { return demand.param.name; });

TEST(ClosedForms, Mmck) {
  constexpr int kWorkers = 2;
  constexpr int kPlaces = 6;
  constexpr double kRate = 2.2;  // more than it can serve
  const auto outcomes =
      replicate({.station = {.workers = kWorkers, .queue_limit = kPlaces - kWorkers, .capacity = {.cores = kWorkers}},
                 .rate = kRate});
  const double blocked = mmck_chance(kWorkers, kPlaces, kRate, kPlaces);
  double jobs = 0;
  for (int n = 1; n <= kPlaces; ++n) jobs += n * mmck_chance(kWorkers, kPlaces, kRate, n);
  expect_mean(
      outcomes, [](const Outcome& o) { return o.refused_share; }, blocked, 0.04, "refused");
  expect_mean(
      outcomes, [](const Outcome& o) { return o.mean_jobs; }, jobs, 0.02, "jobs");
  expect_mean(outcomes, mean_sojourn, jobs / (kRate * (1 - blocked)), 0.02, "sojourn");
  expect_mean(
      outcomes, [](const Outcome& o) { return o.utilisation; }, kRate * (1 - blocked) / kWorkers, 0.02, "utilisation");
}

// Exponential demands do not care how a core is divided among workers: with a quota of one core it is M/M/1 again.
TEST(ClosedForms, WorkersUnderAQuota) {
  const auto outcomes = replicate({.station = {.workers = 3, .capacity = {.cores = 1}}, .rate = 0.6});
  expect_mean(outcomes, mean_sojourn, 1 / 0.4, 0.04, "sojourn");
  const auto slow = replicate({.station = {.workers = 3, .capacity = {.cores = 0.2}}, .rate = 0.12});
  expect_mean(slow, mean_sojourn, 1 / 0.08, 0.04, "sojourn at a fifth");
}

TEST(ClosedForms, TheCheckCanFail) {
  const auto outcomes = replicate({.rate = 0.6, .work = load::Distribution::deterministic(1)});
  const auto interval = interval_of(outcomes, mean_wait);
  EXPECT_LT(interval.hi, 0.6 / 0.4) << "M/D/1 passes for M/M/1";
}

}  // namespace
}  // namespace cats::sim::test
