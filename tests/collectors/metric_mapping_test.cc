#include "collectors/metric_mapping.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cats::collectors {
namespace {

using testing::HasSubstr;

const WallClock kWall(1'790'000'000'000'000'000);

TEST(MetricMapping, UsesTheSubTlvsOfTheWireFormat) {
  MetricReport report;
  report.values = {{"available_compute", 62.5}, {"processing_delay", 1.5}, {"site_preference", 7}, {"norm_fi", 8}};
  report.known = 0xdeadbeef;
  report.stamp = Stamp{3, from_ns(5'000'000'000)};
  const auto metadata = to_edge_metadata(report, kWall);
  ASSERT_TRUE(metadata);
  EXPECT_EQ(bgp::find_available_resource(*metadata, 0)->value, 63u);
  EXPECT_TRUE(bgp::find_available_resource(*metadata, 0)->percent);
  EXPECT_EQ(bgp::find<bgp::DelayPrediction>(*metadata)->duration(), std::chrono::microseconds(1500));
  EXPECT_EQ(bgp::find<bgp::SitePreference>(*metadata)->index, 7u);
  EXPECT_EQ(bgp::find_cats_metric(*metadata, bgp::CatsMetric::norm_fi, 2)->value, 8);
  EXPECT_EQ(bgp::find_service_capability(*metadata, 0)->value, 8u);
  EXPECT_EQ(bgp::find_service_capability(*metadata, 15)->value, 0xdeadbeef);
  EXPECT_EQ(bgp::find<bgp::CatsStamp>(*metadata)->window_end,
            bgp::ntp_from_unix_ns(1'790'000'000'000'000'000 + 5'000'000'000));
}

TEST(MetricMapping, NamesWhatCannotBeSent) {
  const auto error = [](std::map<std::string, double> values) {
    const auto metadata = to_edge_metadata({std::move(values), {}, {}}, kWall);
    return metadata ? "" : metadata.error().message;
  };
  EXPECT_EQ(error({{"queue_length", 3}}), "queue_length: no sub-TLV carries this metric");
  EXPECT_THAT(error({{"available_compute", 101}}), HasSubstr("available_compute: 101"));
  EXPECT_THAT(error({{"processing_delay", std::nan("")}}), HasSubstr("processing_delay: nan"));
  EXPECT_THAT(error({{"norm_fi", 11}}), HasSubstr("norm_fi: 11"));
  EXPECT_THAT(error({{"site_preference", 0}}), HasSubstr("site_preference: 0"));
  EXPECT_THAT(error({{"bytes_in", 1}, {"bytes_out", 1}}), HasSubstr("goes with traffic_period_s"));
  EXPECT_THAT(error({{"bytes_in", 1}, {"traffic_period_s", 1}}), HasSubstr("goes with bytes_out"));
  EXPECT_THAT(error({}), HasSubstr("nothing in it"));
  EXPECT_EQ(error({{"bytes_in", 1e12}, {"bytes_out", 1}, {"traffic_period_s", 1}}), "");  // says its largest
}

TEST(MetricMapping, ReadsWhatOthersSend) {
  bgp::EdgeMetadata metadata;
  metadata.sub_tlvs = {bgp::DelayPrediction{bgp::DelayPrediction::Milliseconds{12}},
                       bgp::AvailableResource{true, 0, 40},
                       bgp::AvailableResource{true, 0, 90},  // repeated: ignored
                       bgp::ServiceCapability{0, 9},
                       bgp::SitePreference{0},
                       bgp::UnknownSubTlv{4711, {}}};
  const auto report = from_edge_metadata(metadata, kWall);
  EXPECT_EQ(report.values,
            (std::map<std::string, double>{{"processing_delay", 12}, {"available_compute", 40}, {"norm_fi", 9}}));
  EXPECT_FALSE(report.known);
  EXPECT_FALSE(report.stamp);
}

TEST(WallClock, TwoReadingsOfOneMachineAgreeWithinAMillisecond) {
  const auto a = WallClock::of_this_machine();
  const auto b = WallClock::of_this_machine();
  const Instant t = std::chrono::steady_clock::now();
  EXPECT_LT(std::abs(to_ms(b.instant(a.unix_ns(t)) - t)), 1.0);
}

}  // namespace
}  // namespace cats::collectors
