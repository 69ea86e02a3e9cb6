// A run directory of both engines in, the engines side by side out: each part is analysed as if it stood alone.
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "suite/report/engines_table.h"
#include "suite/report/json.h"
#include "suite/report/summary.h"
#include "tests/suite/fake_report.h"
#include "tests/suite/fake_run.h"

namespace cats::suite {
namespace {

using scenarios::Engine;
using testing::HasSubstr;

// Every test of fake_scenario() on either engine, as `engine: [emulator, sim]` makes it.
scenarios::Scenario on_both_engines() {
  scenarios::Scenario scenario = fake_scenario();
  for (const scenarios::TestRequest& request : scenario.tests)
    for (const Engine engine : {Engine::emulator, Engine::sim}) {
      auto own = std::make_shared<scenarios::Scenario>(fake_scenario());
      own->engine = engine;
      own->tests = {request};
      const char* called = scenarios::to_string(engine);
      scenario.cases.push_back({request.name,
                                fmt::format("{}#{}", request.name, engine == Engine::emulator ? 1 : 2),
                                {{"engine", called}},
                                own});
    }
  return scenario;
}

struct Both {
  explicit Both(const std::string& fault) : run(fault, "make_engines_run.py"), data(run.load()) {
    Analysis analysis = analyse(data, on_both_engines());
    report = fake_report(analysis);
    report.comparisons = std::move(analysis.comparisons);
    lines = agreements(report.tests);
  }
  const Agreement& line(std::string_view test, std::string_view figure) const {
    static const Agreement none;
    const auto found =
        std::ranges::find_if(lines, [&](const Agreement& one) { return one.test == test && one.figure == figure; });
    return found == lines.end() ? none : *found;
  }

  FakeRun run;
  RunData data;
  Report report;
  std::vector<Agreement> lines;
};

TEST(EnginesGolden, TheSameEventsLaterGiveTheSameFigures) {
  const Both both("none");
  ASSERT_EQ(both.report.tests.size(), 6U);
  for (std::size_t i = 0; i < 6; i += 2) {
    const TestResult& emulated = both.report.tests[i];
    const TestResult& simulated = both.report.tests[i + 1];
    EXPECT_EQ(emulated.engine, "emulator");
    EXPECT_EQ(simulated.engine, "sim");
    EXPECT_NE(emulated.verdict, Verdict::error) << emulated.reason;
    EXPECT_EQ(emulated.parameters, simulated.parameters);
    EXPECT_TRUE(emulated.figures == simulated.figures) << emulated.name;
    ASSERT_EQ(emulated.trials.size(), 3U);
    for (std::size_t t = 0; t < 3; ++t) EXPECT_EQ(emulated.trials[t].figures, simulated.trials[t].figures);
  }
  ASSERT_FALSE(both.lines.empty());
  for (const Agreement& line : both.lines) {
    EXPECT_EQ(line.difference, 0) << line.figure;
    EXPECT_TRUE(line.verdict == kWithinInterval || line.verdict == kWithinShare) << line.figure << ": " << line.verdict;
  }
  ASSERT_FALSE(both.report.comparisons.empty());
  for (const Comparison& comparison : both.report.comparisons) {
    EXPECT_EQ(comparison.a, "emulator");
    EXPECT_EQ(comparison.b, "sim");
    EXPECT_EQ(comparison.pairs, 3) << comparison.reason;
    EXPECT_EQ(comparison.effect, 0);
  }
}

TEST(EnginesGolden, ADifferenceIsFoundAndPutDownToItsAssumption) {
  const Both both("slower");
  const Agreement& delay = both.line("metric-distribution", "distribution_delay_ms");
  EXPECT_EQ(delay.verdict, kDiffers);
  EXPECT_EQ(delay.assumption, "FRR's window");
  ASSERT_TRUE(delay.emulator && delay.simulator);
  EXPECT_NEAR(*delay.simulator - *delay.emulator, 30, 1e-6);
  EXPECT_NEAR(delay.difference.value_or(0), 30 / *delay.emulator, 1e-9);
  EXPECT_EQ(both.line("metric-distribution", "distribution_delay_ms.r1").difference, 0);
  for (const Agreement& line : both.lines) {
    if (line.test == "metric-distribution") continue;
    EXPECT_EQ(line.difference, 0) << line.figure;
  }
  EXPECT_THAT(summary(both.report, {}), HasSubstr("differs: FRR's window"));
}

TEST(EnginesGolden, OtherCodeGetsTheSameDigitsAndTheSchemaHolds) {
  for (const char* fault : {"none", "slower"}) {
    const Both both(fault);
    const std::filesystem::path file = both.run.path() / "report.json";
    const std::string text = write_json(to_json(both.report));
    write_file(file, text);
    const auto same =
        support::run({"/usr/bin/python3", kTestFolder + "recompute.py", both.run.path().string(), file.string()});
    EXPECT_EQ(same.status, 0) << fault << ": " << same.output;
    const auto valid = support::run({"/usr/bin/python3", "-m", "jsonschema", "-i", file.string(),
                                     std::string(CATS_SOURCE_DIR) + "/suite/report/report.schema.json"});
    EXPECT_EQ(valid.status, 0) << fault << ": " << valid.output;
    const auto again = parse_report(text);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_TRUE(*again == both.report);
    EXPECT_EQ(nlohmann::ordered_json::parse(text).at("agreement").size(), both.lines.size());
  }
}

}  // namespace
}  // namespace cats::suite
