#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "tests/scenarios/catalogue.h"

namespace cats::scenarios {
namespace {

using collectors::PrometheusRule;
using testing::ElementsAre;

TEST(Prometheus, AMappingIsReadWhole) {
  const auto scenario =
      parse_scenario(read_file(CATS_SOURCE_DIR "/tests/scenarios/good/prometheus.yaml"), "x.yaml", catalogue());
  ASSERT_TRUE(scenario) << scenario.error().message;
  ASSERT_TRUE(scenario->metrics.prometheus);
  const Metrics::Prometheus& prometheus = *scenario->metrics.prometheus;
  EXPECT_EQ(prometheus.source.address, IpAddress::of("::1"));
  EXPECT_EQ(prometheus.source.port, 9100);
  EXPECT_EQ(prometheus.source.path, "/metrics");
  EXPECT_THAT(
      prometheus.source.rules,
      ElementsAre(
          PrometheusRule{"available_compute",
                         "node_cpu_seconds_total",
                         {{"mode", "idle"}, {"cpu", "0"}},
                         PrometheusRule::Take::rate,
                         PrometheusRule::Combine::mean,
                         100,
                         0},
          PrometheusRule{
              "queue_length", "node_load1", {}, PrometheusRule::Take::value, PrometheusRule::Combine::sum, 1, 0.5}));
  EXPECT_THAT(prometheus.exporter, ElementsAre("prometheus-node-exporter", "--web.listen-address=[::1]:9100"));
  EXPECT_TRUE(prometheus.at("es1"));
  EXPECT_FALSE(prometheus.at("es2"));
}

TEST(Prometheus, WithoutSitesItIsOfAll) { EXPECT_TRUE(Metrics::Prometheus{}.at("es2")); }

}  // namespace
}  // namespace cats::scenarios
