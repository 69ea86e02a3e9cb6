#include "collectors/sampler.h"

#include <gtest/gtest.h>

namespace cats::collectors {
namespace {

using namespace std::chrono_literals;

const Instant kStart = from_ns(1'000'000'000'000);

class SamplerTest : public testing::Test {
 protected:
  Sampler make(Statistic queue = Statistic::mean, Statistic delay = Statistic::mean) {
    return Sampler({1s, queue, delay}, {[this] { return cpu_; }, [this] { return service_; }});
  }
  CpuReading cpu_{5s, 0.2};
  ServiceReading service_;
};

TEST_F(SamplerTest, UtilisationIsRelativeToTheQuota) {
  Sampler sampler = make();
  sampler.observe(kStart);
  cpu_.usage += 50ms;
  const auto sample = sampler.sample(kStart + 1s);
  ASSERT_TRUE(sample);
  EXPECT_DOUBLE_EQ(sample->raw.at("cpu_utilisation"), 25);
  EXPECT_DOUBLE_EQ(sample->raw.at("available_compute"), 75);
  EXPECT_EQ(sample->usage, 50ms);
  EXPECT_EQ(sample->quota_cores, 0.2);
  EXPECT_EQ(sample->window_start, kStart);
  EXPECT_EQ(sample->window_end, kStart + 1s);
}

TEST_F(SamplerTest, ABiasedCollectorReadsLowWhileTheAccountingStaysTrue) {
  Sampler sampler = make();
  sampler.observe(kStart);
  sampler.set_bias_points(10);
  cpu_.usage += 100ms;
  const auto sample = sampler.sample(kStart + 1s);
  EXPECT_DOUBLE_EQ(sample->raw.at("cpu_utilisation"), 40);
  EXPECT_EQ(sample->usage, 100ms);
  const auto idle = sampler.sample(kStart + 2s);
  EXPECT_DOUBLE_EQ(idle->raw.at("cpu_utilisation"), 0);
}

TEST_F(SamplerTest, TakesTheReadingClosestToAWindowAgo) {
  Sampler sampler = make();
  for (int i = 0; i <= 15; ++i) {
    sampler.observe(kStart + i * 200ms);
    cpu_.usage += 1ms;
  }
  const auto sample = sampler.sample(kStart + 3190ms);  // readings at …, 2.0, 2.2, …
  EXPECT_EQ(sample->window_start, kStart + 2200ms);
  EXPECT_EQ(sample->usage, 5ms);
}

TEST_F(SamplerTest, QueueAndDelayByTheDeclaredStatistic) {
  const auto value = [this](Statistic statistic, const char* metric) {
    service_ = {};
    Sampler sampler = make(statistic, statistic);
    service_.completed = 10;
    service_.queue_max = 50;  // before the window
    service_.delay_max = 1s;
    sampler.observe(kStart);
    service_.completed += 2;
    service_.delay_sum += 30ms;
    service_.queue_length_seconds += 2.5;
    service_.queue_min = 1;
    service_.queue_max = 9;
    service_.delay_min = 5ms;
    service_.delay_max = 25ms;
    sampler.observe(kStart + 500ms);
    service_.completed += 1;
    service_.delay_sum += 12ms;
    service_.queue_min = 2;
    service_.queue_max = 3;
    service_.queue_length = 3;
    service_.delay_min = service_.delay_max = service_.last_delay = 12ms;
    return sampler.sample(kStart + 1s)->raw.at(metric);
  };
  EXPECT_DOUBLE_EQ(value(Statistic::mean, "queue_length"), 2.5);
  EXPECT_DOUBLE_EQ(value(Statistic::max, "queue_length"), 9);
  EXPECT_DOUBLE_EQ(value(Statistic::min, "queue_length"), 1);
  EXPECT_DOUBLE_EQ(value(Statistic::cur, "queue_length"), 3);
  EXPECT_DOUBLE_EQ(value(Statistic::mean, "processing_delay"), 14);
  EXPECT_DOUBLE_EQ(value(Statistic::max, "processing_delay"), 25);
  EXPECT_DOUBLE_EQ(value(Statistic::min, "processing_delay"), 5);
  EXPECT_DOUBLE_EQ(value(Statistic::cur, "processing_delay"), 12);
}

TEST_F(SamplerTest, AnIdleServiceHasNoDelayAndAStuckOneHasTheAgeOfItsOldest) {
  Sampler sampler = make();
  sampler.observe(kStart);
  EXPECT_EQ(sampler.sample(kStart + 1s)->raw.at("processing_delay"), 0);
  service_.oldest_age = 700ms;
  EXPECT_EQ(sampler.sample(kStart + 2s)->raw.at("processing_delay"), 700);
}

TEST_F(SamplerTest, CountsTrafficOfTheWindow) {
  Sampler sampler = make();
  service_.bytes_in = 1000;
  sampler.observe(kStart);
  service_.bytes_in += 42;
  service_.packets_out += 7;
  const auto sample = sampler.sample(kStart + 1s);
  EXPECT_EQ(sample->raw.at("bytes_in"), 42);
  EXPECT_EQ(sample->raw.at("packets_out"), 7);
}

TEST_F(SamplerTest, NeedsAReadingBefore) {
  Sampler sampler = make();
  EXPECT_FALSE(sampler.sample(kStart));
  sampler.observe(kStart);
  EXPECT_FALSE(sampler.sample(kStart));
  EXPECT_TRUE(sampler.sample(kStart + 1ms));
}

TEST(SamplerStatistic, NamesMetricAndStatistic) {
  EXPECT_EQ(*sampler_statistic("queue_length", "max"), Statistic::max);
  EXPECT_EQ(*sampler_statistic("cpu_utilisation", "mean"), Statistic::mean);
  EXPECT_EQ(sampler_statistic("cpu_utilisation", "max").error().message,
            "cpu_utilisation: the sampler gives the statistic mean, not max");
}

}  // namespace
}  // namespace cats::collectors
