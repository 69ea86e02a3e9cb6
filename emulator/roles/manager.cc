#include "emulator/roles/manager.h"

#include <algorithm>
#include <optional>

#include <boost/asio/steady_timer.hpp>

#include "base/json_fields.h"
#include "collectors/synthetic_burst.h"
#include "emulator/roles/agent.h"
#include "http/server.h"

namespace cats::roles {
namespace {

constexpr Duration kShortestInterval = std::chrono::milliseconds(1);
constexpr double kRequestsPerSecond = 1000;  // of one peer: an edge server sends one every T

constexpr Duration kBurstTick = std::chrono::milliseconds(1);
constexpr Duration kBurstGrace = std::chrono::milliseconds(100);  // for what fell due before a burst's end

class ManagerAgent {
 public:
  explicit ManagerAgent(const ManagerConfig& config)
      : config_(config),
        agent_(config, "manager"),
        manager_(manager_config(config), callbacks()),
        server_(
            agent_.io(),
            [this](const http::Request& request, const http::Reply& reply) { manager_.handle(request, reply); },
            server_config()) {
    agent_.on_status([this] { return status(); });
    agent_.control().on("interval", [this](const nlohmann::json& request, control::Reply reply) {
      const auto interval = Duration(control::argument<std::int64_t>(request, "interval_ns"));
      if (interval < kShortestInterval) throw UsageError("\"interval_ns\": is below 1 ms");
      config_.interval = interval;
      config_.phase = Duration(control::argument<std::int64_t>(request, "phase_ns"));
      arm();
      reply.ok();
    });
    agent_.control().on("burst", [this](const nlohmann::json& request, control::Reply reply) {
      start_burst(request, std::move(reply));
    });
    agent_.on_stop([this](const std::function<void()>& done) {
      burst_.reset();
      burst_timer_.cancel();
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
  struct Burst : collectors::SyntheticBurst {
    control::Reply reply;
  };

  static collectors::Manager::Config manager_config(const ManagerConfig& config) {
    return {.instances = config.instances,
            .tokens = config.rest.read_tokens(),
            .incarnation = http::Tokens::generate().substr(0, 8),
            .wall = collectors::WallClock::of_this_machine()};
  }

  http::ServerConfig server_config() {
    http::ServerConfig server;
    server.requests_per_second = kRequestsPerSecond;
    server.max_connections = 1000;
    server.max_connections_of_a_peer = 100;
    server.tls = config_.rest.tls();
    server.on_refused = [this, log = log_refusals(agent_.events())](const IpAddress& peer, unsigned status,
                                                                    const std::string& why) {
      ++refused_;
      log(peer, status, why);
    };
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
                [this, log = log_refused(agent_.events())](const std::string& principal, unsigned status,
                                                           const std::string& why) {
                  ++refused_;
                  log(principal, status, why);
                },
            .published = {}};
  }

  nlohmann::ordered_json status() const {
    return {{"port", port_}, {"accepted", accepted_}, {"refused", refused_}, {"connections", server_.connections()}};
  }

  void start_burst(const nlohmann::json& request, control::Reply reply) {
    if (burst_) throw UsageError("a burst is under way");
    auto burst = collectors::SyntheticBurst::of(request, config_.instances.size());
    burst.start = std::chrono::steady_clock::now();
    burst.first = next_synthetic_;
    burst_.emplace(Burst{burst, std::move(reply)});
    go_on();
  }

  // Publishes the events that are due, those too that fell due while the process was busy.
  void go_on() {
    Burst& burst = *burst_;
    const Instant end = burst.end();
    while (true) {
      const Instant due = burst.due();
      const Instant now = std::chrono::steady_clock::now();
      // A burst that cannot keep up ends too, with fewer updates than asked for.
      if (now >= end + kBurstGrace || (now >= end && due >= end)) return end_burst();
      if (due > now || due >= end) break;
      if (const auto published = manager_.publish_synthetic(next_synthetic_, burst.batch, now); !published) {
        const control::Reply reply = burst.reply;
        burst_.reset();
        return reply.fail(published.error().message);
      }
      next_synthetic_ += static_cast<std::uint32_t>(burst.batch);
      burst.late = std::max(burst.late, now - due);
      ++burst.messages;
      if (now - due > kBurstTick && burst.messages % 16 == 0) break;  // what was published has to get out
    }
    burst_timer_.expires_after(kBurstTick);
    burst_timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error && burst_) go_on();
    });
  }

  void end_burst() {
    const Burst burst = *std::exchange(burst_, std::nullopt);
    const nlohmann::ordered_json told = burst.to_json();
    agent_.events().write("burst", told);
    burst.reply.ok(told);
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
  std::optional<Burst> burst_;
  std::uint32_t next_synthetic_ = collectors::SyntheticBurst::kFirstSequence;
  boost::asio::steady_timer burst_timer_{agent_.io()};
};

}  // namespace

Expected<ManagerConfig> parse_manager(const nlohmann::json& json) {
  JsonFields fields(json, "manager");
  ManagerConfig config;
  read_agent(fields, config);
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
