#include "cpsel/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cpsel/metrics_json.h"

namespace cats::cpsel {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Declaration raw(const std::string& type) {
  Declaration d;
  d.type = type;
  d.level = Level::l0;
  d.unit = find_metric(type)->unit;
  d.statistics = Statistics::mean;
  d.format = Format::floating;
  return d;
}

Declaration score(const std::string& type, std::vector<Term> of) {
  Declaration d;
  d.type = type;
  d.level = find_metric(type)->level;
  d.statistics = Statistics::mean;
  d.aggregation = Aggregation::mean;
  d.of = std::move(of);
  return d;
}

const Normalisation kPercent{NormalisationKind::minmax, 0, 100, Better::less};

TEST(Normalise, Functions) {
  EXPECT_EQ(normalise(kPercent, 0), 1);
  EXPECT_EQ(normalise(kPercent, 100), 0);
  EXPECT_EQ(normalise(kPercent, 150), 0);
  EXPECT_DOUBLE_EQ(normalise(kPercent, 30), 0.7);
  EXPECT_DOUBLE_EQ(normalise({NormalisationKind::sigmoid, 50, 0.1, Better::more}, 50), 0.5);
  EXPECT_NEAR(normalise({NormalisationKind::sigmoid, 50, 0.1, Better::more}, 60), 1 / (1 + std::exp(-1)), 1e-12);
  EXPECT_NEAR(normalise({NormalisationKind::zscore, 10, 2, Better::more}, 12), 0.841344746, 1e-9);
  EXPECT_NEAR(normalise({NormalisationKind::zscore, 10, 2, Better::less}, 12), 0.158655254, 1e-9);
}

TEST(Quantise, RoundsHalfUp) {
  EXPECT_EQ(quantise(0.05), 1);
  EXPECT_EQ(quantise(0.049), 0);
  EXPECT_EQ(quantise(0.25), 3);
  EXPECT_EQ(quantise(0.95), 10);
  EXPECT_EQ(quantise(1.2), 10);
  EXPECT_EQ(quantise(-1), 0);
}

TEST(Derive, LevelsBuildOnEachOther) {
  const Normalisation delay{NormalisationKind::minmax, 0, 200, Better::less};
  Declaration compute = score("compute_norm", {{"cpu_utilisation", kPercent, 0.75}, {"processing_delay", delay, 0.25}});
  compute.aggregation = Aggregation::weighted;
  const Declaration total = score("norm_fi", {{"compute_norm", std::nullopt, 0}});
  const std::vector<Declaration> all = {total, compute, raw("cpu_utilisation"), raw("processing_delay")};
  EXPECT_TRUE(problems(all).empty());
  const auto derived = derive(all, {{"cpu_utilisation", 40}, {"processing_delay", 50}});
  ASSERT_TRUE(derived) << derived.error().message;
  EXPECT_DOUBLE_EQ(derived->unquantised.at("compute_norm"), 0.75 * 0.6 + 0.25 * 0.75);
  EXPECT_DOUBLE_EQ(derived->unquantised.at("norm_fi"), derived->unquantised.at("compute_norm"));
  EXPECT_EQ(derived->scores.at("norm_fi"), 6);
}

TEST(Derive, OrderMatters) {
  Declaration d = score("communication_norm", {{"bytes_in", std::nullopt, 0}, {"bytes_out", std::nullopt, 0}});
  d.normalisation = Normalisation{NormalisationKind::minmax, 0, 100, Better::less};
  const std::vector<Declaration> raws = {raw("bytes_in"), raw("bytes_out")};
  const auto value = [&] {
    std::vector<Declaration> all = raws;
    all.push_back(d);
    EXPECT_TRUE(problems(all).empty());
    return derive(all, {{"bytes_in", 200}, {"bytes_out", 0}})->unquantised.at("communication_norm");
  };
  EXPECT_DOUBLE_EQ(value(), 0.5);  // (0 + 1) / 2
  d.order = Order::aggregate_first;
  EXPECT_DOUBLE_EQ(value(), 0);  // of 100
}

TEST(Derive, NamesWhatIsMissing) {
  const auto derived = derive({score("compute_norm", {{"cpu_utilisation", kPercent, 0}})}, {});
  ASSERT_FALSE(derived);
  EXPECT_THAT(derived.error().message, HasSubstr("compute_norm"));
  EXPECT_THAT(derived.error().message, HasSubstr("cpu_utilisation"));
}

std::vector<std::string> messages(const std::vector<Declaration>& declarations) {
  std::vector<std::string> all;
  for (const auto& problem : problems(declarations)) all.push_back(problem.message);
  return all;
}

TEST(Problems, EveryFieldThatMustBeDeclared) {
  Declaration l0;
  l0.type = "queue_length";
  EXPECT_THAT(messages({l0}),
              ElementsAre("queue_length: level: must be declared", "queue_length: unit: must be declared",
                          "queue_length: format: must be declared", "queue_length: statistics: must be declared"));
  Declaration l1;
  l1.type = "compute_norm";
  l1.level = Level::l1;
  l1.of = {{"queue_length", std::nullopt, 0}};
  EXPECT_THAT(messages({raw("queue_length"), l1}),
              ElementsAre("compute_norm: statistics: must be declared", "compute_norm: aggregation: must be declared",
                          "compute_norm: normalisation: must be declared"));
}

TEST(Problems, WhatCannotBe) {
  Declaration wrong = raw("queue_length");
  wrong.unit = "ms";
  wrong.level = Level::l1;
  EXPECT_THAT(messages({wrong}), ElementsAre("queue_length: level: L1 is not allowed, it is L0",
                                             "queue_length: unit: \"ms\" is not allowed, it is requests"));
  EXPECT_THAT(messages({raw("queue_length"), raw("queue_length")}), ElementsAre("queue_length: type: declared twice"));
  Declaration circle = score("norm_fi", {{"composed_norm", std::nullopt, 0}});
  Declaration back = score("composed_norm", {{"norm_fi", std::nullopt, 0}});
  EXPECT_THAT(messages({circle, back}), ElementsAre("norm_fi: of: the score is derived from itself",
                                                    "composed_norm: of: the score is derived from itself"));
  Declaration empty_range =
      score("compute_norm", {{"cpu_utilisation", Normalisation{NormalisationKind::minmax, 5, 5, Better::less}, 0}});
  EXPECT_THAT(messages({raw("cpu_utilisation"), empty_range}),
              ElementsAre("compute_norm: normalisation: of cpu_utilisation: hi: 5 is not above lo (5)"));
}

TEST(Load, LessIsBetterWhateverTheMetric) {
  EXPECT_DOUBLE_EQ(*load_of("cpu_utilisation", {{"cpu_utilisation", 40}}, 2), 0.4);
  EXPECT_DOUBLE_EQ(*load_of("available_compute", {{"available_compute", 60}}, 2), 0.4);
  EXPECT_DOUBLE_EQ(*load_of("norm_fi", {{"norm_fi", 7}}, 1), 0.3);
  EXPECT_DOUBLE_EQ(*load_of("queue_length", {{"queue_length", 6}}, 2), 3);
  EXPECT_DOUBLE_EQ(*load_of("processing_delay", {{"processing_delay", 6}}, 2), 6);
  EXPECT_LT(*load_of("site_preference", {{"site_preference", 200}}, 1),
            *load_of("site_preference", {{"site_preference", 100}}, 1));
  EXPECT_FALSE(load_of("norm_fi", {}, 1));
}

TEST(Json, DeclarationsComeBack) {
  const std::vector<Declaration> all = {
      raw("cpu_utilisation"), score("compute_norm", {{"cpu_utilisation", kPercent, 0}}),
      score("norm_fi", {{"compute_norm", Normalisation{NormalisationKind::zscore, 0.5, 0.1, Better::more}, 0}})};
  const auto back = declarations_from_json(nlohmann::json::parse(to_json(all).dump()));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, all);
}

TEST(Json, NamesEverythingWrong) {
  const auto back = declarations_from_json(nlohmann::json::parse(
      R"([{"type": "norm_fi", "level": "L7", "wieght": 1, "of": [{"metric": "x", "normalisation": {"function": "minmax", "lo": 0}}]}])"));
  ASSERT_FALSE(back);
  for (const char* part : {"level", "L7", "wieght", "hi is missing", "better is missing"})
    EXPECT_THAT(back.error().message, HasSubstr(part));
}

}  // namespace
}  // namespace cats::cpsel
