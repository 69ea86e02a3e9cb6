#include "collectors/manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "collectors/metric_report_json.h"

namespace cats::collectors {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

const IpAddress kFirst = IpAddress::of("2001:2:0:1001::2");
const IpAddress kSecond = IpAddress::of("2001:2:0:1002::2");
const IpAddress kService = IpAddress::of("2001:2:0:c5::1");
const WallClock kWall(1'000'000'000'000'000'000);
const Instant kStart = from_ns(1'000'000'000'000);

MetricReport report(std::uint32_t sequence, double score) {
  return {{{"norm_fi", score}}, Stamp{sequence, kStart + sequence * 1s}, 42};
}

class TheManager : public testing::Test {
 protected:
  http::Response ask(const std::string& method, const std::string& path, std::optional<std::string> token,
                     const std::string& body = "", const std::string& last_event_id = "") {
    http::Request request;
    request.method = method;
    request.path = path;
    request.body = body;
    request.bearer = std::move(token);
    request.last_event_id = last_event_id;
    request.received = kStart + 5s;
    std::optional<http::Response> response;
    manager_.handle(request, [&](http::Response given) { response = std::move(given); });
    return response.value();
  }
  http::Response put(std::uint32_t sequence, double score, const std::string& token = "one",
                     const IpAddress& csci = kFirst) {
    return ask("PUT", "/v1/instances/" + csci.str() + "/metrics", token,
               to_json(report(sequence, score), kWall).dump());
  }
  json state() { return json::parse(ask("GET", "/v1/metrics", "control").body); }
  static std::string detail(const http::Response& response) { return json::parse(response.body).at("detail"); }
  static std::vector<std::string> data_of(const std::string& text) {
    http::EventParser parser;
    std::vector<std::string> all;
    const auto events = parser.read(text).value();
    for (const auto& event : events) all.push_back(event.name);
    return all;
  }

  Manager::Config config() {
    Manager::Config config{.instances = {{"es1", kFirst, kService}, {"es2", kSecond, kService}},
                           .tokens = {},
                           .incarnation = "i",
                           .wall = kWall};
    config.tokens.add("one", {"es1", "edge-server"});
    config.tokens.add("two", {"es2", "edge-server"});
    config.tokens.add("control", {"sdn", "controller"});
    return config;
  }

  std::vector<std::string> refused_;
  Manager manager_{config(), {.refused = [this](const std::string& who, unsigned status, const std::string& why) {
                     refused_.push_back(fmt::format("{} {} {}", who, status, why));
                   }}};
};

TEST_F(TheManager, TakesAReportAndTellsIt) {
  EXPECT_EQ(put(1, 7).status, 204U);
  const json instances = state().at("instances");
  ASSERT_EQ(instances.size(), 2U);
  EXPECT_EQ(instances[0].at("node"), "es1");
  EXPECT_EQ(instances[0].at("csci"), kFirst.str());
  EXPECT_EQ(instances[0].at("received_unix_ns"), kWall.unix_ns(kStart + 5s));
  EXPECT_EQ(report_from_json(instances[0].at("report"), kWall).value(), report(1, 7));
  EXPECT_EQ(instances[1].at("report"), nullptr);
}

TEST_F(TheManager, WithoutTokenNothing) {
  for (const auto& token : {std::optional<std::string>(), std::optional<std::string>("wrong")}) {
    const auto response = ask("GET", "/v1/metrics", token);
    EXPECT_EQ(response.status, 401U);
    EXPECT_EQ(response.headers.at("WWW-Authenticate"), "Bearer");
    EXPECT_THAT(response.body, testing::Not(HasSubstr("wrong")));
  }
  EXPECT_EQ(refused_.size(), 2U);
  EXPECT_THAT(refused_.at(1), testing::Not(HasSubstr("wrong")));
}

TEST_F(TheManager, AnEdgeServerPublishesForItselfAlone) {
  EXPECT_EQ(put(1, 7, "two").status, 403U);
  EXPECT_EQ(put(1, 7, "control").status, 403U);
  EXPECT_EQ(ask("GET", "/v1/metrics", "one").status, 403U);
  EXPECT_EQ(ask("GET", "/v1/metrics/events", "one").status, 403U);
  EXPECT_EQ(state().at("instances")[0].at("report"), nullptr);
  EXPECT_THAT(refused_, testing::Contains("es2 403 es2 may not publish for es1"));
}

TEST_F(TheManager, NamesWhatIsWrongAndChangesNothing) {
  const std::string path = "/v1/instances/" + kFirst.str() + "/metrics";
  const auto wrong = [&](const char* body) { return detail(ask("PUT", path, "one", body)); };
  EXPECT_EQ(wrong("nonsense"), "the body is no JSON");
  EXPECT_EQ(wrong("[]"), "a report is an object");
  EXPECT_EQ(
      wrong(R"({"sequence": 4294967296, "extra": 2})"),
      "sequence is 4294967296, not an integer from 0 to 4294967295; window_end_unix_ns is missing; values is missing; "
      "values is no object with at least one metric; extra is not known");
  EXPECT_EQ(wrong(R"({"sequence": 1, "window_end_unix_ns": -1, "values": {"norm_fi": 1}})"),
            "window_end_unix_ns is negative");
  EXPECT_EQ(wrong(R"({"sequence": 1, "window_end_unix_ns": 1, "values": {"x": 1, "norm_fi": "7"}})"),
            "values.norm_fi is no number; values.x is no metric");
  EXPECT_EQ(ask("PUT", "/v1/instances/nonsense/metrics", "one").status, 404U);
  EXPECT_EQ(ask("PUT", "/v1/instances/2001:2::99/metrics", "one").status, 404U);
  EXPECT_EQ(ask("GET", "/v1/elsewhere", "control").status, 404U);
  EXPECT_EQ(ask("POST", path, "one").status, 405U);
  EXPECT_EQ(ask("DELETE", "/v1/metrics", "control").headers.at("Allow"), "GET");
  EXPECT_EQ(state().at("instances")[0].at("report"), nullptr);
}

TEST_F(TheManager, WhatIsOldIsRefusedAndANewBeginningIsNot) {
  EXPECT_EQ(put(5, 7).status, 204U);
  EXPECT_EQ(put(5, 8).status, 409U);
  EXPECT_EQ(put(4, 8).status, 409U);
  MetricReport anew = report(9, 3);
  anew.stamp->sequence = 1;
  EXPECT_EQ(ask("PUT", "/v1/instances/" + kFirst.str() + "/metrics", "one", to_json(anew, kWall).dump()).status, 204U);
  EXPECT_EQ(state().at("instances")[0].at("report").at("sequence"), 1);
}

TEST_F(TheManager, PublishesWhatHasChangedOnceAnInterval) {
  const auto feed = ask("GET", "/v1/metrics/events", "control").feed;
  ASSERT_NE(feed, nullptr);
  auto position = feed->position("");
  EXPECT_THAT(data_of(feed->next(position)), ElementsAre("snapshot"));
  manager_.tick();
  EXPECT_EQ(feed->next(position), "");
  put(1, 7);
  put(2, 6);
  put(1, 5, "two", kSecond);
  manager_.tick();
  manager_.tick();
  http::EventParser parser;
  const auto events = parser.read(feed->next(position)).value();
  ASSERT_EQ(events.size(), 1U);
  const json instances = json::parse(events[0].data).at("instances");
  ASSERT_EQ(instances.size(), 2U);
  EXPECT_EQ(instances[0].at("report").at("sequence"), 2);
  EXPECT_EQ(instances[1].at("report").at("values").at("norm_fi"), 5);
}

TEST_F(TheManager, SyntheticReportsAreNewsAndChangeNothing) {
  const auto feed = ask("GET", "/v1/metrics/events", "control").feed;
  auto position = feed->position("");
  feed->next(position);
  put(1, 7);
  EXPECT_THAT(manager_.publish_synthetic(1000, 1, kStart + 9s).error().message, HasSubstr("of es2 has not reported"));
  put(1, 5, "two", kSecond);
  const json before = state();
  EXPECT_THAT(manager_.publish_synthetic(1000, 3, kStart + 9s).error().message, HasSubstr("3 reports in one event"));
  ASSERT_TRUE(manager_.publish_synthetic(1000, 1, kStart + 8s));
  ASSERT_TRUE(manager_.publish_synthetic(1001, 2, kStart + 9s));
  http::EventParser parser;
  const auto events = parser.read(feed->next(position)).value();
  ASSERT_EQ(events.size(), 2U);
  json instances = json::parse(events[0].data).at("instances");
  const json second = json::parse(events[1].data);
  for (const json& instance : second.at("instances")) instances.push_back(instance);
  ASSERT_EQ(instances.size(), 3U);
  std::optional<Instant> last;
  for (std::size_t i = 0; i < 3; ++i) {
    const MetricReport one = report_from_json(instances[i].at("report"), kWall).value();
    EXPECT_EQ(one.stamp->sequence, 1000 + i);
    EXPECT_EQ(one.values.at("norm_fi"), instances[i].at("node") == "es1" ? 7 : 5);
    EXPECT_FALSE(one.known);
    EXPECT_LT(last.value_or(kStart), one.stamp->window_end);
    last = one.stamp->window_end;
  }
  EXPECT_EQ(last, kStart + 9s);
  EXPECT_NE(instances[1].at("csci"), instances[2].at("csci"));
  EXPECT_EQ(state(), before);
  // The edge server's own reports go on, though their sequence numbers are lower.
  EXPECT_EQ(put(2, 6).status, 204U);
}

}  // namespace
}  // namespace cats::collectors
