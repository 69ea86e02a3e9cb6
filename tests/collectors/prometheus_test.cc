#include "collectors/prometheus.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cats::collectors {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using Take = PrometheusRule::Take;
using Combine = PrometheusRule::Combine;

const Instant kStart = from_ns(1'000'000'000'000);

std::string problem(std::string_view text) {
  const auto parsed = parse_exposition(text);
  return parsed ? "none" : parsed.error().message;
}

// The example of the format's documentation.
TEST(Exposition, ReadsTheDocumentedExample) {
  const auto series = parse_exposition(R"(# HELP http_requests_total The total number of HTTP requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="post",code="400"}    3 1395066363000

# Escaping in label values:
msdos_file_access_time_seconds{path="C:\\DIR\\FILE.TXT",error="Cannot find file:\n\"FILE.TXT\""} 1.458255915e9

# Minimalistic line:
metric_without_timestamp_and_labels 12.47

# A weird metric from before the epoch:
something_weird{problem="division by zero"} +Inf -3982045
rpc_duration_seconds{quantile="0.01",} 3102
rpc_duration_seconds_sum 1.7560473e+07
)");
  ASSERT_TRUE(series) << series.error().message;
  ASSERT_EQ(series->size(), 7U);
  EXPECT_EQ(series->at(0), (Series{"http_requests_total", {{"method", "post"}, {"code", "200"}}, 1027}));
  EXPECT_EQ(series->at(2).labels.at("path"), "C:\\DIR\\FILE.TXT");
  EXPECT_EQ(series->at(2).labels.at("error"), "Cannot find file:\n\"FILE.TXT\"");
  EXPECT_EQ(series->at(3).value, 12.47);
  EXPECT_TRUE(std::isinf(series->at(4).value));
  EXPECT_EQ(series->at(6).value, 1.7560473e7);
}

TEST(Exposition, NamesTheLineThatIsWrong) {
  EXPECT_EQ(problem("a 1\nb x\n"), "line 2: \"x\" is no number");
  EXPECT_THAT(problem("{a=\"b\"} 1"), HasSubstr("line 1: a metric name is expected"));
  EXPECT_THAT(problem("a{b=\"c} 1"), HasSubstr("the value of label b does not end"));
  EXPECT_THAT(problem("a{b=c} 1"), HasSubstr("must begin with a quote"));
  EXPECT_THAT(problem("a{b=\"1\",b=\"2\"} 1"), HasSubstr("label b is given twice"));
  EXPECT_THAT(problem("a{b=\"1\" c=\"2\"} 1"), HasSubstr("a comma is expected"));
  EXPECT_THAT(problem("a 1 x"), HasSubstr("is no time stamp"));
  EXPECT_THAT(problem("a 1 2 3"), HasSubstr("is too much"));
  EXPECT_THAT(problem("<html>"), HasSubstr("a metric name is expected"));
}

std::string cpu(double first_idle, double second_idle) {
  return fmt::format(
      "node_cpu_seconds_total{{cpu=\"0\",mode=\"idle\"}} {}\nnode_cpu_seconds_total{{cpu=\"1\",mode=\"idle\"}} {}\n"
      "node_cpu_seconds_total{{cpu=\"0\",mode=\"user\"}} 99\nnode_load1 0.5\n",
      first_idle, second_idle);
}

TEST(PrometheusSampler, MakesRatesOfCounters) {
  PrometheusSampler sampler(
      {{"cpu_utilisation", "node_cpu_seconds_total", {{"mode", "idle"}}, Take::rate, Combine::mean, -100, 100},
       {"queue_length", "node_load1", {}, Take::value, Combine::sum, 2, 0}});
  const auto first = sampler.sample(cpu(100, 200), kStart);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(*first, (std::map<std::string, double>{{"queue_length", 1}}));
  const auto second = sampler.sample(cpu(101, 201.5), kStart + 2s);
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_DOUBLE_EQ(second->at("cpu_utilisation"), 37.5);  // idle for 1 and 1.5 of 2 s
  // The first CPU's counter began anew, and reached 1.
  const auto third = sampler.sample(cpu(1, 202.5), kStart + 3s);
  EXPECT_DOUBLE_EQ(third->at("cpu_utilisation"), 0);
  EXPECT_THAT(sampler.sample(cpu(2, 203), kStart + 3s).error().message, HasSubstr("no time passed"));
}

TEST(PrometheusSampler, CombinesSeries) {
  const char* text = "x{site=\"a\",n=\"1\"} 1\nx{site=\"a\",n=\"2\"} 5\nx{site=\"b\",n=\"1\"} 100\n";
  for (const auto& [how, value] : {std::pair{Combine::sum, 6.0}, std::pair{Combine::mean, 3.0},
                                   std::pair{Combine::min, 1.0}, std::pair{Combine::max, 5.0}}) {
    PrometheusSampler sampler({{"m", "x", {{"site", "a"}}, Take::value, how, 1, 0}});
    EXPECT_EQ(sampler.sample(text, kStart)->at("m"), value);
  }
}

TEST(PrometheusSampler, SaysWhatIsMissingOrNoNumber) {
  PrometheusSampler sampler({{"queue_length", "node_load1", {{"host", "x"}}, Take::value, Combine::sum, 1, 0}});
  EXPECT_EQ(sampler.sample(cpu(1, 1), kStart).error().message,
            "queue_length: the exposition has no node_load1 with these labels");
  EXPECT_EQ(sampler.sample("node_load1{host=\"x\"} NaN\n", kStart).error().message, "queue_length: node_load1 is nan");
}

}  // namespace
}  // namespace cats::collectors
