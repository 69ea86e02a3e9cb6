#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "load/load.h"

namespace cats::load {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

LoadDescription description() {
  LoadDescription load;
  load.trial = "t";
  load.seed = 7;
  load.service = IpAddress::of("2001:2::100");
  load.port = 80;
  load.persistent = PersistentLoad{4, 100ms, Arrivals::poisson};
  load.short_sessions = ShortLoad{50, Arrivals::poisson, 1, 0ms};
  load.timeout = 1s;
  load.start = from_ns(1'000'000'000);
  load.duration = 100s;
  return load;
}

template <class Schedule>
std::vector<Instant> all(Schedule schedule) {
  std::vector<Instant> times;
  while (const auto t = schedule.next()) times.push_back(*t);
  return times;
}

// Mean and variance of the gaps, in seconds.
std::pair<double, double> gaps(const std::vector<Instant>& times) {
  double sum = 0;
  double squares = 0;
  for (std::size_t i = 1; i < times.size(); ++i) {
    const double gap = to_seconds(times[i] - times[i - 1]);
    sum += gap;
    squares += gap * gap;
  }
  const auto n = static_cast<double>(times.size() - 1);
  return {sum / n, squares / n - sum / n * (sum / n)};
}

TEST(Schedule, ASeedGivesTheSameTimesAndAnotherSeedOrHostOthers) {
  const auto load = description();
  auto other = load;
  other.seed = 8;
  EXPECT_EQ(all(ShortSchedule(load, "h1")), all(ShortSchedule(load, "h1")));
  EXPECT_NE(all(ShortSchedule(load, "h1")), all(ShortSchedule(load, "h2")));
  EXPECT_NE(all(ShortSchedule(load, "h1")), all(ShortSchedule(other, "h1")));
  EXPECT_EQ(all(PersistentSchedule(load, "h1", 2)), all(PersistentSchedule(load, "h1", 2)));
  EXPECT_NE(all(PersistentSchedule(load, "h1", 2)), all(PersistentSchedule(load, "h1", 3)));
}

TEST(Schedule, AnotherSessionCountDisturbsNobody) {
  auto load = description();
  const auto before = all(PersistentSchedule(load, "h1", 0));
  load.persistent->sessions = 400;
  EXPECT_EQ(all(PersistentSchedule(load, "h1", 0)), before);
}

TEST(Schedule, PoissonArrivalsHaveTheRateAndTheVariance) {
  auto load = description();
  load.duration = 1000s;
  const auto times = all(ShortSchedule(load, "h1"));
  // Count within 4 standard deviations; gaps exponential: variance = mean².
  EXPECT_NEAR(static_cast<double>(times.size()), 50'000, 4 * std::sqrt(50'000));
  const auto [mean, variance] = gaps(times);
  EXPECT_NEAR(mean, 0.02, 0.0005);
  EXPECT_NEAR(variance, 0.0004, 0.00003);
}

TEST(Schedule, ConstantArrivalsAreEvenAndStayInside) {
  auto load = description();
  load.short_sessions->arrivals = load.persistent->arrivals = Arrivals::constant;
  for (const auto& times : {all(ShortSchedule(load, "h1")), all(PersistentSchedule(load, "h1", 1))}) {
    EXPECT_GE(times.front(), load.start);
    EXPECT_LT(times.back(), load.end());
    EXPECT_LT(gaps(times).second, 1e-12);
  }
  EXPECT_EQ(all(ShortSchedule(load, "h1")).size(), 5000u);
  EXPECT_EQ(all(PersistentSchedule(load, "h1", 1)).size(), 1000u);
}

LoadDescription hundred_flows() {
  auto load = description();
  load.flows = FlowLoad{100, 2, 0, 50, Arrivals::poisson, RandomDuration::exponential(1s), 100ms};
  return load;
}

TEST(Flows, AreAsManyAsAskedForAndTheSameOnEveryHost) {
  const auto one = hundred_flows();
  auto other = one;
  other.flows->host = 1;
  other.persistent.reset();
  const auto flows = draw_flows(one);
  const auto again = draw_flows(other);
  ASSERT_EQ(flows.size(), 100u);
  for (std::size_t i = 0; i < flows.size(); ++i) {
    EXPECT_EQ(flows[i].opens, again[i].opens);
    EXPECT_EQ(flows[i].ends, again[i].ends);
  }
  other.seed = 8;
  EXPECT_NE(draw_flows(other)[0].opens, flows[0].opens);
}

TEST(Flows, OpenAtTheRateAndLiveAsLongAsTheMeanSays) {
  auto load = hundred_flows();
  load.flows->count = 20'000;
  const auto flows = draw_flows(load);
  std::vector<Instant> opens;
  double lives = 0;
  for (const Flow& flow : flows) {
    opens.push_back(flow.opens);
    lives += to_seconds(flow.ends - flow.opens);
  }
  const auto [mean, variance] = gaps(opens);
  EXPECT_NEAR(mean, 0.02, 0.0006);  // 4 standard deviations
  EXPECT_NEAR(variance, 0.0004, 0.00005);
  EXPECT_NEAR(lives / 20'000, 1, 0.03);
}

TEST(Flows, AnotherRateLeavesTheirLivesAlone) {
  auto load = hundred_flows();
  const auto slow = draw_flows(load);
  load.flows->rate = 500;
  const auto fast = draw_flows(load);
  for (std::size_t i = 0; i < slow.size(); ++i) EXPECT_EQ(slow[i].ends - slow[i].opens, fast[i].ends - fast[i].opens);
}

TEST(Schedule, ShortSessionsOpenAsTheirPatternSays) {
  auto load = description();
  load.short_sessions->arrivals = Arrivals::trace;
  load.short_sessions->arrivals.times = std::make_shared<std::vector<Duration>>(std::vector<Duration>{1s, 2s, 200s});
  load.short_sessions->rate = mean_rate(*load.short_sessions->arrivals.times, {});
  EXPECT_EQ(all(ShortSchedule(load, "h1")), (std::vector<Instant>{load.start + 1s, load.start + 2s}));
}

TEST(Flows, MayOpenByATraceAndLiveAsLongAsEachOther) {
  auto load = hundred_flows();
  load.flows->arrivals = Arrivals::trace;
  load.flows->arrivals.times = std::make_shared<std::vector<Duration>>(std::vector<Duration>{1s, 2s});
  load.flows->rate = 1;
  load.flows->duration = RandomDuration::fixed(3s);
  const auto flows = draw_flows(load);
  ASSERT_EQ(flows.size(), 2u);
  EXPECT_EQ(flows[1].opens, load.start + 2s);
  EXPECT_EQ(flows[1].ends, load.start + 5s);
}

std::vector<Duration> draws(WorkDraws work, int n) {
  std::vector<Duration> all;
  for (int i = 0; i < n; ++i) all.push_back(work.next());
  return all;
}

TEST(Work, EachSessionHasDrawsOfItsOwn) {
  const Distribution law = distribution_of(RandomDuration::exponential(200us));
  const auto one = draws({law, 7, "load/h1/work/short/0"}, 1000);
  EXPECT_EQ(draws({law, 7, "load/h1/work/short/0"}, 1000), one);
  EXPECT_NE(draws({law, 7, "load/h1/work/short/1"}, 1000), one);
  EXPECT_NE(draws({law, 8, "load/h1/work/short/0"}, 1000), one);
  Duration sum{};
  for (const Duration each : one) {
    EXPECT_EQ(each % 1us, 0ns);
    sum += each;
  }
  EXPECT_NEAR(to_seconds(sum) / 1000, 200e-6, 4 * 200e-6 / std::sqrt(1000));
}

TEST(Work, IsRoundedAndHasALimit) {
  EXPECT_EQ(draws({Distribution::deterministic(321e-6), 1, ""}, 2), (std::vector<Duration>{321us, 321us}));
  EXPECT_EQ(draws({Distribution::deterministic(1.6e-6), 1, ""}, 1), (std::vector<Duration>{2us}));
  EXPECT_EQ(draws({Distribution::deterministic(1e9), 1, ""}, 1), (std::vector<Duration>{kMostWork}));
}

TEST(Description, SurvivesJson) {
  auto load = description();
  load.flows = FlowLoad{100, 2, 1, 50, Arrivals::constant, RandomDuration::exponential(1s), 100ms};
  load.source_ports = SourcePorts{20000, 500};
  auto json = nlohmann::json(to_json(load));
  json["do"] = "load";
  const auto read = parse_load(json);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(to_json(*read), to_json(load));
}

TEST(Description, NamesEverythingThatIsWrong) {
  auto json = nlohmann::json(to_json(description()));
  json["short"]["rate"] = 0;
  json["short"]["arrivals"] = "bursty";
  json["persistent"]["sesions"] = 3;
  json["flows"] = {{"count", 0},       {"hosts", 2},   {"host", 2}, {"rate", 50.0}, {"arrivals", "poisson"},
                   {"duration_ns", 0}, {"gap_ns", 100}};
  json["trial"] = "a,b";
  json.erase("seed");
  json["service"] = "somewhere";
  const auto read = parse_load(json);
  ASSERT_FALSE(read);
  for (const char* part :
       {"load.short.rate is not above 0", "load.short.arrivals is \"bursty\"", "load.persistent.sesions is not known",
        "load.flows.count is 0", "load.flows.host is not below", "load.flows.duration_ns is not above 0", "load.trial",
        "load.seed is missing", "load.service is \"somewhere\", not an IP address"})
    EXPECT_THAT(read.error().message, HasSubstr(part));
}

}  // namespace
}  // namespace cats::load
