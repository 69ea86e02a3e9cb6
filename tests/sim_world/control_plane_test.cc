// Manager, controller and two ingresses of the simulator: what they tell each other over ways of 1 ms.
#include <set>

#include "sim/world/controller.h"
#include "sim/world/manager.h"
#include "tests/sim_world/ingress_fixture.h"

namespace cats::sim::test {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class ControlPlaneTest : public IngressTest {
 protected:
  static constexpr Duration kWay = 1ms;

  // What a message on its way does when it arrives.
  void later(std::function<void()> what) { engine_.call_at(engine_.now() + kWay, std::move(what)); }

  EventLog& log(const std::string& node) {
    auto& log = logs_[node];
    if (!log) log = std::make_unique<EventLog>(directory_ / (node + ".jsonl"), node, engine_);
    return *log;
  }

  void begin(const std::string& algorithm, cpsel::IngressCps cps, const std::string& at_ingress = "ecmp") {
    for (const char* node : {"r1", "r2"}) add(config(node, at_ingress, cps));
    Manager::Config managed{.node = "esm",
                            .interval = 500ms,
                            .phase = 200ms,
                            .epoch = kWorldBegins,
                            .services = {kService},
                            .instances = {}};
    Controller::Config controlled{.node = "sdn",
                                  .candidates = cps == cpsel::IngressCps::split,
                                  .deciding = deciding_,
                                  .services = {},
                                  .routers = {"r1", "r2"},
                                  .ingresses = {"r1", "r2"}};
    controlled.services.push_back({kService, 3s, "cpu_utilisation", {algorithm}, {}});
    for (std::size_t site = 0; site < kSites; ++site) {
      const std::string node = "es" + std::to_string(site + 1);
      managed.instances.push_back({node, csci_of(site), kService});
      controlled.services[0].instances.push_back({csci_of(site), node, 1});
    }
    manager_.emplace(scheduler_, log("esm"), managed, [this](std::vector<collectors::MetricUpdate> updates) {
      published_.push_back(updates.size());
      later([this, updates] { controller_->hear(updates); });
    });
    controller_.emplace(
        scheduler_, log("sdn"), controlled,
        Controller::Wiring{
            .order =
                [this](std::size_t router, const cpsel::OrderedWeights& order,
                       std::function<void(const Expected<void>&)> answered) {
                  if (router == deaf_) return;
                  later([this, router, order, answered] {
                    ingresses_[router]->order(order, [this, answered](const Expected<Instant>& acked) {
                      const Expected<void> said = acked ? Expected<void>() : fail("{}", acked.error().message);
                      later([answered, said] { answered(said); });
                    });
                  });
                },
            .flows =
                [this](std::size_t ingress, const IpAddress& cs_id, cpsel::RouterFlowCounts::Answered answered) {
                  if (ingress == deaf_) return;
                  later([this, ingress, cs_id, answered] { answered(ingresses_[ingress]->flows(cs_id)); });
                }});
    manager_->start();
    controller_->start();
  }
  void routes(std::initializer_list<double> utilisations = {}) {
    for (const auto& ingress : ingresses_) {
      hear_all(*ingress, utilisations);
      for (std::size_t site = utilisations.size(); site < kSites; ++site)
        ingress->heard(site, nullptr, static_cast<std::uint32_t>(site));
    }
  }
  void tell_manager(std::initializer_list<double> utilisations) {
    std::size_t site = 0;
    for (const double utilisation : utilisations) EXPECT_TRUE(manager_->report(csci_of(site++), report(utilisation)));
  }
  std::shared_ptr<Answer> ask_controller(const json& request) {
    auto answer = std::make_shared<Answer>();
    controller_->command(request, [answer](Expected<nlohmann::ordered_json> said) { answer->said = std::move(said); });
    return answer;
  }

  std::optional<Manager> manager_;
  std::optional<Controller> controller_;
  std::vector<std::size_t> published_;
  std::optional<std::size_t> deaf_ = {};  // the ingress that nothing reaches
  Duration deciding_{};                   // of the controller
};

TEST_F(ControlPlaneTest, TheControllerDecidesAConstantTimeAfterAnUpdateCame) {
  deciding_ = 100us;
  begin("global-min", cpsel::IngressCps::controller);
  routes();
  tell_manager({50, 20, 70});
  run(200ms + kWay + 99us);
  const auto received = events("metric_received", "sdn");
  ASSERT_THAT(received, SizeIs(3));
  EXPECT_EQ(received[0].at("t_ns"), to_ns(kWorldBegins + 200ms + kWay));
  EXPECT_THAT(events("decision", "sdn"), IsEmpty());
  run(200ms + kWay + 100us);
  ASSERT_THAT(events("decision", "sdn"), SizeIs(1));
  EXPECT_EQ(events("decision", "sdn")[0].at("t_ns"), to_ns(kWorldBegins + 200ms + kWay + 100us));
  tell_manager({40});
  run(700ms + kWay + 50us);
  controller_->stop();
  run(800ms);
  EXPECT_THAT(events("decision", "sdn"), SizeIs(1));
}

TEST_F(ControlPlaneTest, TheManagerPublishesWhatIsNewEveryInterval) {
  begin("global-min", cpsel::IngressCps::controller);
  tell_manager({50, 20});
  run(200ms);
  EXPECT_THAT(published_, ElementsAre(2));
  run(1s);
  EXPECT_THAT(published_, SizeIs(1));  // nothing came
  const auto old = report(10);
  tell_manager({30});
  const auto refused = manager_->report(csci_of(0), old);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("409: sequence 3 is not newer than 4"));
  EXPECT_EQ(events("refused", "esm").back().at("principal"), "es1");
  run(1200ms);
  EXPECT_THAT(published_, ElementsAre(2, 1));
  const auto hops = events("hop_seen", "esm");
  ASSERT_THAT(hops, SizeIs(3));
  EXPECT_EQ(hops[2].at("seq"), 4);
  EXPECT_EQ(hops[2].at("tap"), "rest");
  EXPECT_THAT(manager_->snapshot(), SizeIs(2));
  manager_->command({{"do", "interval"}, {"interval_ns", 1'000'000'000}, {"phase_ns", 0}},
                    [](const Expected<nlohmann::ordered_json>& said) { EXPECT_TRUE(said); });
  tell_manager({40});
  run(1999ms);
  EXPECT_THAT(published_, SizeIs(2));
  run(2s);
  EXPECT_THAT(published_, ElementsAre(2, 1, 1));
  manager_->stop();
  EXPECT_FALSE(manager_->report(csci_of(0), report(1)));
  manager_->start();
  EXPECT_THAT(manager_->snapshot(), IsEmpty());
}

TEST_F(ControlPlaneTest, TheControllerSteersAllIngresses) {
  begin("global-min", cpsel::IngressCps::controller);
  routes();
  tell_manager({50, 20, 70});
  run(300ms);
  EXPECT_THAT(steer(*ingresses_[0], 1, 2), ElementsAre(1, 1));
  EXPECT_THAT(steer(*ingresses_[1], 1, 2), ElementsAre(1, 1));
  const json decision = events("decision", "sdn").back();
  EXPECT_EQ(decision.at("t_ns"), to_ns(kWorldBegins + 200ms + kWay));
  EXPECT_EQ(events("metric_received", "sdn").back().at("via"), "rest");
  const auto acknowledged = events("order_acknowledged", "sdn");
  ASSERT_THAT(acknowledged, SizeIs(2));
  EXPECT_EQ(acknowledged[1].at("router"), "r2");
  EXPECT_EQ(acknowledged[1].at("decision"), decision.at("id"));
  EXPECT_EQ(acknowledged[1].at("t_ns"), to_ns(kWorldBegins + 200ms + 3 * kWay + kProgramming));
  EXPECT_EQ(events("order_received", "r2").back().at("decision"), decision.at("id"));
  EXPECT_EQ(events("route_installed", "r2").back().at("decision"), decision.at("id"));
  EXPECT_THAT(events("decision", "r1"), IsEmpty());
  const json status = **ask_controller({{"do", "status"}});
  EXPECT_EQ(status.at("selections")[0].at("in_force"), json({"r1", "r2"}));
  EXPECT_EQ(status.at("metrics")[2].at("values").at("cpu_utilisation"), 70.0);
}

TEST_F(ControlPlaneTest, AnAlgorithmIsAnsweredWhenEveryIngressHasIt) {
  begin("global-min", cpsel::IngressCps::controller);
  routes();
  tell_manager({50, 20, 70});
  run(300ms);
  deaf_ = 1;
  const json request = {{"do", "algorithm"}, {"service", kService.str()}, {"name", "round-robin"}};
  const auto answer = ask_controller(request);
  run(2s);
  EXPECT_FALSE(answer->said);
  EXPECT_THAT(steer(*ingresses_[0], 1, 3), ElementsAre(0, 1, 2));
  run(2301ms);
  const json failed = events("order_failed", "sdn").back();
  EXPECT_EQ(failed.at("router"), "r2");
  EXPECT_EQ(failed.at("why"), "no answer within 2000 ms");
  EXPECT_TRUE(failed.at("tried_again").get<bool>());
  deaf_.reset();
  run(3s);
  EXPECT_EQ((**answer).at("decision"), events("decision", "sdn").back().at("id"));
  EXPECT_THAT(steer(*ingresses_[1], 1, 3), ElementsAre(0, 1, 2));
  EXPECT_THROW(**ask_controller({{"do", "algorithm"}, {"service", "2001:2::101"}, {"name", "ecmp"}}),
               std::runtime_error);
}

TEST_F(ControlPlaneTest, AnIngressRefinesAndGivesTheControllerUpAfterThreeSeconds) {
  begin("round-robin", cpsel::IngressCps::split, "global-min");
  routes({50, 0, 0});
  tell_manager({50, 20, 70});
  run(300ms);
  const json candidate = events("candidate", "sdn").back();
  const json refined = events("decision", "r1").back();
  EXPECT_EQ(refined.at("note"), "candidate " + candidate.at("id").dump());
  EXPECT_DOUBLE_EQ(refined.at("weights").at(csci_of(0).str()), 0.2);  // half of what each of the others gets
  run(2900ms);
  EXPECT_THAT(events("controller_state"), SizeIs(1));  // the order comes again every second
  controller_->stop();
  run(4900ms);
  EXPECT_THAT(events("controller_state"), SizeIs(1));
  run(6s);
  const json lost = events("controller_state").back();
  EXPECT_FALSE(lost.at("up").get<bool>());
  EXPECT_EQ(lost.at("why"), "no order for 3 s");
  EXPECT_EQ(events("decision", "r1").back().at("note"), "no controller");
}

TEST_F(ControlPlaneTest, ABurstOfTheManagersIsNewsToTheController) {
  begin("round-robin", cpsel::IngressCps::controller);
  const json burst = {{"do", "burst"}, {"rate", 300}, {"batch", kSites}, {"duration_ns", Duration(500ms).count()}};
  std::optional<Expected<nlohmann::ordered_json>> refused;
  manager_->command(burst, [&](auto said) { refused = std::move(said); });
  ASSERT_TRUE(refused && !*refused);
  EXPECT_THAT(refused->error().message, HasSubstr("has not reported yet"));
  tell_manager({10, 20, 30});
  std::optional<Expected<nlohmann::ordered_json>> answer;
  const Instant started = engine_.now();
  manager_->command(burst, [&](auto said) { answer = std::move(said); });
  EXPECT_THROW(manager_->command(burst, [](const auto&) {}), UsageError);
  run(499ms);
  EXPECT_FALSE(answer);
  run(510ms);
  ASSERT_TRUE(answer && *answer);
  const auto& told = **answer;
  EXPECT_EQ(told.at("updates"), 150);
  EXPECT_EQ(told.at("messages"), 50);
  EXPECT_EQ(told.at("started_ns"), to_ns(started));
  EXPECT_EQ(told.at("late_ns"), 0);
  std::set<std::int64_t> received;
  for (const json& event : events("metric_received", "sdn"))
    if (event["seq"] >= told.at("first_seq")) received.insert(event["seq"].get<std::int64_t>());
  EXPECT_THAT(received, SizeIs(150));
  EXPECT_EQ(*received.begin(), told.at("first_seq"));
  // The next one goes on where it ended.
  std::optional<Expected<nlohmann::ordered_json>> next;
  manager_->command(burst, [&](auto said) { next = std::move(said); });
  run(1100ms);
  ASSERT_TRUE(next && *next);
  EXPECT_EQ((**next).at("first_seq"), told.at("first_seq").get<std::int64_t>() + 150);
}

TEST_F(ControlPlaneTest, FlowsOfAllIngressesCount) {
  begin("global-min-local", cpsel::IngressCps::controller);
  routes();
  tell_manager({0, 20, 90});
  run(300ms);
  EXPECT_THAT(steer(*ingresses_[0], 1, 6), Each(0));
  EXPECT_THAT(steer(*ingresses_[1], 1, 4), Each(0));
  run(600ms);
  tell_manager({40});  // ten flows made a load of 0.4
  run(800ms);
  EXPECT_THAT(steer(*ingresses_[0], 11, 13), Each(1));
  EXPECT_THAT(steer(*ingresses_[1], 11, 11), Each(1));
  run(900ms);
  EXPECT_THAT(steer(*ingresses_[0], 14, 14), Each(1));  // 0.2 and four of 0.04 are less than 0.4
  EXPECT_THAT(steer(*ingresses_[1], 14, 14), Each(1));
  run(1s);
  EXPECT_THAT(steer(*ingresses_[0], 21, 21), Each(0));
  EXPECT_THAT(steer(*ingresses_[1], 21, 21), Each(0));
  deaf_ = 1;
  run(2s);
  ASSERT_THAT(events("flow_counts", "sdn"), SizeIs(1));
  EXPECT_EQ(events("flow_counts", "sdn")[0].at("router"), "r2");
  EXPECT_EQ(events("flow_counts", "sdn")[0].at("why"), "no answer within 200 ms");
  deaf_.reset();
  run(3s);
  EXPECT_TRUE(events("flow_counts", "sdn").back().at("up").get<bool>());
}

TEST_F(ControlPlaneTest, TheControllerSaysWhatItIsToldOfTheNetworkOnce) {
  begin("global-min", cpsel::IngressCps::controller);
  controller_->manager(true, "");
  controller_->router("r1", true, "");
  controller_->router("r1", true, "");
  controller_->router("r1", false, "Connection refused");
  EXPECT_THAT(events("router_state", "sdn"), SizeIs(2));
  controller_->topology({"r1", "r2"}, {"r1-r2"});
  controller_->topology({"r1", "r2"}, {"r1-r2"});
  controller_->topology({"r1", "r2"}, {});
  const auto topology = events("topology", "sdn");
  ASSERT_THAT(topology, SizeIs(2));
  EXPECT_EQ(topology[0].at("changes"), json({"node r1 found", "node r2 found", "link r1-r2 found"}));
  EXPECT_EQ(topology[1].at("changes"), json({"link r1-r2 gone"}));
  const json status = **ask_controller({{"do", "status"}});
  EXPECT_TRUE(status.at("manager").get<bool>());
  EXPECT_EQ(status.at("nodes"), json({"r1", "r2"}));
  controller_->stop();
  EXPECT_THROW(**ask_controller({{"do", "status"}}), std::runtime_error);
  controller_->start();
  EXPECT_FALSE((**ask_controller({{"do", "status"}})).at("manager").get<bool>());
}

TEST_F(ControlPlaneTest, AnIngressThatIsLostIsOrderedWhenItIsBack) {
  begin("global-min", cpsel::IngressCps::controller);
  routes();
  tell_manager({50, 20, 70});
  run(300ms);
  ingresses_[1]->stop();
  run(2s);
  EXPECT_THAT(events("order_failed", "sdn").back().at("why").get<std::string>(), HasSubstr("r2: Connection refused"));
  ingresses_[1]->start();
  for (std::size_t site = 0; site < kSites; ++site) ingresses_[1]->heard(site, nullptr, 1);
  run(3s);
  EXPECT_THAT(steer(*ingresses_[1], 50, 52), ElementsAre(1, 1, 1));
}

}  // namespace
}  // namespace cats::sim::test
