// The ingress agent as a process between a host and two sites, in namespaces; our own speaker plays its router. The
// tables that marks select hold plain routes here: tunnels have tests of their own.
#pragma once

#include <algorithm>
#include <atomic>
#include <csignal>
#include <functional>
#include <future>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include "base/event_log.h"
#include "base/file.h"
#include "bgp/speaker.h"
#include "collectors/metric_mapping.h"
#include "emulator/control/client.h"
#include "emulator/roles/ingress.h"
#include "http/server.h"
#include "tests/support/namespace.h"
#include "tests/support/needs.h"
#include "tests/support/process.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/wait_until.h"

namespace cats::roles {

inline const IpAddress kService = IpAddress::of("2001:2::100");
inline const IpAddress kLearnt = IpAddress::of("2001:2::101");  // a service whose instances come from routes alone
inline const IpAddress kCsci1 = IpAddress::of("2001:2:0:11::2");
inline const IpAddress kCsci2 = IpAddress::of("2001:2:0:12::2");
inline constexpr std::uint16_t kPort = 8080;

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
    if (!support::wait_for(std::chrono::seconds(5), [this] { return ready_.load(); }))
      throw std::runtime_error("the thread did not start");
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
            reply({.body = nlohmann::json({{"instance", csci.str()}}).dump()});
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
    return nlohmann::json::parse(reply.substr(reply.find("\r\n\r\n")))["instance"].get<std::string>();
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
    restarted_.stop();
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
  void start(
      Duration age_limit, const std::string& algorithm = "global-min",
      const std::function<void(IngressConfig&)>& change = [](IngressConfig&) {}) {
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
         std::chrono::seconds(1),
         age_limit,
         "available_compute",
         {algorithm},
         false,
         {{kCsci1, IpAddress::of("2001:2:1::1"), 1, 1001, 1}, {kCsci2, IpAddress::of("2001:2:2::1"), 2, 1002, 1}}});
    config.services.push_back(
        {kLearnt, std::chrono::seconds(1), std::nullopt, "available_compute", {algorithm}, true, {}});
    change(config);
    const auto strict = IngressConfig::from_json(nlohmann::json::parse(config.to_json().dump()));
    ASSERT_TRUE(strict) << strict.error().message;
    config_ = strict->to_json();
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
    control_ =
        std::make_unique<control::Client>("r1", config.control, MonotonicClock().now() + std::chrono::seconds(5));
    router_ = std::make_unique<Router>(ingress_);
    ASSERT_TRUE(support::wait_for(std::chrono::seconds(5), [&] { return router_->established(); }));
  }

  void kill() {
    ::kill(agent_, SIGKILL);
    ::waitpid(agent_, nullptr, 0);
    agent_ = -1;
    control_.reset();
  }
  // As a program of its own, with the same configuration; `meanwhile` until it answers.
  void start_anew(const std::function<void()>& meanwhile) {
    write_file(directory_ / "r1.json", config_.dump());
    ingress_.enter();
    restarted_ = support::ScopedProcess({CATS_BINARY_DIR "/catsd", "ingress", "--config", directory_ / "r1.json"},
                                        directory_ / "r1.log");
    ingress_.leave();
    const std::filesystem::path control = config_.at("control").get<std::string>();
    const auto answers = [&] {
      meanwhile();
      try {
        control_ = std::make_unique<control::Client>("r1", control, MonotonicClock().now());
        return control_->call({{"do", "status"}}).is_object();
      } catch (const MeasurementError&) {
        return false;
      }
    };
    ASSERT_TRUE(support::wait_for(std::chrono::seconds(5), answers));
    ASSERT_TRUE(support::wait_for(std::chrono::seconds(5), [&] { return router_->established(); }));
  }

  nlohmann::json command(nlohmann::json request) { return control_->call(request); }
  nlohmann::json service(nlohmann::json request) {
    request["service"] = kService.str();
    return command(request);
  }

  std::vector<nlohmann::json> events(const std::string& name) {
    std::vector<nlohmann::json> found;
    const auto all = read_events(directory_ / "r1.jsonl");
    if (!all) throw std::runtime_error(all.error().message);
    for (const nlohmann::json& event : *all)
      if (event["event"] == name) found.push_back(event);
    return found;
  }
  std::vector<std::uint32_t> slots() { return service({{"do", "slots"}})["marks"].get<std::vector<std::uint32_t>>(); }
  // Once the kernel holds exactly these marks in these numbers.
  bool slots_become(std::map<std::uint32_t, int> counts) {
    return support::wait_for(std::chrono::seconds(3), [&] {
      std::map<std::uint32_t, int> now;
      for (const std::uint32_t mark : slots()) ++now[mark];
      return now == counts;
    });
  }
  nlohmann::json last_decision() { return events("decision").back(); }

  support::TemporaryDirectory directory_;
  support::ScopedNamespace ingress_{"ig"}, host_{"host"}, ns1_{"s1"}, ns2_{"s2"};
  pid_t agent_ = -1;
  support::ScopedProcess restarted_;
  nlohmann::ordered_json config_;
  std::unique_ptr<control::Client> control_;
  std::unique_ptr<Router> router_;
  std::unique_ptr<Site> site1_, site2_;
};

}  // namespace cats::roles
