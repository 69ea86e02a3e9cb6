// Real libraries in real processes: what works arrives unchanged, what breaks is named, and nothing is left running.
#include "cpsel/plugin/plugin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace cats::plugin {
namespace {

using namespace std::chrono_literals;
using cpsel::Values;
using testing::ElementsAre;
using testing::HasSubstr;

class Plugin : public testing::Test {
 protected:
  static PluginAlgorithm load(const std::string& name, const cpsel::Parameters& parameters = {}) {
    return {
        std::string(CATS_PLUGINS) + "/" + name + ".so", parameters, {.catsd = CATS_BINARY_DIR "/catsd"}, {5s, 300ms}};
  }
  cpsel::Choice ask(cpsel::Algorithm& algorithm) {
    return algorithm.choose({.candidates = candidates_, .dt = 125ms, .random = random_, .arrivals = 11});
  }
  std::string failure(cpsel::Algorithm& algorithm) {
    try {
      ask(algorithm);
      return "none";
    } catch (const PluginFailed& failed) {
      return failed.what();
    }
  }
  std::string failure_of(const std::string& name) {
    auto plugin = load(name);
    return failure(plugin);
  }
  static std::string refusal_of(const std::string& name, const cpsel::Parameters& parameters = {}) {
    try {
      load(name, parameters);
      return "none";
    } catch (const UsageError& error) {
      return error.what();
    }
  }

  RandomStream random_{1, "test"};
  Values first_ = {{"cpu_utilisation", 25}, {"queue_length", 0.1}};
  Values second_ = {{"queue_length", 3}};
  std::vector<cpsel::Candidate> candidates_ = {{.id = {IpAddress::of("2001:2::1"), 0},
                                                .load = 0.25,
                                                .metrics = &first_,
                                                .age = 1500ms,
                                                .capacity = 2,
                                                .last_weight = 0.75,
                                                .report = 9,
                                                .flows_since_report = 3,
                                                .flows_before_report = 4},
                                               {.id = {IpAddress::of("2001:2::2"), 0}, .metrics = &second_}};
};

TEST_F(Plugin, SeesTheSnapshotAndIsHeard) {
  auto plugin = load("works");
  for (int i = 0; i < 3; ++i) EXPECT_THAT(ask(plugin).weights, ElementsAre(0.25, 0.75));
}

// 2/(1 + 0.1) and 1/(1 + 3); 90 % of that, and 10 % for everybody.
TEST_F(Plugin, TheExampleOfTheDocumentation) {
  auto plugin = load("least_queue", {{"floor", 0.1}});
  const double a = 2 / 1.1;
  const double b = 0.25;
  const auto weights = ask(plugin).weights;
  EXPECT_NEAR(weights[0], 0.9 * a / (a + b) + 0.05, 1e-12);
  EXPECT_NEAR(weights[1], 0.9 * b / (a + b) + 0.05, 1e-12);
  EXPECT_THAT(refusal_of("least_queue", {{"flor", 0.1}}), HasSubstr("the only parameter is floor, from 0 to 1"));
}

TEST_F(Plugin, CrashesAreNamedBySignal) {
  EXPECT_THAT(failure_of("crashes"), HasSubstr("it crashed: killed by signal 6"));
  auto later = load("crashes_later");
  EXPECT_THAT(ask(later).weights, ElementsAre(0.5, 0.5));
  first_["cpu_utilisation"] = 50;
  EXPECT_THAT(failure(later), HasSubstr("it crashed: killed by signal 11"));
  EXPECT_EQ(failure(later), "it has failed before");
  EXPECT_EQ(failure_of("exits"), "it ended: exit status 4");
}

TEST_F(Plugin, HangsEndAtTheDeadline) {
  auto plugin = load("hangs");
  const Instant before = MonotonicClock().now();
  EXPECT_EQ(failure(plugin), "it did not answer within 0.3 s");
  const Duration took = MonotonicClock().now() - before;
  EXPECT_GE(took, 300ms);
  EXPECT_LT(took, 2s);
}

TEST_F(Plugin, NonsenseIsNamed) {
  EXPECT_THAT(failure_of("not_a_number"), HasSubstr("the weight of 2001:2::1 is "));
  EXPECT_THAT(failure_of("not_a_number"), HasSubstr("nan"));
  EXPECT_EQ(failure_of("negative"), "the weight of 2001:2::1 is -0.5");
  EXPECT_EQ(failure_of("too_many"), "it gave 3 weights for 2 instances");
  EXPECT_THAT(failure_of("short_sum"), testing::MatchesRegex("its weights sum to 0\\.99998?9+, not 1"));
  EXPECT_EQ(failure_of("returns_error"), "catsbench_choose returned 7");
}

TEST_F(Plugin, WhatIsNoAlgorithmIsRefused) {
  EXPECT_THAT(refusal_of("missing"), HasSubstr("missing.so: cannot be loaded"));
  EXPECT_THAT(refusal_of("nothing"), HasSubstr("does not define catsbench_algorithm_abi"));
  EXPECT_THAT(refusal_of("other_abi"), HasSubstr("is made for version 2 of catsbench_algorithm.h; this is version 1"));
  EXPECT_THAT(refusal_of("refuses"), HasSubstr("wants no parameters at all"));
}

TEST_F(Plugin, CountsFlowsOnlyWhenAskedTo) {
  EXPECT_FALSE(plugin_info("./mine.so", {{"x", 1}}).needs_flow_counts);
  EXPECT_TRUE(plugin_info("./mine.so", {{"refresh_ms", 20}}).needs_flow_counts);
}

}  // namespace
}  // namespace cats::plugin
