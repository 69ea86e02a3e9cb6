// The ingress agent as a process between a host and two sites, in namespaces; our own speaker plays its router. The
// tables that marks select hold plain routes here: tunnels have tests of their own.
#include <algorithm>
#include <atomic>
#include <csignal>
#include <future>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/event_log.h"
#include "bgp/speaker.h"
#include "collectors/metric_mapping.h"
#include "emulator/control/client.h"
#include "emulator/kernel/netlink.h"
#include "emulator/roles/ingress.h"
#include "http/server.h"
#include "tests/support/namespace.h"
#include "tests/support/needs.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/wait_until.h"

namespace cats::roles {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::Each;
using testing::Eq;

const IpAddress kService = IpAddress::of("2001:2::100");
const IpAddress kLearnt = IpAddress::of("2001:2::101");  // a service whose instances come from routes alone
const IpAddress kCsci1 = IpAddress::of("2001:2:0:11::2");
const IpAddress kCsci2 = IpAddress::of("2001:2:0:12::2");
constexpr std::uint16_t kPort = 8080;

// A thread with an io_context inside a namespace.
class Inside {
 public:
  Inside(support::ScopedNamespace& ns, const std::function<void(boost::asio::io_context&)>& prepare)
      : thread_([&ns, prepare, this] {
          ns.enter();
          prepare(io_);
          ready_ = true;
          const auto work = boost::asio::make_work_guard(io_);
          io_.run();
        }) {
    if (!support::wait_for(5s, [this] { return ready_.load(); })) throw std::runtime_error("the thread did not start");
  }
  ~Inside() {
    io_.stop();
    thread_.join();
  }
  // Runs on the thread and returns what came of it.
  template <class Action>
  auto call(Action action) {
    std::promise<decltype(action())> result;
    boost::asio::post(io_, [&] {
      if constexpr (std::is_void_v<decltype(action())>) {
        action();
        result.set_value();
      } else {
        result.set_value(action());
      }
    });
    return result.get_future().get();
  }

 private:
  boost::asio::io_context io_;
  std::atomic<bool> ready_ = false;
  std::thread thread_;
};

// A site: answers /whoami with its CSCI-ID.
class Site {
 public:
  Site(support::ScopedNamespace& ns, const IpAddress& csci)
      : inside_(ns, [this, csci](boost::asio::io_context& io) {
          server_ = std::make_unique<http::Server>(io, [csci](const http::Request&, const http::Reply& reply) {
            reply({.body = json({{"instance", csci.str()}}).dump()});
          });
          server_->listen(kService, kPort);
        }) {}
  ~Site() {
    inside_.call([this] { server_.reset(); });
  }

 private:
  std::unique_ptr<http::Server> server_;
  Inside inside_;
};

// The ingress's router, which sends paths.
class Router {
 public:
  explicit Router(support::ScopedNamespace& ns) : inside_(ns, [this](boost::asio::io_context& io) { io_ = &io; }) {
    up();
  }
  ~Router() { down(); }

  void up() {
    inside_.call([this] {
      bgp::SpeakerConfig config;
      config.peer_address = IpAddress::of("2001:2:0:1::fe");
      config.local_address = IpAddress::of("2001:2:0:1::1");
      config.port = 1179;
      config.session.local_as = config.session.peer_as = 65000;
      config.session.router_id = IpAddress::of("10.0.0.1");
      config.session.passive = true;
      config.session.families = {bgp::ipv6_unicast};
      config.session.add_path = {{bgp::ipv6_unicast, bgp::AddPathCapability::send}};
      speaker_ = std::make_unique<bgp::Speaker>(*io_, config, bgp::SpeakerCallbacks{});
      speaker_->start();
    });
  }
  void down() {
    inside_.call([this] { speaker_.reset(); });
  }
  bool established() {
    return inside_.call([this] { return speaker_->state() == bgp::SessionState::established; });
  }

  void announce(std::uint32_t path, const IpAddress& csci, double available, const IpAddress& cs_id = kService,
                const std::optional<IpAddress>& sid = {}) {
    collectors::MetricReport report;
    report.values = {{"available_compute", available}};
    report.stamp = collectors::Stamp{++sequence_, MonotonicClock().now()};
    report.known = 7;
    bgp::Update update;
    update.attributes.origin = bgp::Origin::igp;
    update.attributes.as_path = bgp::AsPath::sequence({65101});
    update.attributes.local_pref = 100;
    update.attributes.edge_metadata =
        bgp::CarriedEdgeMetadata{*collectors::to_edge_metadata(report, collectors::WallClock::of_this_machine()), 0};
    if (sid) update.attributes.prefix_sid = bgp::PrefixSid::of({.service = 5, .sid = *sid, .behavior = 16});
    update.mp_reach = bgp::MpReach{.next_hop = csci, .nlri = {{IpPrefix::host(cs_id), path}}};
    send(update);
  }
  void withdraw(std::uint32_t path, const IpAddress& cs_id = kService) {
    bgp::Update update;
    update.mp_unreach = bgp::MpUnreach{.withdrawn = {{IpPrefix::host(cs_id), path}}};
    send(update);
  }
  std::uint32_t sequence() const { return sequence_; }

 private:
  void send(const bgp::Update& update) {
    const auto sent = inside_.call([&] { return speaker_->send(update); });
    if (!sent) throw std::runtime_error(sent.error().message);
  }

  boost::asio::io_context* io_ = nullptr;
  std::unique_ptr<bgp::Speaker> speaker_;
  std::uint32_t sequence_ = 0;
  Inside inside_;
};

// A user's connection from the host to the service; one request at a time. "" when it did not work.
class Session {
 public:
  explicit Session(support::ScopedNamespace& host) {
    host.enter();
    socket_ = Fd(check(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    host.leave();
    const timeval limit{1, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(kPort);
    std::ranges::transform(kService.bytes(), address.sin6_addr.s6_addr,
                           [](std::byte b) { return static_cast<std::uint8_t>(b); });
    connected_ = ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  }
  std::string ask() {
    const std::string request = "GET /whoami HTTP/1.1\r\nHost: x\r\n\r\n";
    if (!connected_ || ::send(socket_.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) return "";
    std::string reply;
    while (reply.find('}') == std::string::npos) {
      char chunk[2048];
      const ssize_t n = ::recv(socket_.get(), chunk, sizeof(chunk), 0);
      if (n <= 0) return "";
      reply.append(chunk, static_cast<std::size_t>(n));
    }
    return json::parse(reply.substr(reply.find("\r\n\r\n")))["instance"].get<std::string>();
  }

 private:
  Fd socket_;
  bool connected_ = false;
};

class IngressTest : public testing::Test {
 protected:
  void SetUp() override {
    CATS_NEEDS_ROOT();
    CATS_NEEDS_PROGRAM("nft");
    links();
  }

  void TearDown() override {
    if (agent_ > 0) {
      ::kill(agent_, SIGTERM);
      int status = -1;
      ::waitpid(agent_, &status, 0);
      EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "status " << status;
    }
    site1_.reset();
    site2_.reset();
  }

  void links() {
    for (auto* ns : {&ingress_, &host_, &ns1_, &ns2_})
      support::run({"ip", "netns", "exec", ns->name(), "sysctl", "-qw", "net.ipv6.conf.all.forwarding=1",
                    "net.ipv6.conf.default.accept_dad=0", "net.ipv6.conf.all.accept_dad=0"});
    const auto link = [&](support::ScopedNamespace& ns, const std::string& dev, const std::string& subnet) {
      ingress_.ip_inside({"link", "add", dev, "type", "veth", "peer", "name", "core", "netns", ns.name()});
      ingress_.ip_inside({"link", "set", "dev", dev, "up"});
      ns.ip_inside({"link", "set", "dev", "core", "up"});
      ingress_.ip_inside({"addr", "add", subnet + "1/64", "dev", dev, "nodad"});
      ns.ip_inside({"addr", "add", subnet + "2/64", "dev", "core", "nodad"});
      ns.ip_inside({"-6", "route", "add", "default", "via", subnet + "1"});
    };
    link(host_, "host", "2001:2:0:5::");
    link(ns1_, "site1", "2001:2:0:11::");
    link(ns2_, "site2", "2001:2:0:12::");
    for (auto* ns : {&ns1_, &ns2_}) ns->ip_inside({"addr", "add", "2001:2::100/128", "dev", "lo", "nodad"});
    // The router's address; the agent's is only a local route, as with FRR.
    ingress_.ip_inside({"addr", "add", "2001:2:0:1::1/128", "dev", "lo", "nodad"});
    ingress_.ip_inside({"-6", "route", "add", "local", "2001:2:0:1::fe/128", "dev", "lo"});
    for (const auto& [mark, csci] : {std::pair("1", kCsci1), std::pair("2", kCsci2)}) {
      const std::string table = std::string("100") + mark;
      ingress_.ip_inside({"-6", "route", "add", "2001:2::100/128", "via", csci.str(), "table", table});
      ingress_.ip_inside({"-6", "rule", "add", "fwmark", mark, "lookup", table, "priority", "1000"});
    }
  }

  void sites() {
    site1_ = std::make_unique<Site>(ns1_, kCsci1);
    site2_ = std::make_unique<Site>(ns2_, kCsci2);
  }

  // Forks: before anything that starts threads.
  void start(Duration age_limit, const std::string& algorithm = "global-min") {
    IngressConfig config;
    config.node = "r1";
    config.events = directory_ / "r1.jsonl";
    config.control = directory_ / "control";
    config.bgp = {IpAddress::of("2001:2:0:1::fe"),
                  IpAddress::of("2001:2:0:1::1"),
                  1179,
                  65000,
                  IpAddress::of("10.0.0.2"),
                  9,
                  false};
    config.session_timers = kernel::ConntrackTimeouts{60, 1, 1, 1, 1, 1};
    config.services.push_back(
        {kService,
         1s,
         age_limit,
         "available_compute",
         algorithm,
         {},
         false,
         {{kCsci1, IpAddress::of("2001:2:1::1"), 1, 1001, 1}, {kCsci2, IpAddress::of("2001:2:2::1"), 2, 1002, 1}}});
    config.services.push_back({kLearnt, 1s, std::nullopt, "available_compute", algorithm, {}, true, {}});
    const auto strict = IngressConfig::from_json(json::parse(config.to_json().dump()));
    ASSERT_TRUE(strict) << strict.error().message;
    ingress_.enter();
    agent_ = ::fork();
    if (agent_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      try {
        ::_exit(run_ingress(*strict));
      } catch (const std::exception& error) {
        fmt::print(stderr, "ingress: {}\n", error.what());
        ::_exit(2);
      }
    }
    ingress_.leave();
    control_ = std::make_unique<control::Client>("r1", config.control, MonotonicClock().now() + 5s);
    router_ = std::make_unique<Router>(ingress_);
    ASSERT_TRUE(support::wait_for(5s, [&] { return router_->established(); }));
  }

  json command(json request) { return control_->call(request); }
  json service(json request) {
    request["service"] = kService.str();
    return command(request);
  }

  std::vector<json> events(const std::string& name) {
    std::vector<json> found;
    const auto all = read_events(directory_ / "r1.jsonl");
    if (!all) throw std::runtime_error(all.error().message);
    for (const json& event : *all)
      if (event["event"] == name) found.push_back(event);
    return found;
  }
  std::vector<std::uint32_t> slots() { return service({{"do", "slots"}})["marks"].get<std::vector<std::uint32_t>>(); }
  // Once the kernel holds exactly these marks in these numbers.
  bool slots_become(std::map<std::uint32_t, int> counts) {
    return support::wait_for(3s, [&] {
      std::map<std::uint32_t, int> now;
      for (const std::uint32_t mark : slots()) ++now[mark];
      return now == counts;
    });
  }
  json last_decision() { return events("decision").back(); }

  support::TemporaryDirectory directory_;
  support::ScopedNamespace ingress_{"ig"}, host_{"host"}, ns1_{"s1"}, ns2_{"s2"};
  pid_t agent_ = -1;
  std::unique_ptr<control::Client> control_;
  std::unique_ptr<Router> router_;
  std::unique_ptr<Site> site1_, site2_;
};

TEST_F(IngressTest, FollowsMetricsWithdrawalsAndAlgorithms) {
  start(60s);
  EXPECT_TRUE(slots_become({{0, 64}}));
  router_->announce(1, kCsci1, 80);
  router_->announce(2, kCsci2, 50);
  EXPECT_TRUE(slots_become({{1, 64}}));
  router_->announce(2, kCsci2, 90);
  EXPECT_TRUE(slots_become({{2, 64}}));

  const json decision = last_decision();
  EXPECT_EQ(decision["service"], "2001:2::100");
  EXPECT_EQ(decision["algorithm"], "global-min");
  EXPECT_EQ(decision["weights"], json({{kCsci1.str(), 0.0}, {kCsci2.str(), 1.0}}));
  EXPECT_EQ(decision["inputs"][1]["csci"], kCsci2.str());
  EXPECT_EQ(decision["inputs"][1]["seq"], router_->sequence());
  EXPECT_NEAR(decision["inputs"][1]["load"].get<double>(), 0.1, 1e-9);
  EXPECT_LT(decision["inputs"][1]["age_ns"].get<std::int64_t>(), 5'000'000'000);

  const auto received = events("metric_received");
  ASSERT_EQ(received.size(), 3u);
  EXPECT_EQ(received[2]["source"], kCsci2.str());
  EXPECT_EQ(received[2]["path"], 2);
  EXPECT_EQ(received[2]["seq"], router_->sequence());
  EXPECT_EQ(received[2]["known"], 7);
  EXPECT_EQ(received[2]["values"], json({{"available_compute", 90.0}}));
  EXPECT_LE(received[2]["window_end"].get<std::int64_t>(), received[2]["t_ns"].get<std::int64_t>() + 1'000'000);
  EXPECT_GE(decision["t_ns"], received[2]["t_ns"]);

  const json installed = events("route_installed").back();
  EXPECT_EQ(installed["decision"], decision["id"]);
  EXPECT_EQ(installed["changed"], 64);
  EXPECT_GE(installed["acked_ns"], decision["t_ns"]);

  const json reply = service({{"do", "algorithm"}, {"name", "round-robin"}});
  EXPECT_TRUE(slots_become({{1, 32}, {2, 32}}));
  EXPECT_EQ(reply["decision"], last_decision()["id"]);
  service({{"do", "algorithm"}, {"name", "ecmp"}});
  EXPECT_THAT(slots(), Each(Eq(0u)));
  EXPECT_EQ(last_decision()["weights"], json::object());
  service({{"do", "algorithm"}, {"name", "global-min"}});
  EXPECT_THAT(slots(), Each(Eq(2u)));
  EXPECT_THROW(service({{"do", "algorithm"}, {"name", "psychic"}}), MeasurementError);

  router_->withdraw(2);
  EXPECT_TRUE(slots_become({{1, 64}}));
  ASSERT_EQ(events("route_withdrawn").size(), 1u);
  EXPECT_EQ(events("route_withdrawn")[0]["source"], kCsci2.str());
  EXPECT_EQ(events("route_withdrawn")[0]["path"], 2);

  router_->down();  // the session is lost: so are its paths
  EXPECT_TRUE(slots_become({{0, 64}}));
  router_->up();
  ASSERT_TRUE(support::wait_for(5s, [&] { return router_->established(); }));
  router_->announce(1, kCsci1, 80);
  EXPECT_TRUE(slots_become({{1, 64}}));

  const json status = command({{"do", "status"}});
  EXPECT_EQ(status["role"], "ingress");
  EXPECT_EQ(status["bgp"]["state"], "established");
  EXPECT_EQ(status["services"][0]["instances"][0]["csci"], kCsci1.str());
  RecordProperty("resident_bytes", std::to_string(status["resident_bytes"].get<std::uint64_t>()));
}

TEST_F(IngressTest, AnOldInstanceGetsNoNewFlows) {
  start(800ms);
  router_->announce(2, kCsci2, 90);
  EXPECT_TRUE(slots_become({{2, 64}}));
  // Site 1 reports on, site 2 no more.
  EXPECT_TRUE(support::wait_for(5s, [&] {
    router_->announce(1, kCsci1, 10);
    const auto now = slots();
    return std::ranges::all_of(now, [](std::uint32_t mark) { return mark == 1; });
  }));
  const auto decisions = events("decision");
  const auto aged = std::ranges::find_if(
      decisions, [](const json& d) { return d["inputs"].size() == 2 && d["inputs"][1]["eligible"] == false; });
  ASSERT_NE(aged, decisions.end());
  const auto age = (*aged)["inputs"][1]["age_ns"].get<std::int64_t>();
  EXPECT_GT(age, 800'000'000);
  EXPECT_LT(age, 1'800'000'000);
  EXPECT_EQ((*aged)["weights"], json({{kCsci1.str(), 1.0}, {kCsci2.str(), 0.0}}));
  // Nothing reports any more: nothing is steered.
  EXPECT_TRUE(slots_become({{0, 64}}));
}

TEST_F(IngressTest, SessionsStayAndNewOnesFollow) {
  start(60s);
  sites();
  router_->announce(1, kCsci1, 80);
  router_->announce(2, kCsci2, 50);
  ASSERT_TRUE(slots_become({{1, 64}}));
  command({{"do", "watch_flows"}, {"interval_ms", 20}});
  for (const auto& csci : {kCsci1, kCsci2})
    EXPECT_EQ(service({{"do", "probe"}, {"csci", csci.str()}, {"port", kPort}})["instance"], csci.str());
  EXPECT_THROW(service({{"do", "probe"}, {"csci", kCsci1.str()}, {"port", 1}}), MeasurementError);

  Session persistent(host_);
  EXPECT_EQ(persistent.ask(), kCsci1.str());
  router_->announce(2, kCsci2, 90);
  ASSERT_TRUE(slots_become({{2, 64}}));
  EXPECT_EQ(persistent.ask(), kCsci1.str());
  {
    Session fresh(host_);
    EXPECT_EQ(fresh.ask(), kCsci2.str());
  }
  const auto flow = [&](const std::string& instance, bool gone) {
    return support::wait_for(5s, [&] {
      const auto flows = events("flow");
      return std::ranges::any_of(
          flows, [&](const json& f) { return f["instance"] == instance && f["gone_ns"].is_null() != gone; });
    });
  };
  EXPECT_TRUE(flow(kCsci1.str(), false));
  EXPECT_TRUE(flow(kCsci2.str(), false));
  EXPECT_TRUE(flow(kCsci2.str(), true));
  const json entry = events("flow")[0];
  EXPECT_EQ(entry["tuple"]["destination"], "2001:2::100");
  EXPECT_EQ(entry["tuple"]["source"], "2001:2:0:5::2");
  EXPECT_EQ(entry["tuple"]["dport"], kPort);
  EXPECT_GT(events("flow_poll").size(), 2u);

  const json moved = command({{"do", "fault"}, {"kind", "move-session"}});
  EXPECT_EQ(moved["from"], kCsci1.str());
  EXPECT_EQ(moved["to"], kCsci2.str());
  EXPECT_NE(persistent.ask(), kCsci1.str());
  EXPECT_EQ(events("fault").back()["kind"], "move-session");

  command({{"do", "watch_flows"}, {"interval_ms", 0}});
  EXPECT_GE(command({{"do", "forget_flows"}})["removed"], 1);
}

TEST_F(IngressTest, AStuckPathSelectorGoesOnDecidingTheSame) {
  start(60s);
  router_->announce(1, kCsci1, 80);
  router_->announce(2, kCsci2, 50);
  ASSERT_TRUE(slots_become({{1, 64}}));
  command({{"do", "fault"}, {"kind", "stuck-cps"}});
  router_->announce(2, kCsci2, 95);
  ASSERT_TRUE(support::wait_for(3s, [&] { return events("metric_received").size() == 3; }));
  ASSERT_TRUE(support::wait_for(3s, [&] { return last_decision()["inputs"][1]["seq"] == router_->sequence(); }));
  EXPECT_EQ(last_decision()["weights"], json({{kCsci1.str(), 1.0}, {kCsci2.str(), 0.0}}));
  EXPECT_THAT(slots(), Each(Eq(1u)));
  command({{"do", "fault"}, {"kind", "none"}});
  EXPECT_TRUE(slots_become({{2, 64}}));
  EXPECT_THROW(command({{"do", "fault"}, {"kind", "gremlins"}}), MeasurementError);
}

TEST_F(IngressTest, AStuckPathSelectorIsStuckAgainAfterTheRoutersMultipath) {
  start(60s);
  router_->announce(1, kCsci1, 80);
  router_->announce(2, kCsci2, 50);
  ASSERT_TRUE(slots_become({{1, 64}}));
  command({{"do", "fault"}, {"kind", "stuck-cps"}});
  router_->announce(2, kCsci2, 95);
  service({{"do", "algorithm"}, {"name", "ecmp"}});
  EXPECT_TRUE(slots_become({{0, 64}}));
  service({{"do", "algorithm"}, {"name", "global-min"}});
  EXPECT_TRUE(slots_become({{1, 64}}));
}

TEST_F(IngressTest, SeedsAndCountsTheRoutersMultipathRoute) {
  start(60s);
  EXPECT_EQ(service({{"do", "multipath"}, {"seed", 7}})["next_hops"], 0);
  ingress_.ip_inside(
      {"-6", "route", "add", "2001:2::100/128", "nexthop", "via", kCsci1.str(), "nexthop", "via", kCsci2.str()});
  const json reply = service({{"do", "multipath"}, {"seed", 4000000000}});
  EXPECT_EQ(reply["next_hops"], 2);
  const auto ns = kernel::Namespace::open(ingress_.name());
  if (!reply["seed"].is_null()) {
    EXPECT_EQ(kernel::get_sysctl(ns, "net.ipv4.fib_multipath_hash_seed"), "4000000000");
  }
  EXPECT_EQ(kernel::get_sysctl(ns, "net.ipv6.fib_multipath_hash_policy"), "1");
  EXPECT_EQ(events("multipath").back()["next_hops"], 2);
  EXPECT_THROW(service({{"do", "multipath"}, {"seed", 0}}), MeasurementError);

  command({{"do", "fault"}, {"kind", "bad-hash"}});
  service({{"do", "multipath"}, {"seed", 5}});
  EXPECT_EQ(kernel::get_sysctl(ns, "net.ipv6.fib_multipath_hash_policy"), "3");
  command({{"do", "fault"}, {"kind", "none"}});
  service({{"do", "multipath"}, {"seed", 6}});
  EXPECT_EQ(kernel::get_sysctl(ns, "net.ipv6.fib_multipath_hash_policy"), "1");
}

TEST_F(IngressTest, InstallsTheTunnelsOfSidsThatRoutesName) {
  start(60s);
  const IpAddress egress = IpAddress::of("2001:2:0:9::1");
  router_->announce(7, egress, 80, kLearnt, IpAddress::of("2001:2:9::1"));
  router_->announce(8, egress, 90, kLearnt, IpAddress::of("2001:2:9::2"));
  router_->announce(9, egress, 99, kLearnt);  // no SID: nothing can be steered there
  ASSERT_TRUE(support::wait_for(3s, [&] { return events("metric_received").size() == 3; }));
  const auto marks = [&] {
    return command({{"do", "slots"}, {"service", kLearnt.str()}})["marks"].get<std::vector<std::uint32_t>>();
  };
  EXPECT_TRUE(support::wait_for(3s, [&] { return marks()[0] == 258; }));
  EXPECT_EQ(last_decision()["weights"], json({{"2001:2:0:9::1#7", 0.0}, {"2001:2:0:9::1#8", 1.0}}));

  const auto ns = kernel::Namespace::open(ingress_.name());
  kernel::Netlink netlink(ns);
  for (const auto& [table, sid] : {std::pair(1257u, "2001:2:9::1"), std::pair(1258u, "2001:2:9::2")}) {
    const auto routes = netlink.routes(true, table);
    ASSERT_EQ(routes.size(), 1u);
    EXPECT_EQ(routes[0].destination, IpPrefix::host(kLearnt));
    EXPECT_EQ(std::get<kernel::HEncaps>(routes[0].encap).segments, std::vector{IpAddress::of(sid)});
  }
  const auto rules = netlink.rules(true);
  EXPECT_EQ(std::ranges::count_if(rules, [](const kernel::Rule& r) { return r.table == 1257 || r.table == 1258; }), 2);
  const auto tunnels = events("tunnel");
  ASSERT_EQ(tunnels.size(), 3u);
  EXPECT_EQ(tunnels[0]["learnt"], "route");
  EXPECT_EQ(tunnels[2]["learnt"], "nowhere");

  // Another SID for the same path takes the old one's place.
  router_->announce(8, egress, 90, kLearnt, IpAddress::of("2001:2:9::3"));
  EXPECT_TRUE(support::wait_for(3s, [&] {
    const auto routes = netlink.routes(true, 1258);
    return routes.size() == 1 && std::get<kernel::HEncaps>(routes[0].encap).segments[0] == IpAddress::of("2001:2:9::3");
  }));
}

TEST_F(IngressTest, StopsInOrderAndTakesItsFlowTableAlong) {
  start(60s);
  router_->announce(1, kCsci1, 80);
  ASSERT_TRUE(slots_become({{1, 64}}));
  command({{"do", "stop"}});
  int status = -1;
  ASSERT_TRUE(support::wait_for(5s, [&] { return ::waitpid(agent_, &status, WNOHANG) == agent_; }));
  agent_ = -1;
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_TRUE(support::wait_for(2s, [&] { return !router_->established(); }));
  EXPECT_FALSE(std::filesystem::exists(directory_ / "control"));
  const auto left = support::run({"ip", "netns", "exec", ingress_.name(), "nft", "list", "tables"});
  EXPECT_EQ(left.output, "");
}

}  // namespace
}  // namespace cats::roles
