#include "emulator/roles/controller_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/metric_report_json.h"
#include "cpsel/decision_json.h"
#include "cpsel/registry.h"
#include "emulator/roles/southbound.h"
#include "tests/support/temporary_directory.h"

namespace cats::roles {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using nlohmann::ordered_json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const IpAddress kFirst = IpAddress::of("2001:2:0:1001::2");
const IpAddress kSecond = IpAddress::of("2001:2:0:1002::2");
const IpAddress kService = IpAddress::of("2001:2:0:c5::1");
const collectors::WallClock kWall(1'790'000'000'000'000'000);

collectors::MetricReport report(std::uint32_t sequence, double score) {
  return {{{"norm_fi", score}, {"processing_delay", 3.25}}, collectors::Stamp{sequence, from_ns(1000 * sequence)}, {}};
}
json instance(const IpAddress& csci, const json& told) {
  return {{"node", "es"}, {"csci", csci.str()}, {"cs_id", kService.str()}, {"received_unix_ns", 7}, {"report", told}};
}
json good(const IpAddress& csci, std::uint32_t sequence = 1, double score = 7) {
  return instance(csci, collectors::to_json(report(sequence, score), kWall));
}

class ControllerMetrics : public testing::Test {
 protected:
  std::vector<MetricUpdate> read(const std::string& data) {
    return read_updates(data, {{kService, 0}}, kWall, [this](const std::string& why) { bad_.push_back(why); });
  }
  std::vector<MetricUpdate> read_list(const json& instances) { return read(json{{"instances", instances}}.dump()); }

  std::vector<std::string> bad_;
};

TEST_F(ControllerMetrics, ReadsWhatTheManagerTells) {
  const auto updates =
      read_list({good(kFirst, 1), instance(IpAddress::of("2001:2:0:1001::3"), nullptr), good(kSecond, 2)});
  ASSERT_EQ(updates.size(), 2U);
  EXPECT_EQ(updates[0].csci, kFirst);
  EXPECT_EQ(updates[0].report, report(1, 7));
  EXPECT_EQ(updates[1].csci, kSecond);
  EXPECT_EQ(updates[1].report, report(2, 7));
  EXPECT_THAT(read_list(json::array()), IsEmpty());
  EXPECT_THAT(bad_, IsEmpty());
}

TEST_F(ControllerMetrics, TakesTheGoodPartsAndNamesTheBadOnes) {
  json unknown = good(kFirst);
  unknown["cs_id"] = "2001:2::99";
  json nameless = good(kFirst);
  nameless.erase("csci");
  json no_address = good(kFirst);
  no_address["csci"] = 7;
  json silent = good(kFirst);
  silent.erase("report");
  json wrong = good(kFirst);
  wrong["report"]["values"]["colour"] = 3;
  const auto updates = read_list({unknown, nameless, no_address, silent, wrong, 12, good(kSecond), good(kSecond)});
  ASSERT_EQ(updates.size(), 1U);
  EXPECT_EQ(updates[0].csci, kSecond);
  EXPECT_THAT(
      bad_, ElementsAre("instances[0]: 2001:2:0:1001::2: its service 2001:2::99 is not known here",
                        "instances[1]: csci is missing", "instances[2]: csci is 7, no IP address",
                        "instances[3]: report is missing", "instances[4]: 2001:2:0:1001::2: values.colour is no metric",
                        "instances[5]: is no object", "instances[7]: 2001:2:0:1002::2 is named twice"));
}

TEST_F(ControllerMetrics, RefusesAnEventAsAWhole) {
  for (const char* data : {"", "nonsense", R"({"instances": [)", "[]", "{}", R"({"instances": 3})", "null"})
    EXPECT_THAT(read(std::string(data)), IsEmpty()) << data;
  const std::string no_json = "the event is no JSON";
  const std::string no_list = "the event has no list of instances";
  EXPECT_THAT(bad_, ElementsAre(no_json, no_json, no_json, no_list, no_list, no_list, no_list));
  bad_.clear();
  // What came before the fault does not count.
  const std::string data = json{{"instances", json::array({good(kFirst)})}}.dump();
  EXPECT_THAT(read(data.substr(0, data.size() - 1)), IsEmpty());
  EXPECT_THAT(read(data + "x"), IsEmpty());
  EXPECT_THAT(bad_, ElementsAre(no_json, no_json));
}

TEST_F(ControllerMetrics, LogsWhatIsNewAsItAlwaysDid) {
  const support::TemporaryDirectory directory;
  const MonotonicClock clock;
  EventLog log(directory / "sdn.jsonl", "sdn", clock);
  cpsel::Selector selector(1);
  cpsel::ServiceSettings settings;
  settings.name = kService.str();
  settings.steer_by = "norm_fi";
  selector.add_service(std::move(settings), *cpsel::find_algorithm("global-min"),
                       cpsel::make_algorithm("global-min", {}).value());
  const auto take = [&](const json& instances, Instant received) {
    auto updates = read_list(instances);
    learn(updates, selector, received);
    log_received(log, updates, selector, received);
    return services_of(updates);
  };
  EXPECT_THAT(take({good(kFirst, 1, 9), good(kSecond, 1, 3)}, from_ns(10)), ElementsAre(0U));
  EXPECT_THAT(take({good(kFirst, 1, 9), good(kSecond, 2, 4)}, from_ns(20)), ElementsAre(0U));
  EXPECT_THAT(take({good(kFirst, 1, 9), good(kSecond, 2, 4)}, from_ns(30)), IsEmpty());
  const auto events = read_events(directory / "sdn.jsonl");
  ASSERT_TRUE(events) << events.error().message;
  ASSERT_EQ(events->size(), 3U);
  EXPECT_EQ(events->at(2), json::parse(R"({"t_ns": 20, "node": "sdn", "event": "metric_received",
      "source": "2001:2:0:1002::2", "via": "rest", "seq": 2, "path": 0,
      "values": {"norm_fi": 4.0, "processing_delay": 3.25}, "known": null, "window_end": 2000})"));
  EXPECT_EQ(selector.report(0, {kSecond, 0})->values.at("norm_fi"), 4);
}

TEST(DecisionText, IsWhatTheEventLogDocumentSays) {
  cpsel::Decision decision;
  decision.id = 7;
  decision.service_name = "2001:2:0:c5::1";
  decision.algorithm = "global-min";
  decision.inputs = {{{kFirst, 0}, 3, 5ms, 0.25, from_ns(99), true}, {{kSecond, 4}, {}, 0ns, {}, {}, false}};
  decision.weights = {1, 0};
  const std::string expected =
      R"({"id":7,"service":"2001:2:0:c5::1","algorithm":"global-min","inputs":[)"
      R"({"csci":"2001:2:0:1001::2","seq":3,"age_ns":5000000,"load":0.25,"window_end":99,"eligible":true},)"
      R"({"csci":"2001:2:0:1002::2#4","seq":null,"age_ns":0,"load":null,"window_end":null,"eligible":false}],)"
      R"("weights":{"2001:2:0:1001::2":1.0,"2001:2:0:1002::2#4":0.0}})";
  EXPECT_EQ(cpsel::decision_text(decision), expected);
  EXPECT_EQ(to_json(decision).dump(), expected);
  decision.kernel_multipath = true;
  decision.note = "kernel's \"hash\"";
  EXPECT_THAT(cpsel::decision_text(decision), testing::EndsWith(R"("weights":{},"note":"kernel's \"hash\""})"));
}

TEST(SteeringOrder, HoldsWeightsAndTheSamplesTheyRestOn) {
  cpsel::Decision decision;
  decision.id = 7;
  decision.inputs = {{{kFirst, 0}, 3, 5ms, 0.25, from_ns(99), true}, {{kSecond, 0}, {}, 0ns, {}, {}, false}};
  decision.weights = {0.5, 0.5};
  const SteeringOrder order = order_of(decision, kService, kWall);
  EXPECT_EQ(order.service, kService);
  EXPECT_EQ(order_text(order), ordered_json::parse(R"({"decision": 7,
      "weights": {"2001:2:0:1001::2": 0.5, "2001:2:0:1002::2": 0.5},
      "samples": {"2001:2:0:1001::2": {"sequence": 3, "window_end_unix_ns": 1790000000000000099}}})")
                                   .dump());
}

}  // namespace
}  // namespace cats::roles
