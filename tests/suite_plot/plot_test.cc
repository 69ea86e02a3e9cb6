#include "suite/plot/plot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "suite/plot/study.h"
#include "tests/suite_plot/fake_study.h"

namespace cats::suite::plot {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Quantity, IsPlacedByWhatItIsWorth) {
  EXPECT_DOUBLE_EQ(quantity_of("100ms")->value, 0.1);
  EXPECT_DOUBLE_EQ(quantity_of("2500ms")->value, 2.5);
  EXPECT_DOUBLE_EQ(quantity_of("5s")->value, 5);
  EXPECT_EQ(quantity_of("2min")->unit, "s");
  EXPECT_DOUBLE_EQ(quantity_of("30 %")->value, 30);
  EXPECT_EQ(quantity_of("30%")->unit, "%");
  EXPECT_EQ(quantity_of("20/s")->unit, "/s");
  EXPECT_DOUBLE_EQ(quantity_of("0.25")->value, 0.25);
  EXPECT_EQ(quantity_of("3 points")->unit, "points");
  EXPECT_FALSE(quantity_of("ecmp"));
  EXPECT_FALSE(quantity_of("2001:db8::1"));
  EXPECT_FALSE(quantity_of("3-sites"));
  EXPECT_FALSE(quantity_of("inf"));
  EXPECT_FALSE(quantity_of(""));
}

std::string refusal(const Report& report, const Options& options) {
  const auto plot = plot_of(report, options);
  return plot ? "drawn" : plot.error().message;
}

TEST(Plot, DefaultsTakeTheNumbersAcrossAndTheRestAsLines) {
  const auto plot = plot_of(fake_staleness(), {});
  ASSERT_TRUE(plot) << plot.error().message;
  const Chart& chart = plot->chart;
  EXPECT_THAT(plot->figures, ElementsAre("var"));
  EXPECT_EQ(chart.x_title, "interval (s)");
  EXPECT_TRUE(chart.logarithmic_x);  // a factor of 300
  EXPECT_THAT(chart.lines, ElementsAre("ecmp", "global-min"));
  EXPECT_EQ(chart.legend, "algorithm:");
  ASSERT_EQ(chart.panels.size(), 1U);
  std::vector<double> across;
  for (const Point& point : chart.panels[0].points)
    if (point.line == 1) across.push_back(point.x);
  EXPECT_THAT(across, ElementsAre(0.1, 1, 2.5, 30));
  EXPECT_EQ(chart.panels[0].points[1].hint, "global-min, interval 100ms: 0.1033 (0.05333 to 0.1533)");
  EXPECT_THAT(chart.notes, ElementsAre("mode distributed · engine sim · 8 trials · bars: 95 % intervals"));
}

TEST(Plot, SmallTimesAreInMilliseconds) {
  Report report = fake_run("small");
  for (const char* interval : {"200ms", "50ms"})
    add_entry(report, {{"interval", interval}}, {{"var", fake_figure(1, 0)}});
  const auto plot = plot_of(report, {});
  ASSERT_TRUE(plot) << plot.error().message;
  EXPECT_EQ(plot->chart.x_title, "interval (ms)");
  EXPECT_FALSE(plot->chart.logarithmic_x);
  EXPECT_EQ(plot->chart.panels[0].points[0].x, 50);  // ascending, whatever the order in the scenario
}

TEST(Plot, WordsHaveAPlaceEach) {
  const auto plot = plot_of(fake_algorithms(), {});
  ASSERT_TRUE(plot) << plot.error().message;
  EXPECT_THAT(plot->chart.categories,
              ElementsAre("ecmp", "global-min-local", "load-interpretation", "p2c", "inverse-load", "round-robin"));
  EXPECT_THAT(plot->chart.lines, ElementsAre(""));
  EXPECT_THAT(plot->chart.notes[0], HasSubstr("interval 200ms"));
}

TEST(Plot, WhatTestsBringOfTheirOwnIsStudiedToo) {
  Report report = fake_run("own");
  add_entry(report, nlohmann::ordered_json::object(), {{"var", fake_figure(1, 0)}}).interval_ms = 100;
  add_entry(report, nlohmann::ordered_json::object(), {{"var", fake_figure(2, 0)}}).interval_ms = 2000;
  const auto plot = plot_of(report, {});
  ASSERT_TRUE(plot) << plot.error().message;
  EXPECT_EQ(plot->chart.panels[0].points[1].x, 2);
}

TEST(Plot, WhatIsNotDrawnIsSaid) {
  Report report = fake_staleness();
  report.tests[3].figures[0].second.value.reset();
  add_entry(report, {{"algorithm", "pid"}, {"algorithm.parameters.kp", "0.1"}}, {{"var", fake_figure(1, 0)}})
      .interval_ms = 1000;
  add_entry(report, {{"algorithm", "pid"}, {"algorithm.parameters.kp", "0.2"}}, {{"var", fake_figure(1, 0)}})
      .interval_ms = 1000;
  const auto plot = plot_of(report, {.over = "algorithm.parameters.kp"});
  ASSERT_TRUE(plot) << plot.error().message;
  EXPECT_EQ(plot->chart.notes[0], "Not shown: 8 entries without algorithm.parameters.kp.");
  const auto over_interval = plot_of(report, {.over = "interval"});
  ASSERT_TRUE(over_interval) << over_interval.error().message;
  EXPECT_EQ(over_interval->chart.notes[0], "Not shown: 1 point without a value.");
  EXPECT_THAT(over_interval->chart.lines, ElementsAre("ecmp", "global-min", "pid, 0.1", "pid, 0.2"));
}

TEST(Refusal, SaysWhatThereIs) {
  const Report report = fake_staleness();
  EXPECT_EQ(refusal(report, {.figures = {"va"}}),
            "lb-variance has no figure \"va\": there are var, latency_ms, did you mean \"var\"?");
  EXPECT_EQ(refusal(report, {.over = "intervall"}),
            "\"intervall\" was not studied for lb-variance: there are interval (100ms, 1s, 2500ms, 30s), algorithm "
            "(ecmp, global-min), did you mean \"interval\"?");
  EXPECT_EQ(refusal(report, {.by = {"mode"}}),
            "\"mode\" was not studied for lb-variance: there are interval (100ms, 1s, 2500ms, 30s), algorithm (ecmp, "
            "global-min)");
  EXPECT_EQ(refusal(report, {.test = "utilization"}), "the run has no test \"utilization\": there are lb-variance");
  EXPECT_EQ(refusal(report, {.over = "interval", .by = {"interval"}}),
            "interval is across: it cannot tell lines apart as well");
  EXPECT_EQ(refusal(report, {.over = "algorithm", .logarithmic_x = true}),
            "the values of algorithm are no numbers: its axis has no scale");
}

TEST(Refusal, OfARunThatStudiedNothing) {
  Report report = fake_run("one");
  add_entry(report, nlohmann::ordered_json::object(), {{"var", fake_figure(1, 0)}});
  EXPECT_THAT(refusal(report, {}), HasSubstr("nothing was studied"));
  EXPECT_EQ(refusal(report, {.test = "lb-variance"}),
            "nothing was studied for lb-variance: its entries differ in no value");
  EXPECT_FALSE(studied(report));
  EXPECT_TRUE(studied(fake_staleness()));
}

TEST(Refusal, OfEntriesThatStandInOnePlace) {
  Report report = fake_run("modes");
  for (const char* mode : {"distributed", "hybrid"})
    for (const char* interval : {"1s", "2s"})
      add_entry(report, {{"interval", interval}, {"mode", mode}}, {{"var", fake_figure(1, 0)}}).algorithm =
          std::string(mode) + "'s";
  EXPECT_EQ(refusal(report, {}), "drawn");
  EXPECT_EQ(refusal(report, {.over = "mode", .by = {"algorithm"}}),
            "several entries of lb-variance have mode distributed and differ in interval: name that with --by too");
  report.tests.push_back(report.tests[0]);
  EXPECT_THAT(refusal(report, {}), HasSubstr("differ in nothing that was studied"));
}

TEST(Refusal, OfWhatHasNoLogarithmOrNoValue) {
  Report report = fake_run("zero");
  for (const char* share : {"0%", "10%"}) add_entry(report, {{"update_loss", share}}, {{"var", fake_figure(0, 0)}});
  EXPECT_THAT(refusal(report, {.logarithmic_x = true}), HasSubstr("update_loss has values of zero or below"));
  EXPECT_THAT(refusal(report, {.logarithmic_y = true}), HasSubstr("var is 0 in an entry"));
  for (TestResult& test : report.tests) {
    test.figures[0].second.value.reset();
    test.figures[0].second.reason = "no samples";
  }
  EXPECT_EQ(refusal(report, {}), "no entry of lb-variance has a value of var: no samples");
}

}  // namespace
}  // namespace cats::suite::plot
