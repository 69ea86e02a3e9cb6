#include "suite/dimension.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cats::suite {
namespace {

using testing::HasSubstr;

constexpr double kMs = 1e6;  // durations are searched in ns

// What meets the bounds, and what is not clear about them.
Dimension searched(const Search& search, const DimensionOptions& options, double limit, double unclear = 0) {
  return dimension(search, options, [&](double value, const std::string& text) {
    const double easier = options.smallest ? value - limit : limit - value;
    const Verdict verdict = std::abs(easier) < unclear ? Verdict::inconclusive
                            : easier >= 0              ? Verdict::pass
                                                       : Verdict::fail;
    return Probe{value, text, verdict, {}, "runs/" + text};
  });
}

TEST(ParseSearch, ReadsKeysAndEnds) {
  const auto interval = parse_search("interval=100ms..30s");
  ASSERT_TRUE(interval) << interval.error().message;
  EXPECT_EQ(interval->key, "interval");
  EXPECT_EQ(interval->lo, 100 * kMs);
  EXPECT_EQ(interval->hi, 30000 * kMs);
  EXPECT_EQ(interval->text(interval->lo), "100ms");
  EXPECT_EQ(interval->between(100 * kMs, 10000 * kMs), 1000 * kMs);  // logarithmic
  const auto rate = parse_search("workload.short.rate=5/s..50/s");
  ASSERT_TRUE(rate);
  EXPECT_EQ(rate->text(rate->between(5, 50)), "27.5/s");
  EXPECT_EQ(parse_search("service.quota=10%..80%")->text(10), "10%");
}

TEST(ParseSearch, SaysWhatIsWrong) {
  EXPECT_THAT(parse_search("interval").error().message, HasSubstr("write KEY=FROM..TO"));
  EXPECT_THAT(parse_search("interval=1s").error().message, HasSubstr("write KEY=FROM..TO"));
  EXPECT_THAT(parse_search("interval=1s..x").error().message, HasSubstr("\"x\" is no number"));
  EXPECT_THAT(parse_search("interval=1s..5").error().message, HasSubstr("not in the same unit"));
  EXPECT_THAT(parse_search("interval=5s..1s").error().message, HasSubstr("not less than"));
  EXPECT_THAT(parse_search("interval=0s..1s").error().message, HasSubstr("not longer than 0"));
}

TEST(Dimensioning, BracketsTheLargestValueThatMeets) {
  const Search search = *parse_search("interval=100ms..30s");
  const Dimension result = searched(search, {}, 1234 * kMs);
  ASSERT_TRUE(result.met && result.unmet);
  EXPECT_LE(*result.met, 1234 * kMs);
  EXPECT_GT(*result.unmet, 1234 * kMs);
  EXPECT_LE(*result.unmet / *result.met, 1.1);
  EXPECT_EQ(result.stopped, "precision");
  EXPECT_EQ(result.probes[0].text, "30s");
  EXPECT_EQ(result.probes[1].text, "100ms");
  EXPECT_LE(result.probes.size(), 9u);  // two ends and log2(ln 300 / ln 1.1) halvings
}

TEST(Dimensioning, BracketsTheSmallestValueThatMeets) {
  const Dimension result = searched(*parse_search("service.quota=10%..80%"), {.smallest = true}, 33);
  EXPECT_GE(*result.met, 33);
  EXPECT_LT(*result.unmet, 33);
  EXPECT_LE(*result.met - *result.unmet, 7);
}

TEST(Dimensioning, WhatIsInconclusiveWasNotShown) {
  const Search search = *parse_search("interval=100ms..30s");
  const Dimension result = searched(search, {}, 1234 * kMs, 400 * kMs);
  EXPECT_LE(*result.met, 834 * kMs);
  EXPECT_LE(*result.unmet / *result.met, 1.1);
}

TEST(Dimensioning, EndsThatDecide) {
  const Search search = *parse_search("interval=100ms..30s");
  const Dimension all = searched(search, {}, 60000 * kMs);
  EXPECT_EQ(all.probes.size(), 1u);
  EXPECT_EQ(all.met, search.hi);
  EXPECT_EQ(all.stopped, "whole range");
  const Dimension none = searched(search, {}, 50 * kMs);
  EXPECT_EQ(none.probes.size(), 2u);
  EXPECT_FALSE(none.met);
  EXPECT_EQ(none.stopped, "none");
}

TEST(Dimensioning, StopsAfterSoManyProbes) {
  const Dimension result = searched(*parse_search("interval=100ms..30s"), {.most_probes = 4}, 1234 * kMs);
  EXPECT_EQ(result.probes.size(), 4u);
  EXPECT_EQ(result.stopped, "probes");
  EXPECT_GT(*result.unmet, *result.met);
}

TEST(Dimensioning, WhatCannotBeMeasuredEndsTheSearch) {
  const Search search = *parse_search("interval=100ms..30s");
  const Dimension result = dimension(search, {}, [](double value, const std::string& text) {
    return Probe{value, text, value > 1000 * kMs ? Verdict::fail : Verdict::error, {}, ""};
  });
  EXPECT_FALSE(result.met);
  EXPECT_EQ(result.stopped, "100ms could not be measured");
  const auto json = to_json(result, search, {});
  EXPECT_EQ(json["probes"].size(), 2u);
  EXPECT_TRUE(json["met"].is_null());
  EXPECT_EQ(json["unmet"], "30s");
}

}  // namespace
}  // namespace cats::suite
