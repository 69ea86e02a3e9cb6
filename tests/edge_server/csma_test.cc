
#include "collectors/csma.h"

#include <algorithm>
#include <filesystem>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cpsel/known_sequence.h"
#include "cpsel/metrics_json.h"
#include "http/asio_scheduler.h"
#include "tests/support/temporary_directory.h"

namespace cats::roles {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

std::vector<cpsel::Declaration> declarations(const char* statistics = "mean") {
  auto json = nlohmann::json::parse(R"([
    {"type": "cpu_utilisation", "level": "L0", "unit": "percent", "statistics": "mean", "format": "float"},
    {"type": "compute_norm", "level": "L1", "statistics": "mean", "aggregation": "mean",
     "normalisation": {"function": "minmax", "lo": 0, "hi": 100, "better": "less"},
     "of": [{"metric": "cpu_utilisation"}]}])");
  json[0]["statistics"] = statistics;
  const auto parsed = cpsel::declarations_from_json(json);
  if (!parsed) throw std::runtime_error(parsed.error().message);
  return *parsed;
}

class CsmaTest : public testing::Test {
 protected:
  collectors::CsmaConfig config() const {
    collectors::CsmaConfig config;
    config.csci = IpAddress::of("2001:2:0:1::1");
    config.interval = config.window = 100ms;
    config.phase = 20ms;
    config.epoch = std::chrono::steady_clock::now() - 1s;
    config.site_preference = 5;
    config.declarations = declarations();
    return config;
  }
  void make(const collectors::CsmaConfig& config) {
    csma_.emplace(
        scheduler_, config,
        collectors::SamplerSources{[this] {
                                     return collectors::CpuReading{usage_, 1.0};
                                   },
                                   [] { return collectors::ServiceReading{}; }},
        log_, [this](const collectors::MetricReport& report) { reports_.push_back(report); }, scrape_);
  }
  // Of an exporter that answers a little later.
  collectors::Scrape answers(Expected<cpsel::Values> what) {
    return [this, what](const std::function<void(Expected<cpsel::Values>)>& done) {
      ++scrapes_;
      boost::asio::post(io_, [done, what] { done(what); });
    };
  }
  std::size_t count(const std::string& name) const {
    const auto events = read_events(directory_ / "events");
    return static_cast<std::size_t>(
        std::ranges::count_if(*events, [&](const auto& event) { return event["event"] == name; }));
  }

  // How late after a scheduled instant the most punctual sample was: a busy machine delays some, a wrong schedule all.
  Duration least_lateness(const collectors::CsmaConfig& c, Duration interval, Duration phase) const {
    Duration least = interval;
    for (const auto& report : reports_)
      least = std::min(least, (report.stamp->window_end - c.epoch - phase) % interval);
    return least;
  }

  support::TemporaryDirectory directory_;
  MonotonicClock clock_;
  EventLog log_{directory_ / "events", "es1", clock_};
  boost::asio::io_context io_;
  http::AsioScheduler scheduler_{io_.get_executor()};
  Duration usage_{};
  std::vector<collectors::MetricReport> reports_;
  collectors::Scrape scrape_;
  std::size_t scrapes_ = 0;
  std::optional<collectors::Csma> csma_;
};

TEST_F(CsmaTest, SamplesOnTheAbsoluteScheduleAndPublishesStampedReports) {
  const auto c = config();
  make(c);
  csma_->set_known_seed(11);
  csma_->start();
  while (reports_.size() < 4) io_.run_one();
  for (std::size_t i = 0; i < reports_.size(); ++i) {
    const auto& stamp = *reports_[i].stamp;
    EXPECT_EQ(stamp.sequence, i + 1);
    EXPECT_EQ(reports_[i].known, cpsel::known_value(11, c.csci, stamp.sequence));
    EXPECT_EQ(reports_[i].values.at("available_compute"), 100);
    EXPECT_EQ(reports_[i].values.at("compute_norm"), 10);
    EXPECT_EQ(reports_[i].values.at("site_preference"), 5);
    EXPECT_FALSE(reports_[i].values.contains("bytes_in"));  // the window is no whole second
  }
  EXPECT_LT(least_lateness(c, c.interval, c.phase), 20ms);
  const auto events = read_events(directory_ / "events");
  ASSERT_TRUE(events);
  ASSERT_GE(events->size(), 4u);
  const auto& sample = events->at(3);
  EXPECT_EQ(sample["event"], "sample");
  EXPECT_EQ(sample["source"], "2001:2:0:1::1");
  EXPECT_EQ(sample["window_end"], to_ns(reports_[3].stamp->window_end));
  EXPECT_EQ(sample["accounting"]["usage_ns"], 0);
  EXPECT_EQ(sample["accounting"]["quota_cores"], 1.0);
  EXPECT_EQ(sample["unquantised"]["compute_norm"], 1.0);
}

TEST_F(CsmaTest, OnChangeSendsNoStampAndNothingTwice) {
  auto c = config();
  c.every_interval = false;
  make(c);
  csma_->start();
  io_.run_for(400ms);
  ASSERT_EQ(reports_.size(), 1u);
  EXPECT_FALSE(reports_[0].stamp);
  usage_ += 20ms;
  io_.run_for(350ms);
  EXPECT_GE(reports_.size(), 2u);  // up, and down again
}

TEST_F(CsmaTest, AChangedIntervalKeepsTheEpoch) {
  auto c = config();
  c.interval = 1h;
  make(c);
  csma_->start();
  io_.run_for(20ms);
  EXPECT_TRUE(reports_.empty());
  csma_->set_interval(120ms, 10ms);
  while (reports_.size() < 3) io_.run_one();
  EXPECT_LT(least_lateness(c, 120ms, 10ms), 20ms);
}

TEST_F(CsmaTest, AWindowOfItsOwnLengthIsSampledFromItsOwnStart) {
  auto c = config();
  c.interval = 200ms;
  c.window = 60ms;
  make(c);
  csma_->start();
  while (reports_.size() < 3) io_.run_one();
  const auto events = read_events(directory_ / "events");
  double nearest = 1e9;  // to the window asked for, in ms: a busy machine delays some readings
  for (const auto& event : *events) {
    const auto length = Duration(event["window_end"].get<std::int64_t>() - event["window_start"].get<std::int64_t>());
    nearest = std::min(nearest, std::abs(to_ms(length) - 60));
  }
  EXPECT_LT(nearest, 20);
}

TEST_F(CsmaTest, WhatAnExporterMeasuresTakesThePlaceOfItsOwn) {
  auto c = config();
  c.scraped = {"cpu_utilisation"};
  c.declarations = declarations("max");  // what the exporter's own is, nobody here can check
  scrape_ = answers(cpsel::Values{{"cpu_utilisation", 30}});
  make(c);
  csma_->start();
  while (reports_.size() < 3) io_.run_one();
  EXPECT_EQ(reports_.back().values.at("compute_norm"), 7);
  EXPECT_EQ(reports_.back().values.at("available_compute"), 100);  // its own
  EXPECT_GE(scrapes_, reports_.size());
  Expected<nlohmann::ordered_json> sample = fail("not asked");
  csma_->sample_now([&](Expected<nlohmann::ordered_json> now) { sample = std::move(now); });
  io_.run_for(50ms);
  ASSERT_TRUE(sample) << sample.error().message;
  EXPECT_EQ(sample->at("raw").at("cpu_utilisation"), 30);
}

TEST_F(CsmaTest, WhatAnExporterDoesNotSayIsMissing) {
  for (const auto& [answer, failures] : {std::pair<Expected<cpsel::Values>, bool>{fail("no one is there"), true},
                                         std::pair<Expected<cpsel::Values>, bool>{cpsel::Values{}, false}}) {
    auto c = config();
    c.scraped = {"cpu_utilisation"};
    scrape_ = answers(answer);
    make(c);
    csma_->start();
    const std::size_t before = scrapes_;
    while (scrapes_ < before + 4) io_.run_one();
    io_.run_for(20ms);
    EXPECT_TRUE(reports_.empty());
    EXPECT_EQ(count("sample"), 0U);
    EXPECT_EQ(count("scrape_failed") > 0, failures);
    std::string why;
    csma_->sample_now([&](const Expected<nlohmann::ordered_json>& now) { why = now ? "" : now.error().message; });
    io_.run_for(20ms);
    EXPECT_THAT(why, HasSubstr(failures ? "no one is there" : "a rate needs two scrapes"));
    csma_->stop();
    std::filesystem::resize_file(directory_ / "events", 0);
  }
}

TEST(CsmaConfig, NamesWhatTheSamplerDoesNotGive) {
  collectors::CsmaConfig config;
  config.window = 1s;
  config.declarations = declarations("max");
  EXPECT_THAT(collectors::sampler_config(config).error().message, HasSubstr("cpu_utilisation"));
}

}  // namespace
}  // namespace cats::roles
