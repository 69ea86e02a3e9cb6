#include "emulator/roles/manager.h"

#include <algorithm>
#include <optional>

#include <boost/asio/steady_timer.hpp>

#include "base/json_fields.h"
#include "emulator/roles/agent.h"
#include "http/server.h"

namespace cats::roles {
namespace {

constexpr Duration kShortestInterval = std::chrono::milliseconds(1);
constexpr double kRequestsPerSecond = 1000;  // of one peer: an edge server sends one every T

// Synthetic updates. Their sequence numbers are beyond those of any edge server.
constexpr std::uint32_t kFirstSynthetic = 1'000'000'000;
constexpr Duration kBurstTick = std::chrono::milliseconds(1);
constexpr Duration kBurstGrace = std::chrono::milliseconds(100);  // for what fell due before a burst's end
constexpr Duration kLongestBurst = std::chrono::seconds(25);
constexpr double kHighestBurstRate = 1'000'000;

class ManagerAgent {
 public:
  explicit ManagerAgent(const ManagerConfig& config)
      : config_(config),
        agent_(config.node, "manager", config.events, config.control),
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
  // Synthetic updates at a steady rate, for tests that load whoever follows the manager.
  struct Burst {
    double rate = 0;        // updates a second
    std::size_t batch = 0;  // updates of an event
    Instant start;
    Duration length{};
    std::uint32_t first = 0;  // sequence
    std::uint64_t messages = 0;
    Duration late{};  // longest time from when an event was due to when it was published
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
                [this](const std::string& principal, unsigned status, const std::string& why) {
                  ++refused_;
                  agent_.events().write("refused", {{"principal", principal}, {"status", status}, {"why", why}});
                },
            .published = {}};
  }

  nlohmann::ordered_json status() const {
    return {{"port", port_}, {"accepted", accepted_}, {"refused", refused_}, {"connections", server_.connections()}};
  }

  void start_burst(const nlohmann::json& request, control::Reply reply) {
    if (burst_) throw UsageError("a burst is under way");
    const auto rate = control::argument<double>(request, "rate");
    const auto batch = control::argument<std::size_t>(request, "batch");
    const auto length = Duration(control::argument<std::int64_t>(request, "duration_ns"));
    if (!(rate > 0 && rate <= kHighestBurstRate)) throw UsageError("\"rate\": is not above 0 and up to 1000000");
    if (batch == 0 || batch > config_.instances.size())
      throw UsageError(
          fmt::format("\"batch\": {} is not from 1 to {}, an instance each", batch, config_.instances.size()));
    if (length <= Duration(0) || length > kLongestBurst) throw UsageError("\"duration_ns\": is not up to 25 s");
    burst_.emplace(Burst{.rate = rate,
                         .batch = batch,
                         .start = std::chrono::steady_clock::now(),
                         .length = length,
                         .first = next_synthetic_,
                         .reply = std::move(reply)});
    go_on();
  }

  // Publishes the events that are due, those too that fell due while the process was busy.
  void go_on() {
    Burst& burst = *burst_;
    const Instant end = burst.start + burst.length;
    const Duration gap = from_seconds(static_cast<double>(burst.batch) / burst.rate);
    while (true) {
      const Instant due = burst.start + gap * static_cast<std::int64_t>(burst.messages);
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
    const nlohmann::ordered_json told = {{"rate", burst.rate},           {"batch", burst.batch},
                                         {"messages", burst.messages},   {"updates", burst.messages * burst.batch},
                                         {"first_seq", burst.first},     {"started_ns", to_ns(burst.start)},
                                         {"late_ns", burst.late.count()}};
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
  std::uint32_t next_synthetic_ = kFirstSynthetic;
  boost::asio::steady_timer burst_timer_{agent_.io()};
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
