#include "collectors/prometheus_mapping.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cats::collectors {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::HasSubstr;
using Take = PrometheusRule::Take;
using Combine = PrometheusRule::Combine;

TEST(PrometheusUrl, IsReadOrRefused) {
  const auto v4 = parse_prometheus_url("http://127.0.0.1:9100/metrics/cadvisor");
  ASSERT_TRUE(v4) << v4.error().message;
  EXPECT_EQ(v4->address, IpAddress::of("127.0.0.1"));
  EXPECT_EQ(v4->port, 9100);
  EXPECT_EQ(v4->path, "/metrics/cadvisor");
  EXPECT_EQ(parse_prometheus_url("http://[2001:2::1]:80")->path, "/metrics");
  for (const char* bad : {"", "127.0.0.1:9100", "https://127.0.0.1:9100", "http://127.0.0.1", "http://127.0.0.1:0",
                          "http://127.0.0.1:65536", "http://127.0.0.1:x", "http://node:9100", "http://::1:9100",
                          "http://[127.0.0.1]:9100", "http://:9100"})
    EXPECT_FALSE(parse_prometheus_url(bad)) << bad;
  EXPECT_THAT(parse_prometheus_url("http://node:9100").error().message, HasSubstr("write http://ADDRESS:PORT/PATH"));
}

TEST(PrometheusMapping, SurvivesItsConfiguration) {
  PrometheusSource source = parse_prometheus_url("http://[::1]:9100/x").value();
  source.rules = {
      {"cpu_utilisation", "node_cpu_seconds_total", {{"mode", "idle"}}, Take::rate, Combine::mean, -100, 100},
      {"queue_length", "node_load1", {}, Take::value, Combine::max, 1, 0}};
  const json config = json::parse(to_json(source).dump());
  JsonFields fields(config, "prometheus");
  EXPECT_EQ(read_prometheus(fields), source);
  EXPECT_EQ(fields.finish(), std::nullopt);
  EXPECT_EQ(source.metrics(), (std::set<std::string>{"cpu_utilisation", "queue_length"}));
}

TEST(PrometheusMapping, NamesWhatIsWrong) {
  const json config = json::parse(R"({"address": "::1", "port": 9100, "mapping": {
      "norm_fi": {"family": "x"}, "queue_length": {"take": "often", "labels": {"a": 1}, "colour": 3}}})");
  JsonFields fields(config, "prometheus");
  read_prometheus(fields);
  const std::string wrong = fields.finish().value();
  for (const char* part : {"mapping.norm_fi is no raw metric", "mapping.queue_length.family is missing",
                           "take is \"often\", not value, rate", "labels.a is no text", "colour is not known"})
    EXPECT_THAT(wrong, HasSubstr(part));
}

std::string counter(double value) { return fmt::format("x_total {}\n", value); }

TEST(PrometheusWindow, RatesAreOverTheWindow) {
  const Instant start = from_ns(1'000'000'000'000);
  PrometheusSampler sampler({{"bytes_in", "x_total", {}, Take::rate, Combine::sum, 1, 0}}, 1s);
  EXPECT_TRUE(sampler.sample(counter(0), start)->empty());
  EXPECT_DOUBLE_EQ(sampler.sample(counter(10), start + 500ms)->at("bytes_in"), 20);     // there is none older
  EXPECT_DOUBLE_EQ(sampler.sample(counter(40), start + 1s)->at("bytes_in"), 40);        // 40 in 1 s
  EXPECT_DOUBLE_EQ(sampler.sample(counter(110), start + 1500ms)->at("bytes_in"), 100);  // 110 − 10
  EXPECT_DOUBLE_EQ(sampler.sample(counter(140), start + 2s)->at("bytes_in"), 100);      // 140 − 40
  // None was made a window ago: that at 1.5 s is the closest.
  EXPECT_DOUBLE_EQ(sampler.sample(counter(210), start + 2400ms)->at("bytes_in"), 100 / 0.9);
  sampler.forget();
  EXPECT_TRUE(sampler.sample(counter(300), start + 3s)->empty());
}

}  // namespace
}  // namespace cats::collectors
