#include "emulator/roles/manager.h"

#include <boost/asio/steady_timer.hpp>

#include "base/json_fields.h"
#include "emulator/roles/agent.h"
#include "http/server.h"

namespace cats::roles {
namespace {

constexpr Duration kShortestInterval = std::chrono::milliseconds(1);
constexpr double kRequestsPerSecond = 1000;  // of one peer: an edge server sends one every T

class ManagerAgent {
 public:
  explicit ManagerAgent(const ManagerConfig& config)
      : config_(config),
        agent_(config.node, "manager", config.events, config.control),
        manager_(manager_config(config), callbacks()),
        server_(
            agent_.io(),
            [this](const http::Request& request, const http::Reply& reply) { manager_.handle(request, reply); },
            server_config(config)) {
    agent_.on_status([this] { return status(); });
    agent_.control().on("interval", [this](const nlohmann::json& request, control::Reply reply) {
      const auto interval = Duration(control::argument<std::int64_t>(request, "interval_ns"));
      if (interval < kShortestInterval) throw UsageError("\"interval_ns\": is below 1 ms");
      config_.interval = interval;
      config_.phase = Duration(control::argument<std::int64_t>(request, "phase_ns"));
      arm();
      reply.ok();
    });
    agent_.on_stop([this](const std::function<void()>& done) {
      timer_.cancel();
      server_.close();
      done();
    });
  }

  int run() {
    port_ = server_.listen(config_.rest.address, config_.rest.port);
    arm();
    return agent_.run();
  }

 private:
  static collectors::Manager::Config manager_config(const ManagerConfig& config) {
    return {.instances = config.instances,
            .tokens = config.rest.read_tokens(),
            .incarnation = http::Tokens::generate().substr(0, 8),
            .wall = collectors::WallClock::of_this_machine()};
  }

  static http::ServerConfig server_config(const ManagerConfig& config) {
    http::ServerConfig server;
    server.requests_per_second = kRequestsPerSecond;
    server.max_connections = 1000;
    server.max_connections_of_a_peer = 100;
    server.tls = config.rest.tls();
    return server;
  }

  collectors::Manager::Callbacks callbacks() {
    return {.accepted =
                [this](const collectors::Manager::Instance& instance, const collectors::MetricReport& report,
                       Instant received) {
                  ++accepted_;
                  agent_.events().write_at(received, "hop_seen",
                                           {{"router", config_.node},
                                            {"tap", "rest"},
                                            {"source", instance.csci.str()},
                                            {"seq", report.stamp->sequence}});
                },
            .refused =
                [this](const std::string& principal, unsigned status, const std::string& why) {
                  ++refused_;
                  agent_.events().write("refused", {{"principal", principal}, {"status", status}, {"why", why}});
                },
            .published = {}};
  }

  nlohmann::ordered_json status() const {
    return {{"port", port_}, {"accepted", accepted_}, {"refused", refused_}, {"connections", server_.connections()}};
  }

  void arm() {
    const Instant first = config_.epoch + config_.phase;
    const auto elapsed = (std::chrono::steady_clock::now() - first) / config_.interval;
    timer_.expires_at(first + (elapsed + 1) * config_.interval);
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      manager_.tick();
      arm();
    });
  }

  ManagerConfig config_;
  Agent agent_;
  collectors::Manager manager_;
  http::Server server_;
  boost::asio::steady_timer timer_{agent_.io()};
  std::uint16_t port_ = 0;
  std::uint64_t accepted_ = 0;
  std::uint64_t refused_ = 0;
};

}  // namespace

Expected<ManagerConfig> parse_manager(const nlohmann::json& json) {
  JsonFields fields(json, "manager");
  ManagerConfig config;
  config.node = fields.get<std::string>("node");
  config.events = fields.get<std::string>("events");
  config.control = fields.get<std::string>("control");
  if (auto rest = fields.object("rest"))
    config.rest = read_rest_server(*rest);
  else
    fields.problem("rest", "is missing");
  config.interval = fields.get<Duration>("interval_ns");
  config.epoch = fields.get<Instant>("epoch_ns");
  config.phase = fields.get("phase_ns", config.phase);
  if (config.interval < kShortestInterval) fields.problem("interval_ns", "is below 1 ms");
  for (JsonFields& instance : fields.objects("instances"))
    config.instances.push_back(
        {instance.get<std::string>("node"), instance.get<IpAddress>("csci"), instance.get<IpAddress>("cs_id")});
  if (const auto wrong = fields.finish()) return fail("{}", *wrong);
  return config;
}

int run_manager(const ManagerConfig& config) { return ManagerAgent(config).run(); }

}  // namespace cats::roles
