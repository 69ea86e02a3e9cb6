// A controller's side and a router's side of each southbound driver, so that one test runs with all of them. The driver
// is a process of its own in the host's namespace; the router is the ingress of tests/ingress/network.h.
#pragma once

#include <optional>
#include <set>

#include <gmock/gmock.h>

#include "emulator/control/server.h"
#include "emulator/kernel/netlink.h"
#include "emulator/roles/southbound_config.h"
#include "emulator/roles/tunnel_interfaces.h"
#include "http/tls.h"
#include "tests/edge_server/role_process.h"
#include "tests/ingress/network.h"
#include "tests/southbound/frr_daemons.h"

namespace cats::roles {

using Driver = RouterSouthbound::Driver;

inline std::string driver_name(const testing::TestParamInfo<Driver>& info) {
  std::string name = to_string(info.param);
  std::ranges::replace(name, '-', '_');
  return name;
}

inline const IpAddress kRouter = IpAddress::of("2001:2:0:1::1");      // its loopback
inline const IpAddress kController = IpAddress::of("2001:2:0:5::2");  // in the host's namespace
inline const IpAddress kCsci3 = IpAddress::of("2001:2:0:13::2");      // a third instance, one too many
inline constexpr std::uint16_t kAgentPort = 8443;

// What this driver needs that is not here; else "".
inline std::string missing_for(Driver driver) {
  if (driver == Driver::agent) return "";
  for (const char* daemon : {"zebra", "staticd"})
    if (std::string missing = support::missing_program(daemon); !missing.empty()) return missing;
  if (driver == Driver::frr_vtysh) return "";
  try {
    frr_grpc_module();
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

class Contract : public IngressTest, public testing::WithParamInterface<Driver> {
 protected:
  using Weights = std::map<IpAddress, double>;
  using Instances = std::set<IpAddress>;

  void SetUp() override {
    CATS_NEEDS(missing_for(GetParam()));
    IngressTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    std::filesystem::permissions(directory_.path(), std::filesystem::perms::all);  // FRR's daemons enter it
    // What the router does by itself: multipath, as BGP would give it. zebra reads the administrative distance of
    // iBGP, 200, from the metric's first octet.
    support::run(ingress_.inside({"sysctl", "-qw", "net.ipv6.fib_multipath_hash_policy=1"}));
    ingress_.ip_inside({"-6", "route", "add", "2001:2::100/128", "metric", "3355443200", "nexthop", "via", kCsci1.str(),
                        "nexthop", "via", kCsci2.str()});
    GetParam() == Driver::agent ? make_agent() : make_frr();
    start_driver();
    sites();
  }

  void TearDown() override {
    driver_.reset();
    frr_.reset();
    IngressTest::TearDown();
    if (!HasFailure()) return;
    for (const char* file : {"sdn.jsonl", "frr/zebra.log", "frr/staticd.log"})
      if (std::filesystem::exists(directory_ / file))
        std::fprintf(stderr, "---- %s\n%s\n", file, read_file(directory_ / file).c_str());
  }

  // -- the router

  void make_agent() {
    const http::Identity identity = authority_.issue("r1", {kRouter});
    write_file(directory_ / "certificate.pem", identity.certificate);
    write_file(directory_ / "key.pem", identity.key);
    write_file(directory_ / "tokens.json", R"([{"token": "secret", "name": "sdn", "role": "controller"}])");
    start(std::chrono::seconds(60), "global-min", [&](IngressConfig& config) {
      config.cps = IngressConfig::Cps::controller;
      config.rest = RestServerConfig{kRouter, kAgentPort, directory_ / "certificate.pem", directory_ / "key.pem",
                                     directory_ / "tokens.json"};
    });
    announce();
  }
  void announce() {
    const std::size_t heard = events("metric_received").size();
    router_->announce(1, kCsci1, 80);
    router_->announce(2, kCsci2, 50);
    ASSERT_TRUE(
        support::wait_for(std::chrono::seconds(5), [&] { return events("metric_received").size() == heard + 2; }));
  }

  void make_frr() {
    const kernel::Namespace ns = kernel::Namespace::open(ingress_.name());
    make_tunnel_interfaces(ns, {{"tunnel1", "tunnel1-in", true, 1, 1001},
                                {"tunnel2", "tunnel2-in", true, 2, 1002},
                                {"tunnel3", "tunnel3-in", true, 3, 1003}});
    guard_router_ports(ns, {kZebraPort, kStaticdPort, kGrpcPort}, {kController});
    // The flow table as the ingress' agent makes it, without a slot that names an instance.
    flow_table_ = kernel::make_nft_flow_table(ns, {kService});
    frr_.emplace(ingress_, directory_ / "frr", kRouter, GetParam() == Driver::frr_grpc);
  }

  // What takes orders: the agent, or staticd.
  void lose() { GetParam() == Driver::agent ? kill() : frr_->stop_staticd(); }
  void bring_back() {
    if (GetParam() != Driver::agent) return frr_->restart_staticd();
    start_anew([] {});
    announce();
  }
  void restart_router() {
    if (GetParam() != Driver::agent) return frr_->restart();
    lose();
    bring_back();
  }

  // Where the kernel sends new flows; empty: where the main table's multipath says.
  Instances steered_to() {
    if (GetParam() == Driver::agent) {
      Instances instances;
      for (const std::uint32_t mark : slots())
        if (mark != 0) instances.insert(mark == 1 ? kCsci1 : kCsci2);
      return instances;
    }
    kernel::Netlink netlink(kernel::Namespace::open(ingress_.name()));
    Instances instances;
    for (const kernel::Route& route : netlink.routes(true, kernel::kMainTable)) {
      if (route.destination != IpPrefix::host(kService)) continue;
      for (const kernel::NextHop& hop : route.next_hops)
        for (const auto& [name, csci] :
             {std::pair("tunnel1", kCsci1), std::pair("tunnel2", kCsci2), std::pair("tunnel3", kCsci3)})
          if (hop.dev == name) instances.insert(csci);
    }
    return instances;
  }
  bool becomes_steered_to(const Instances& instances) {
    return support::wait_for(std::chrono::seconds(20), [&] { return steered_to() == instances; });
  }

  // -- the controller

  // As the controller's configuration says it.
  nlohmann::json router_config() const {
    write_file(directory_ / "authority.pem", authority_.certificate());
    write_file(directory_ / "token", "secret\n");
    write_file(directory_ / "password", password_ + "\n");
    RouterSouthbound router;
    router.driver = GetParam();
    if (!router.by_frr()) router.rest = {kRouter, kAgentPort, directory_ / "authority.pem", directory_ / "token"};
    if (router.by_frr())
      router.frr = {kRouter,
                    kZebraPort,
                    GetParam() == Driver::frr_grpc ? kGrpcPort : kStaticdPort,
                    directory_ / "password",
                    {{kService, kCsci1, "tunnel1"}, {kService, kCsci2, "tunnel2"}, {kService, kCsci3, "tunnel3"}}};
    return nlohmann::json::parse(to_json(router).dump());
  }

  // In the child. {"do": "order", "orders": [[decision, {CSCI-ID: weight}], …]} gives them all at once.
  int run_driver() const {
    boost::asio::io_context io{1};
    const MonotonicClock clock;
    EventLog log(directory_ / "sdn.jsonl", "sdn", clock);
    control::Server control(io, directory_ / "sdn.control");
    Southbound::Callbacks callbacks;
    callbacks.in_force = [&log](const SteeringOrder& order, Instant at) {
      log.write_at(at, "in_force", {{"decision", order.decision}});
    };
    callbacks.failed = [&log](const SteeringOrder& order, const std::string& why, bool again) {
      log.write("failed", {{"decision", order.decision}, {"why", why}, {"again", again}});
    };
    const nlohmann::json json = router_config();
    JsonFields fields(json, "router");
    const RouterSouthbound router = read_router_southbound(fields);
    if (const auto wrong = fields.finish()) throw UsageError(*wrong);
    const auto driver = make_southbound(io.get_executor(), router, std::move(callbacks));
    control.on("order", [&driver](const nlohmann::json& request, const control::Reply& reply) {
      for (const nlohmann::json& given : request.at("orders")) {
        SteeringOrder order;
        order.decision = given.at(0).get<std::uint64_t>();
        order.service = kService;
        for (const auto& [csci, weight] : given.at(1).items())
          order.weights[IpAddress::of(csci)] = weight.get<double>();
        driver->steer(order);
      }
      reply.ok();
    });
    io.run();
    return 0;
  }
  void start_driver() {
    host_.enter();
    driver_.emplace("sdn", directory_ / "sdn.control", [this] { return run_driver(); });
    host_.leave();
  }

  void order(std::uint64_t decision, const Weights& weights) { orders({{decision, weights}}); }
  void orders(const std::vector<std::pair<std::uint64_t, Weights>>& all) {
    auto given = nlohmann::json::array();
    for (const auto& [decision, weights] : all) {
      auto json = nlohmann::json::object();
      for (const auto& [csci, weight] : weights) json[csci.str()] = weight;
      given.push_back(nlohmann::json::array({decision, json}));
    }
    driver_->call({{"do", "order"}, {"orders", given}});
  }

  std::vector<nlohmann::json> told(const std::string& name) {
    std::vector<nlohmann::json> found;
    const auto all = read_events(directory_ / "sdn.jsonl");
    if (!all) throw std::runtime_error(all.error().message);
    for (const nlohmann::json& event : *all)
      if (event["event"] == name) found.push_back(event);
    return found;
  }
  // What was told of a decision, the last time.
  std::optional<nlohmann::json> told_of(const std::string& name, std::uint64_t decision) {
    std::optional<nlohmann::json> last;
    for (const nlohmann::json& event : told(name))
      if (event["decision"] == decision) last = event;
    return last;
  }
  bool is_in_force(std::uint64_t decision) {
    return support::wait_for(std::chrono::seconds(10), [&] { return told_of("in_force", decision).has_value(); });
  }
  bool has_failed(std::uint64_t decision) {
    return support::wait_for(std::chrono::seconds(10), [&] { return told_of("failed", decision).has_value(); });
  }

  // -- users

  // Instances that answer `sessions` new sessions; "" for one that none answers.
  std::set<std::string> answering(int sessions) {
    std::set<std::string> instances;
    for (int i = 0; i < sessions; ++i) instances.insert(Session(host_).ask());
    return instances;
  }

  std::string password_ = kVtyPassword;
  http::Authority authority_{"a run"};
  std::unique_ptr<kernel::FlowTable> flow_table_;
  std::optional<FrrDaemons> frr_;
  std::optional<RoleProcess> driver_;
};

}  // namespace cats::roles
