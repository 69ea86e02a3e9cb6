// Who chooses, and the edge server manager, are lost and come back.
#include <algorithm>

#include <gmock/gmock.h>

#include "tests/suite/loss_run.h"

namespace cats::suite {
namespace {

using nlohmann::ordered_json;
using scenarios::Mode;
using testing::HasSubstr;

class CpsFailover : public LossRun {
 protected:
  void run_up(Mode mode, const std::string& decider, const std::string& listener) {
    begin("cps-failover", mode, decider, listener);
    phase(10000, "warm-up");
    phase(14000, "measure");
    phase(36000, "close");
    phase(36500, "done");
  }
  // r1's agent is away from 14 to 20 s; it decides on new samples of one source at 21 s, of all at 22 s.
  void distributed(bool comes_back = true) {
    run_up(Mode::distributed, "r1", "r1");
    for (int i = 0; i < 4; ++i) decide(10500 + 1000 * i, 10 + i, std::vector<double>(3, 10400 + 1000 * i));
    lost(14000, "r1", "agent");
    restored(20100, "r1", "agent", 20000);
    decide(20300, 1, {19500, 19600, 19700});
    if (!comes_back) return;
    decide(21000, 2, {20900, 19600, 19700});
    decide(22000, 3, {21900, 21300, 21600});
  }
};

TEST_F(CpsFailover, AnAgentThatComesBackSteersByNewSamples) {
  distributed();
  workload();
  const TestResult& result = analysed();
  EXPECT_EQ(name(result.verdict), "pass") << result.reason;
  EXPECT_NEAR(value("recovery_ms"), 1001, 1e-9);
  EXPECT_NEAR(value("renewal_ms"), 2001, 1e-9);
  EXPECT_NEAR(value("steering_gap_ms"), 6800, 1e-9);  // 13.501 to 20.301 s
  EXPECT_EQ(value("decisions_without"), 0);
  EXPECT_EQ(value("broken_sessions"), 0);
  EXPECT_EQ(value("failed_requests"), 0);
  EXPECT_EQ(result.find("noticed_ms"), nullptr);
  EXPECT_EQ(recomputed(), "the same digits\n");
}

TEST_F(CpsFailover, ABrokenSessionFails) {
  distributed();
  workload("broken");
  EXPECT_EQ(name(analysed().verdict), "fail");
  EXPECT_EQ(verdict("broken_sessions"), Verdict::fail);
  EXPECT_EQ(verdict("recovery_ms"), Verdict::pass);
}

TEST_F(CpsFailover, ASessionThatMovesFails) {
  distributed();
  workload("closed", 1);
  EXPECT_EQ(name(analysed().verdict), "fail");
  EXPECT_EQ(value("instance_changes"), 1);
  EXPECT_EQ(verdict("instance_changes"), Verdict::fail);
}

TEST_F(CpsFailover, WhatWasMeasuredBeforeTheStartIsNoRecovery) {
  distributed(false);
  workload();
  EXPECT_EQ(name(analysed().verdict), "fail");
  EXPECT_EQ(verdict("recovery_ms"), Verdict::fail);
  EXPECT_FALSE(analysis_.tests[0].find("steering_gap_ms")->value.has_value());
}

TEST_F(CpsFailover, WithoutASessionThatLivesThroughItNothingIsMeasured) {
  distributed();
  workload("closed", 0, 20500);
  EXPECT_EQ(name(analysed().verdict), "error");
  EXPECT_THAT(analysis_.tests[0].reason, HasSubstr("no session was open when r1 was lost"));
}

TEST_F(CpsFailover, WhoIsNotRestoredIsAnError) {
  run_up(Mode::distributed, "r1", "r1");
  decide(13000, 1, {12900, 12900, 12900});
  lost(14000, "r1", "agent");
  workload();
  EXPECT_EQ(name(analysed().verdict), "error");
  EXPECT_THAT(analysis_.tests[0].reason, HasSubstr("the agent of r1 was lost and not restored"));
}

class SplitFailover : public CpsFailover {
 protected:
  // The ingress refines old candidates for 3 s, then goes on alone, also for a while after the controller's return.
  void split(bool comes_back = true) {
    run_up(Mode::hybrid, "r1", "sdn");
    decide(13500, 1, {13400, 13400, 13400}, "candidate 7");
    lost(14000, "sdn", "agent");
    decide(15000, 2, {13400, 13400, 13400}, "candidate 7");
    log(17000, "r1", "controller_state", {{"up", false}, {"why", "no order for 3 s"}});
    decide(17000.5, 3, {16900, 16900, 16900}, "no controller");
    restored(20100, "sdn", "agent", 20000);
    decide(20500, 4, {20400, 20400, 20400}, "no controller");
    if (!comes_back) return;
    log(20900, "r1", "controller_state", {{"up", true}, {"why", "an order came"}});
    decide(21000, 5, {20900, 20900, 20800}, "candidate 1");
  }
};

TEST_F(SplitFailover, TheIngressGoesOnAloneAndThatIsNoRecovery) {
  split();
  workload();
  const TestResult& result = analysed();
  EXPECT_EQ(name(result.verdict), "pass") << result.reason;
  EXPECT_NEAR(value("recovery_ms"), 1001, 1e-9);
  EXPECT_NEAR(value("noticed_ms"), 3000, 1e-9);
  EXPECT_EQ(value("decisions_without"), 2);
  EXPECT_NEAR(value("steering_gap_ms"), 3499.5, 1e-9);
  EXPECT_THAT(warned(), testing::Not(HasSubstr("lost the controller")));
  EXPECT_EQ(recomputed(), "the same digits\n");
}

TEST_F(SplitFailover, AControllerThatStaysAwayIsWarnedOf) {
  split(false);
  workload();
  EXPECT_EQ(name(analysed().verdict), "fail");
  EXPECT_THAT(warned(),
              HasSubstr("r1 lost the controller 7.000 s after the trial began, to its end (no order for 3 s; a "
                        "part of the network had been lost on purpose)"));
}

struct Stray {
  int second;          // of the sending
  std::size_t source;  // of kSources
};

// Reports leave 100, 400 and 700 ms after each second and arrive 500 ms later, by way of a manager that is away
// from 15.5 to 18.6 s; the controller follows it again 300 ms later, and gets the latest first.
class ManagerFailover : public LossRun {
 protected:
  void run(const std::vector<Stray>& dropped = {}, const std::vector<Stray>& twice = {}, bool resumes = true) {
    begin("manager-failover", Mode::centralized, "sdn", "sdn");
    phase(10000, "warm-up");
    phase(14000, "measure");
    phase(30000, "drain");
    phase(32000, "done");
    lost(15500, "esm", "agent");
    log(15510, "sdn", "manager_state", {{"up", false}, {"why", "connection reset"}});
    restored(18600, "esm", "agent", 18500);
    if (resumes) log(18900, "sdn", "manager_state", {{"up", true}, {"why", ""}});
    const auto is = [](const std::vector<Stray>& list, int second, std::size_t source) {
      return std::ranges::any_of(list, [&](const Stray& one) { return one.second == second && one.source == source; });
    };
    for (int second = 11; second < 30; ++second)
      for (std::size_t source = 0; source < kSources.size(); ++source) {
        const double sent = 1000.0 * second + 100 + 300.0 * static_cast<double>(source);
        log(sent, fmt::format("es{}", source + 1), "metric_sent",
            {{"source", kSources[source]},
             {"via", "rest"},
             {"seq", second},
             {"window_end", ns(sent - 1)},
             {"values", ordered_json::object()},
             {"known", nullptr}});
        const bool held = sent + 500 > 15500 && second < 18;
        if (held || is(dropped, second, source) || (!resumes && second >= 18)) continue;
        const double arrives = second == 18 ? 18950 : sent + 500;
        received(arrives, "sdn", "rest", source, second, sent - 1);
        if (is(twice, second, source)) received(arrives + 10, "sdn", "rest", source, second, sent - 1);
      }
  }
};

TEST_F(ManagerFailover, WhatCameMeanwhileIsCountedApart) {
  run();
  const TestResult& result = analysed();
  EXPECT_EQ(name(result.verdict), "pass") << result.reason;
  EXPECT_EQ(value("coverage"), 1);
  EXPECT_EQ(value("lost_after"), 0);
  EXPECT_EQ(value("lost_while_away"), 9);  // 15, 16 and 17 s
  EXPECT_EQ(value("duplicated"), 0);
  EXPECT_NEAR(value("resume_ms"), 350, 1e-9);
  EXPECT_NEAR(value("noticed_ms"), 10, 1e-9);
  EXPECT_NEAR(value("gap_ms"), 4350, 1e-9);  // es1: 14.6 to 18.95 s
  EXPECT_EQ(warned().find("lost the edge server manager"), std::string::npos);
  EXPECT_EQ(recomputed(), "the same digits\n");
}

TEST_F(ManagerFailover, AnUpdateLostAfterwardsFails) {
  run({{21, 1}});
  EXPECT_EQ(name(analysed().verdict), "fail");
  EXPECT_EQ(value("lost_after"), 1);
  EXPECT_EQ(value("lost_while_away"), 9);
  EXPECT_EQ(verdict("coverage"), Verdict::fail);
}

TEST_F(ManagerFailover, AnUpdateCountedTwiceFails) {
  run({}, {{18, 2}});
  EXPECT_EQ(name(analysed().verdict), "fail");
  EXPECT_EQ(value("duplicated"), 1);
}

TEST_F(ManagerFailover, ASubscriptionThatIsNotResumedFails) {
  run({}, {}, false);
  EXPECT_EQ(name(analysed().verdict), "fail");
  EXPECT_EQ(verdict("resume_ms"), Verdict::fail);
  EXPECT_GT(value("lost_after"), 0);
}

}  // namespace
}  // namespace cats::suite
