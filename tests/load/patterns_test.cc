// How arrivals and durations are drawn, and how load descriptions say it.
#include "load/patterns.h"

#include <cmath>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "load/load.h"
#include "load/pattern_json.h"
#include "tests/support/temporary_directory.h"

namespace cats::load {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using Times = std::vector<Duration>;
using Values = std::vector<double>;

std::vector<Instant> until(const ArrivalPattern& pattern, double rate, Duration end) {
  const auto process = make_arrivals(pattern, rate, RandomStream(1, "arrivals"), Instant());
  std::vector<Instant> times;
  for (auto when = process->next(); when && *when < Instant(end); when = process->next()) times.push_back(*when);
  return times;
}

ArrivalPattern modulated() {
  ArrivalPattern pattern = Arrivals::modulated;
  pattern.states = {{1, 2s}, {10, 200ms}};
  return pattern;
}

ArrivalPattern daily() {
  ArrivalPattern pattern = Arrivals::daily;
  pattern.period = 10s;
  pattern.curve = {{2s, 1}, {6s, 3}};
  return pattern;
}

ArrivalPattern recorded(Times times, std::optional<Duration> repeat = {}) {
  ArrivalPattern pattern = Arrivals::trace;
  pattern.file = "traces/a.csv";
  pattern.repeat = repeat;
  pattern.times = std::make_shared<Times>(std::move(times));
  return pattern;
}

TEST(Patterns, TheRateIsTheMeanWhateverTheLevels) {
  for (ArrivalPattern pattern : {modulated(), daily()}) {
    const auto seen = static_cast<double>(until(pattern, 50, 4000s).size());
    EXPECT_NEAR(seen / 4000, 50, 3) << to_string(pattern.process);
    for (auto& state : pattern.states) state.level *= 7;
    for (auto& point : pattern.curve) point.level *= 7;
    EXPECT_NEAR(static_cast<double>(until(pattern, 50, 4000s).size()), seen, 2) << to_string(pattern.process);
  }
}

TEST(Patterns, ADayHasItsHours) {
  int early = 0;
  const auto times = until(daily(), 50, 1000s);
  for (const Instant when : times) early += when.time_since_epoch() % Duration(10s) < 4s ? 1 : 0;
  // From 5/3 at 0 s down to 1 at 2 s and up to 2 at 4 s: 17/3 of 20.
  EXPECT_NEAR(early, 50'000 * 17.0 / 60, 4 * std::sqrt(50'000.0 / 3));
}

TEST(Patterns, ATraceIsPlayedAsRecordedOrAtTheRateThatIsAskedFor) {
  const Times times{0s, 1s, 1s, 4s};
  EXPECT_EQ(mean_rate(times, {}), 1);
  EXPECT_EQ(mean_rate(times, 8s), 0.5);
  EXPECT_THAT(until(recorded(times), 1, 100s), ElementsAre(Instant(0s), Instant(1s), Instant(1s), Instant(4s)));
  EXPECT_THAT(until(recorded(times), 2, 100s), ElementsAre(Instant(0s), Instant(500ms), Instant(500ms), Instant(2s)));
  // Half a time per second was recorded.
  EXPECT_THAT(until(recorded({1s, 3s}, 4s), 1, 4s),
              ElementsAre(Instant(500ms), Instant(1500ms), Instant(2500ms), Instant(3500ms)));
  EXPECT_THAT(until(recorded({1s, 3s}, 4s), 0.5, 8s), ElementsAre(Instant(1s), Instant(3s), Instant(5s), Instant(7s)));
}

TEST(Patterns, RefuseWhatCannotBe) {
  const RandomStream random(1, "");
  ArrivalPattern silent = modulated();
  for (auto& state : silent.states) state.level = 0;
  EXPECT_THROW(make_arrivals(silent, 1, random, {}), std::invalid_argument);
  EXPECT_THROW(make_arrivals(Arrivals::modulated, 1, random, {}), std::invalid_argument);
  EXPECT_THROW(make_arrivals(Arrivals::daily, 1, random, {}), std::invalid_argument);
  EXPECT_THROW(make_arrivals(Arrivals::trace, 1, random, {}), std::invalid_argument);
  ArrivalPattern late = daily();
  late.period = 5s;
  EXPECT_THROW(make_arrivals(late, 1, random, {}), std::invalid_argument);
}

TEST(Patterns, ATraceOfDurationsHasTheirMean) {
  RandomDuration work;
  work.law = RandomDuration::Law::trace;
  work.set_values(std::make_shared<Values>(Values{0.001, 0.002, 0.006}));
  EXPECT_EQ(work.mean, 3ms);
  EXPECT_DOUBLE_EQ(distribution_of(work).mean(), 0.003);
}

TEST(Patterns, AreToldInWords) {
  EXPECT_EQ(text_of(RandomDuration::fixed(200us)), "200us");
  EXPECT_EQ(text_of(RandomDuration::exponential(1s)), "exponential with mean 1s");
  EXPECT_EQ(text_of(ArrivalPattern(Arrivals::poisson)), "poisson");
  EXPECT_EQ(text_of(modulated()), "modulated: 1 for 2s, 10 for 200ms");
  EXPECT_EQ(text_of(daily()), "daily: 1 at 2s, 3 at 6s, again every 10s");
  EXPECT_EQ(text_of(recorded({1s}, 1min)), "trace: traces/a.csv, again every 1min");
}

nlohmann::json description() {
  return {{"trial", "t"},  {"seed", 7},           {"service", "2001:2::100"},
          {"port", 80},    {"work_us", 500},      {"timeout_ns", 1000},
          {"start_ns", 5}, {"duration_ns", 1000}, {"short", {{"rate", 2.0}, {"arrivals", "poisson"}}}};
}

TEST(PatternJson, SurvivesEveryKind) {
  for (const char* arrivals :
       {R"({"arrivals":"modulated","states":[{"level":1.0,"stay_ns":5},{"level":2.5,"stay_ns":7}]})",
        R"({"arrivals":"daily","period_ns":100,"curve":[{"at_ns":0,"level":1.0},{"at_ns":50,"level":0.0}]})",
        R"({"arrivals":"trace","trace":"traces/a.csv","repeat_ns":9})",
        R"({"arrivals":"trace","trace":"traces/a.csv"})"})
    for (const char* work : {R"({"distribution":"exponential","mean_ns":100})",
                             R"({"distribution":"log-normal","mean_ns":100,"deviation_ns":250})",
                             R"({"distribution":"pareto","mean_ns":100,"shape":1.5})",
                             R"({"distribution":"trace","trace":"traces/w.csv"})"}) {
      nlohmann::json json = description();
      json.erase("work_us");
      json["work"] = nlohmann::json::parse(work);
      json["short"].update(nlohmann::json::parse(arrivals));
      json["flows"] = {{"count", 3}, {"hosts", 1}, {"host", 0}, {"rate", 1.0}, {"gap_ns", 10}};
      json["flows"].update(nlohmann::json::parse(arrivals));
      json["flows"]["duration"] = json["work"];
      const auto read = parse_load(json);
      ASSERT_TRUE(read) << read.error().message;
      nlohmann::json written = to_json(*read);
      EXPECT_EQ(written["work"], json["work"]);
      json["short"].update({{"requests", 1}, {"gap_ns", 0}});
      EXPECT_EQ(written["short"], json["short"]);
      if (json["work"]["distribution"] == "exponential") {
        json["flows"].erase("duration");
        json["flows"]["duration_ns"] = 100;
      }
      EXPECT_EQ(written["flows"], json["flows"]);
    }
}

TEST(PatternJson, NamesWhatIsWrong) {
  nlohmann::json json = description();
  json["short"]["arrivals"] = "modulated";
  json["short"]["states"] = {{{"level", 0.0}, {"stay_ns", 5}}};
  json["work"] = {{"distribution", "pareto"}, {"mean_ns", 5}, {"shape", 1.0}};
  const auto read = parse_load(json);
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message,
              HasSubstr("load.short.arrivals cannot be: modulated arrivals: no level is above 0"));
  EXPECT_THAT(read.error().message, HasSubstr("load.work.distribution cannot be: Pareto: shape is 1"));
  EXPECT_THAT(read.error().message, HasSubstr("load.work_us is not known"));
  json = description();
  json["work_us"] = 60'000'001;
  EXPECT_THAT(parse_load(json).error().message, HasSubstr("load.work is above 60 s"));
  json["work_us"] = 60'000'000;
  EXPECT_TRUE(parse_load(json));
}

class PatternTraces : public testing::Test {
 protected:
  PatternTraces() { std::filesystem::create_directory(directory_ / kTraces); }
  void file(const std::string& text) { write_file(directory_ / "traces/a.csv", text); }
  static LoadDescription load() {
    LoadDescription load;
    load.short_sessions = ShortLoad{1, Arrivals::trace, 1, 0ms};
    load.short_sessions->arrivals.file = in_run_directory("/elsewhere/a.csv");
    return load;
  }
  std::string error(LoadDescription load) {
    const auto done = read_traces(load, directory_.path());
    return done ? "" : done.error().message;
  }
  support::TemporaryDirectory directory_;
};

TEST_F(PatternTraces, AreReadFromTheRunDirectory) {
  file("1\n2\n");
  LoadDescription one = load();
  ASSERT_TRUE(read_traces(one, directory_.path()));
  EXPECT_THAT(*one.short_sessions->arrivals.times, ElementsAre(1s, 2s));
}

TEST_F(PatternTraces, RefuseWhatCannotBePlayed) {
  EXPECT_THAT(error(load()), HasSubstr("traces/a.csv: no such file"));
  file("# none\n");
  EXPECT_THAT(error(load()), HasSubstr("traces/a.csv: no times"));
  file("0\n");
  EXPECT_THAT(error(load()), HasSubstr("they end at 0 s"));
  file("1\n5\n");
  LoadDescription again = load();
  again.short_sessions->arrivals.repeat = 5s;
  EXPECT_THAT(error(again), HasSubstr("not before repeat_ns"));
  LoadDescription flows = load();
  flows.flows = FlowLoad{3, 1, 0, 1, load().short_sessions->arrivals, RandomDuration::exponential(1s), 100ms};
  EXPECT_EQ(error(flows), "traces/a.csv: 2 times for 3 flows");
  flows.flows->arrivals.repeat = 6s;
  EXPECT_EQ(error(flows), "");
}

}  // namespace
}  // namespace cats::load
