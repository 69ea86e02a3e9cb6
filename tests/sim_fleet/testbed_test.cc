// A fleet behind scenarios::Testbed, as the trial loop uses it.
#include "sim/fleet/testbed.h"

#include <filesystem>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "tests/sim_fleet/described.h"
#include "tests/support/temporary_directory.h"

namespace cats::sim::fleet {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::SizeIs;

class FleetRun {
 public:
  FleetTestbed& testbed() { return testbed_; }
  const std::vector<scenarios::PreflightCheck>& checks() const { return checks_; }

  // A trial as the test `fleet` has it; returns the sums.
  json trial(const std::string& name, std::uint64_t seed, Duration warm_up = 2s, Duration measure = 5s) {
    testbed_.command("fleet", {{"do", "make"},
                               {"trial", name},
                               {"seed", seed},
                               {"warm_up_ns", warm_up.count()},
                               {"watch_ns", Duration(1s).count()}});
    testbed_.sleep_until(testbed_.now() + warm_up);
    testbed_.command("fleet", {{"do", "measure"}});
    testbed_.sleep_until(testbed_.now() + measure);
    const json sums = testbed_.command("fleet", {{"do", "sums"}});
    testbed_.command("fleet", {{"do", "end"}});
    return sums;
  }

  std::vector<json> events(const std::string& name, const std::string& trial) {
    const auto all = read_events(directory_ / "events/fleet.jsonl");
    std::vector<json> found;
    for (const json& event : all.value())
      if (event.at("event") == name && event.at("trial") == trial) found.push_back(event);
    return found;
  }
  std::string log() const { return read_file(directory_ / "events/fleet.jsonl"); }

 private:
  FleetTestbed::Options options() {
    std::filesystem::create_directories(directory_ / "events");
    FleetTestbed::Options options;
    options.run_directory = directory_.path();
    options.checked = [this](const std::vector<scenarios::PreflightCheck>& checks, bool) { checks_ = checks; };
    return options;
  }

  support::TemporaryDirectory directory_;
  std::vector<scenarios::PreflightCheck> checks_;
  FleetTestbed testbed_{options()};
};

std::int64_t sum_of(const std::vector<json>& events, const char* field) {
  std::int64_t sum = 0;
  for (const json& event : events) sum += event.at(field).get<std::int64_t>();
  return sum;
}

TEST(FleetTestbed, LogsWindowsAndSums) {
  FleetRun run;
  scenarios::Scenario scenario = described(20, 3);
  scenario.fleet->capacity = {2, 1};
  run.testbed().configure(scenario);
  const Instant begun = run.testbed().now();
  const json reply = run.trial("fleet.0.0", 5);
  EXPECT_EQ(run.testbed().now(), begun + 7s);
  const auto windows = run.events("fleet_window", "fleet.0.0");
  ASSERT_THAT(windows, SizeIs(5));
  EXPECT_EQ(windows.front().at("t_ns"), to_ns(begun + 3s));
  const auto told = run.events("fleet_sums", "fleet.0.0");
  ASSERT_THAT(told, SizeIs(1));
  const json& sums = told.front();
  EXPECT_EQ(sums.at("t_ns"), to_ns(begun + 7s));
  EXPECT_EQ(sums.at("time_ns"), Duration(5s).count());
  EXPECT_EQ(sums.at("capacity"), json({2.0, 1.0}));
  for (const char* field : {"flows", "served", "refused", "lost", "unsteered"}) {
    EXPECT_EQ(sum_of(windows, field), sums.at(field).get<std::int64_t>()) << field;
    EXPECT_EQ(reply.at(field), sums.at(field)) << field;
  }
  EXPECT_NEAR(sums.at("flows").get<double>(), 0.7 * 30 * 100 * 5, 500);
  const auto by_site = sums.at("site_flows").get<std::vector<std::int64_t>>();
  EXPECT_THAT(by_site, SizeIs(20));
  EXPECT_EQ(std::accumulate(by_site.begin(), by_site.end(), std::int64_t{0}), sums.at("flows").get<std::int64_t>());
  std::int64_t counted = 0;
  for (const json& bucket : sums.at("latency")) counted += bucket.at(1).get<std::int64_t>();
  EXPECT_EQ(counted, sums.at("served").get<std::int64_t>());
  double used = 0;
  for (const json& ns : sums.at("site_used_ns")) used += ns.get<double>();
  EXPECT_NEAR(used / (30 * 5e9), 0.7, 0.05);
}

TEST(FleetTestbed, TheSameSeedWritesTheSameBytes) {
  const auto written = [](std::uint64_t seed) {
    FleetRun run;
    run.testbed().configure(described(20, 3));
    run.trial("fleet.0.0", seed);
    return run.log();
  };
  const std::string log = written(1);
  EXPECT_FALSE(log.empty());
  EXPECT_EQ(written(1), log);
  EXPECT_NE(written(2), log);
}

// Nothing of a trial is left for the next one, whatever it was.
TEST(FleetTestbed, TrialsDoNotDisturbEachOther) {
  FleetRun alone;
  alone.testbed().configure(described(20, 3));
  FleetRun later;
  scenarios::Scenario other = described(7, 1);
  other.algorithm.name = "global-min";
  later.testbed().configure(other);
  later.trial("fleet.0.0", 3);
  later.testbed().configure(described(20, 3));
  EXPECT_EQ(later.trial("fleet.1.0", 9), alone.trial("fleet.1.0", 9));
  const auto without_time = [](std::vector<json> events) {
    for (json& event : events) event.erase("t_ns");
    return events;
  };
  for (const char* event : {"fleet_window", "fleet_sums"})
    EXPECT_EQ(without_time(later.events(event, "fleet.1.0")), without_time(alone.events(event, "fleet.1.0"))) << event;
}

TEST(FleetTestbed, TimeGoesOnWithAndWithoutAFleet) {
  FleetRun run;
  const Instant begun = run.testbed().now();
  run.testbed().sleep_until(begun + 3s);
  EXPECT_EQ(run.testbed().now(), begun + 3s);
  run.testbed().configure(described(2, 1));
  run.trial("fleet.0.0", 1, 1s, 2s);
  EXPECT_EQ(run.testbed().now(), begun + 6s);
  run.testbed().sleep_until(begun + 5s);  // was already
  EXPECT_EQ(run.testbed().now(), begun + 6s);
  EXPECT_EQ(run.testbed().clock().now(), begun + 6s);
}

TEST(FleetTestbed, BeginsWhenItIsTold) {
  const support::TemporaryDirectory directory;
  std::filesystem::create_directories(directory / "events");
  FleetTestbed::Options options;
  options.run_directory = directory.path();
  options.begins = Instant(5000s);
  EXPECT_EQ(FleetTestbed(options).now(), Instant(5000s));
}

std::string refusal(FleetTestbed& testbed, const std::string& node, const json& request) {
  try {
    testbed.command(node, request);
  } catch (const MeasurementError& error) {
    return error.what();
  }
  return "";
}

TEST(FleetTestbed, RefusesWhatItIsNot) {
  FleetRun run;
  FleetTestbed& testbed = run.testbed();
  const json make = {{"do", "make"}, {"trial", "t"}, {"seed", 1}, {"warm_up_ns", 0}, {"watch_ns", 1000000}};
  EXPECT_THAT(refusal(testbed, "fleet", make), HasSubstr("configure it first"));
  testbed.configure(described(2, 1));
  EXPECT_THAT(refusal(testbed, "fleet", {{"do", "measure"}}), HasSubstr("command \"make\" first"));
  EXPECT_THAT(refusal(testbed, "es1", {{"do", "status"}}), HasSubstr("es1: status: there is no agent but fleet"));
  EXPECT_THAT(refusal(testbed, "fleet", {{"do", "status"}}), HasSubstr("fleet: status: unknown"));
  EXPECT_THAT(refusal(testbed, "fleet", {{"do", "make"}, {"trial", "t"}}), HasSubstr("\"warm_up_ns\" is missing"));
  EXPECT_EQ(refusal(testbed, "fleet", make), "");
  EXPECT_THROW(testbed.lose("fleet", scenarios::Part::agent), MeasurementError);
  EXPECT_THROW(testbed.set_link("a", "b", false), MeasurementError);
  EXPECT_THROW(testbed.cpu_time("fleet"), MeasurementError);
  EXPECT_THROW(testbed.configure(scenarios::Scenario()), std::logic_error);
}

TEST(FleetTestbed, ThePreflightSaysWhatCannotBeMade) {
  FleetRun run;
  run.testbed().configure(described(2, 1));
  ASSERT_THAT(run.checks(), SizeIs(1));
  EXPECT_TRUE(run.checks().front().ok);
  EXPECT_THAT(run.checks().front().check, HasSubstr("2 sites and 1 ingresses"));
  scenarios::Scenario scenario = described(2, 1);
  scenario.algorithm.name = "metadata-cost";
  run.testbed().configure(scenario);
  EXPECT_FALSE(run.checks().front().ok);
  EXPECT_THAT(run.checks().front().detail, HasSubstr("metadata-cost"));
}

}  // namespace
}  // namespace cats::sim::fleet
