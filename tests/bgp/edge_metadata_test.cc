#include "bgp/edge_metadata.h"

#include <gmock/gmock.h>

#include "tests/bgp/support.h"

namespace cats::bgp {
namespace {

using testing::hex;

TEST(EdgeMetadata, FindGivesTheFirstUsable) {
  const EdgeMetadata m{{SitePreference{0}, SitePreference{7}, ServiceCapability{.metric_type = 2, .value = 5},
                        ServiceCapability{.metric_type = 2, .value = 9},
                        AvailableResource{.percent = true, .value = 101},
                        AvailableResource{.percent = true, .value = 30}}};
  ASSERT_NE(find<SitePreference>(m), nullptr);
  EXPECT_EQ(find<SitePreference>(m)->index, 7U);
  EXPECT_EQ(find<CatsStamp>(m), nullptr);
  EXPECT_EQ(find_service_capability(m, 2)->value, 5U);
  EXPECT_EQ(find_service_capability(m, 3), nullptr);
  EXPECT_EQ(find_available_resource(m, 0)->value, 30U);
  const auto unused = ignored(m);
  ASSERT_EQ(unused.size(), 3U);
  EXPECT_EQ(unused[0].index, 0U);
  EXPECT_EQ(unused[1].index, 3U);
  EXPECT_EQ(unused[1].reason, "metric type 2 came before");
  EXPECT_EQ(unused[2].index, 4U);
}

TEST(EdgeMetadata, FindsACatsMetricByTypeAndLevel) {
  const CatsMetric first = CatsMetric::of(CatsMetric::compute_norm, 1, 7, CatsMetric::normalisation).value();
  const CatsMetric second = CatsMetric::of(CatsMetric::norm_fi, 2, 9, CatsMetric::aggregation).value();
  const EdgeMetadata m{{CatsMetrics{{first}}, CatsMetrics{{second}}}};
  ASSERT_NE(find_cats_metric(m, CatsMetric::norm_fi, 2), nullptr);
  EXPECT_EQ(find_cats_metric(m, CatsMetric::norm_fi, 2)->value, 9);
  EXPECT_EQ(find_cats_metric(m, CatsMetric::norm_fi, 1), nullptr);
}

TEST(EdgeMetadata, ACatsMetricMustBeAScore) {
  EXPECT_EQ(CatsMetric::of(1, 0, 5, 0).error().message, "CATS metric type 1: level 0 is not 1 or 2");
  EXPECT_FALSE(CatsMetric::of(1, 3, 5, 0));
  EXPECT_FALSE(CatsMetric::of(1, 1, 11, 0));
  EXPECT_FALSE(CatsMetric::of(1, 1, 256, 0));
  EXPECT_FALSE(CatsMetric::of(1, 1, 5, 5));
}

TEST(EdgeMetadata, TheExperimentalTypesAreSettings) {
  const EdgeMetadataCodes codes{.cats_metric = 40000, .cats_stamp = 40001};
  const EdgeMetadata m{{CatsStamp{.sequence = 1}, CatsMetrics{}}};
  const auto encoded = encode_edge_metadata(m, codes);
  ASSERT_TRUE(encoded);
  EXPECT_EQ(to_hex(*encoded),
            "9c410d"
            "00"
            "00000001"
            "0000000000000000"
            "9c4001"
            "00");
  EXPECT_EQ(decode_edge_metadata(*encoded, codes).value(), m);
  EXPECT_TRUE(std::holds_alternative<UnknownSubTlv>(decode_edge_metadata(*encoded).value().sub_tlvs[0]));
}

TEST(EdgeMetadata, EncodingRefusesWhatDoesNotFit) {
  const auto refuses = [](SubTlv one) { return !encode_edge_metadata({{std::move(one)}}); };
  EXPECT_FALSE(encode_edge_metadata({}));
  EXPECT_TRUE(refuses(ServiceCapability{.metric_type = 16}));
  EXPECT_TRUE(refuses(ServiceCapability{.reserved = 0x01}));
  EXPECT_TRUE(refuses(AvailableResource{.metric_type = 16}));
  EXPECT_TRUE(refuses(AvailableResource{.reserved = 0x80}));
  EXPECT_TRUE(refuses(SiteAvailability{.reserved = 0x80}));
  EXPECT_TRUE(refuses(DelayPrediction{.delay = DelayPrediction::Ntp{1}, .reserved = 0x40}));
  EXPECT_TRUE(refuses(CatsMetrics{{{.level = 4}}}));
  EXPECT_TRUE(refuses(CatsMetrics{std::vector<CatsMetric>(64)}));
  EXPECT_FALSE(refuses(CatsMetrics{std::vector<CatsMetric>(63)}));
  EXPECT_TRUE(refuses(UnknownSubTlv{99, Bytes(256)}));
  EXPECT_TRUE(refuses(UnknownSubTlv{1, Bytes(5)}));
  EXPECT_TRUE(refuses(UnknownSubTlv{65280, Bytes(5)}));
  EXPECT_TRUE(refuses(RawMeasurement{{RawMeasurement::Unknown{1, Bytes(13)}}}));
  EXPECT_TRUE(refuses(RawMeasurement{std::vector<std::variant<RawMeasurement::Traffic, RawMeasurement::Unknown>>(16)}));
}

TEST(EdgeMetadata, ScopeNamesTheLocalOrARecognisedAs) {
  EXPECT_TRUE(in_scope({{SitePreference{1}}}, 65000, {}));
  EXPECT_TRUE(in_scope({{AsScope{.as = 65000}}}, 65000, {}));
  EXPECT_FALSE(in_scope({{AsScope{.as = 65001}}}, 65000, {}));
  EXPECT_TRUE(in_scope({{AsScope{.as = 65001}}}, 65000, {64999, 65001}));
  EXPECT_TRUE(in_scope({{AsScope{.as = 65001}, AsScope{.as = 65000}}}, 65000, {}));
}

TEST(Ntp, KnownTimes) {
  EXPECT_EQ(ntp_from_unix_ns(0), 0x83aa7e8000000000U);
  EXPECT_EQ(ntp_from_unix_ns(500'000'000), 0x83aa7e8080000000U);
  EXPECT_EQ(ntp_from_unix_ns(-500'000'000), 0x83aa7e7f80000000U);
  EXPECT_EQ(unix_ns_from_ntp(0x83aa7e8080000000U), 500'000'000);
  EXPECT_EQ(unix_ns_from_ntp(0), 2'085'978'496'000'000'000);  // the second era begins
  EXPECT_EQ(unix_ns_from_ntp(0x83aa7e80ffffffffU), 1'000'000'000);
}

TEST(Ntp, Intervals) {
  EXPECT_EQ(ntp_from_duration(std::chrono::milliseconds(1)), 0x418937U);
  EXPECT_EQ(ntp_from_duration(Duration(-5)), 0U);
  EXPECT_EQ(ntp_from_duration(Duration(std::numeric_limits<std::int64_t>::max())), ~std::uint64_t{0});
  EXPECT_EQ(duration_from_ntp(0x340000000U), Duration(3'250'000'000));
  EXPECT_EQ(DelayPrediction::of(std::chrono::microseconds(250)).duration(), Duration(250'000));
  EXPECT_EQ((DelayPrediction{.delay = DelayPrediction::Milliseconds{12}}).duration(), Duration(12'000'000));
  EXPECT_EQ((DelayPrediction{.delay = DelayPrediction::Relative{12}}).duration(), std::nullopt);
}

TEST(Hex, RefusesWhatIsNone) {
  EXPECT_EQ(to_hex(hex("00 fF")), "00ff");
  EXPECT_FALSE(from_hex("0g"));
  EXPECT_FALSE(from_hex("012"));
  EXPECT_FALSE(from_hex("0 1"));
}

}  // namespace
}  // namespace cats::bgp
