#include "emulator/roles/edge_server.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include <boost/asio/co_spawn.hpp>

#include "base/file.h"
#include "collectors/csma.h"
#include "collectors/edge_server_fault.h"
#include "collectors/metric_report_json.h"
#include "collectors/prometheus_endpoint.h"
#include "collectors/publisher.h"
#include "collectors/rest_publisher.h"
#include "cpsel/metrics_json.h"
#include "emulator/kernel/cgroup.h"
#include "emulator/roles/agent.h"
#include "emulator/roles/edge_server_connections.h"
#include "emulator/roles/edge_server_load.h"
#include "emulator/roles/edge_server_service.h"
#include "emulator/roles/edge_server_work.h"
#include "http/asio_scheduler.h"
#include "load/background.h"

namespace cats::roles {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr Duration kLongestScrape = std::chrono::seconds(1);

// Moves a thread into the quota's cgroup and reads back whether it is there.
void place_thread(kernel::Cgroup& group, pid_t thread) {
  group.add_thread(thread);
  const std::string path = fmt::format("/proc/self/task/{}/cgroup", thread);
  std::istringstream lines(read_file(path));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const bool counts_cpu = controllers == ",," || controllers.find(",cpu,") != std::string::npos;
    if (counts_cpu && line.ends_with("/" + group.name())) return;
  }
  throw SystemError(EPERM, fmt::format("move thread {} into cgroup {}: still elsewhere", thread, group.name()));
}

double quota_of(const kernel::Cgroup& group) {
  const auto quota = group.quota();
  if (!quota) throw UsageError(fmt::format("cgroup {} has no CPU quota", group.name()));
  return *quota;
}

collectors::CsmaConfig csma_config(const EdgeServerConfig& config) {
  auto declarations = cpsel::declarations_from_json(config.metrics);
  if (!declarations) throw UsageError(declarations.error().message);
  return {.csci = config.csci,
          .interval = config.interval,
          .window = config.window,
          .phase = config.phase,
          .epoch = config.epoch,
          .every_interval = config.every_interval,
          .site_preference = config.site_preference,
          .declarations = std::move(*declarations),
          .scraped = config.prometheus ? config.prometheus->metrics() : std::set<std::string>{}};
}

collectors::PublisherConfig publisher_config(const EdgeServerConfig& config) {
  const EdgeServerBgp& bgp = *config.bgp;
  bgp::SpeakerConfig speaker;
  speaker.session.local_as = bgp.local_as;
  speaker.session.peer_as = bgp.peer_as;
  speaker.session.router_id = bgp.router_id;
  speaker.session.hold_time = std::chrono::duration_cast<std::chrono::seconds>(bgp.hold_time);
  speaker.session.codes = bgp.codes;
  speaker.session.edge_metadata_transit = bgp.transit;
  speaker.session.edge_metadata_capability = !bgp.transit;
  speaker.peer_address = bgp.peer_address;
  speaker.local_address = bgp.local_address;
  speaker.port = bgp.peer_port;
  return {config.cs_id, config.csci, std::move(speaker), collectors::WallClock::of_this_machine()};
}

class EdgeServer {
 public:
  explicit EdgeServer(const EdgeServerConfig& config)
      : config_(config),
        agent_(config, "edge-server"),
        group_(kernel::Cgroup::open(config.cgroup)),
        pool_(config.workers, config.queue_limit, placer()),
        background_(placer(), [this] { return pool_.cpu_time(); }),
        scheduled_(placer(), [this] { return pool_.cpu_time(); }),
        neighbour_([this](pid_t thread) { pin(thread, shared_cpu_); }, [] { return Duration(0); }),
        schedule_(scheduler_, [this](double site, double neighbour) { follow_schedule(site, neighbour); }),
        connections_(config.samples, config.node),
        service_(agent_.io(), config.csci.str(), pool_, connections_, addresses(config), config.port),
        csma_(
            scheduler_, csma_config(config), sources(), agent_.events(),
            [this](const collectors::MetricReport& report) { publish(report); }, scrape_of(config)) {
    quota_of(group_);
    if (const auto& from = config_.prometheus)
      exporter_.emplace(agent_.io().get_executor(), http::Endpoint{.address = from->address, .port = from->port},
                        from->path, from->rules, config_.window);
    if (config_.bgp) publisher_.emplace(agent_.io(), publisher_config(config_), publisher_callbacks());
    if (config_.manager)
      to_manager_.emplace(agent_.io().get_executor(), config_.manager->peer.endpoint(), config_.csci,
                          collectors::WallClock::of_this_machine(), rest_callbacks());
    commands();
  }

  int run() {
    csma_.start();
    if (publisher_) {
      if (!metrics_by_bgp()) publisher_->announce_bare();
      publisher_->start();
    }
    return agent_.run();
  }

 private:
  static std::vector<IpAddress> addresses(const EdgeServerConfig& config) {
    if (config.cs_id == config.csci) return {config.csci};
    return {config.cs_id, config.csci};
  }
  std::function<void(pid_t)> placer() {
    return [this](pid_t thread) { place_thread(group_, thread); };
  }
  collectors::SamplerSources sources() {
    return {[this] {
              return collectors::CpuReading{group_.usage(), quota_of(group_)};
            },
            [this] { return service_.read(std::chrono::steady_clock::now()); }};
  }

  collectors::Scrape scrape_of(const EdgeServerConfig& config) {
    if (!config.prometheus) return {};
    return [this](std::function<void(Expected<cpsel::Values>)> done) { scrape(std::move(done)); };
  }
  // An answer that comes later than half of T is of no use: the next sample is due. Who asks while a scrape is under
  // way is given the same one.
  void scrape(std::function<void(Expected<cpsel::Values>)> done) {
    scrape_waits_.push_back(std::move(done));
    if (scrape_waits_.size() > 1) return;
    boost::asio::co_spawn(agent_.io(), exporter_->scrape(std::min<Duration>(config_.interval / 2, kLongestScrape)),
                          [this](const std::exception_ptr& error, const Expected<cpsel::Values>& values) {
                            if (error) std::rethrow_exception(error);
                            for (const auto& each : std::exchange(scrape_waits_, {})) each(values);
                          });
  }

  // Whether any metric goes that way. Without one BGP announces the bare route.
  bool metrics_by_bgp() const { return config_.bgp && !(config_.bgp->metrics && config_.bgp->metrics->empty()); }
  bool metrics_by_rest() const {
    return config_.manager && !(config_.manager->metrics && config_.manager->metrics->empty());
  }

  void publish(const collectors::MetricReport& report) {
    if (to_manager_)
      if (const auto part = part_of(report, config_.manager->metrics); !part.values.empty()) to_manager_->publish(part);
    if (!publisher_) return;
    const auto part = part_of(report, config_.bgp->metrics);
    if (part.values.empty()) return;
    if (const auto sent = publisher_->publish(part); !sent) failed("bgp", sent.error().message);
  }
  static collectors::MetricReport part_of(const collectors::MetricReport& report,
                                          const std::optional<std::set<std::string>>& metrics) {
    return metrics ? collectors::only(report, *metrics) : report;
  }
  void failed(const char* via, const std::string& why) {
    agent_.events().write("publish_failed", {{"source", config_.csci.str()}, {"via", via}, {"error", why}});
  }

  collectors::PublisherCallbacks publisher_callbacks() {
    return {
        [this](const collectors::MetricReport& report, Instant at, bool again) { log_sent("bgp", report, at, again); },
        [this](bgp::SessionState state, const std::string& why) {
          agent_.events().write(
              "bgp_state",
              {{"peer", config_.bgp->peer_address.str()}, {"state", std::string(bgp::to_string(state))}, {"why", why}});
        }};
  }

  collectors::RestPublisher::Callbacks rest_callbacks() {
    return {.on_sent = [this](const collectors::MetricReport& report, Instant at,
                              bool again) { log_sent("rest", report, at, again); },
            .on_failed = [this](const collectors::MetricReport&, const std::string& why) { failed("rest", why); }};
  }

  void log_sent(const char* via, const collectors::MetricReport& report, Instant at, bool again) {
    agent_.events().write_at(at, again ? "metric_resent" : "metric_sent",
                             collectors::sent_event(config_.csci, via, report));
  }

  void commands();
  void sample(control::Reply reply);
  void set_load(double cores, bool with_service);
  void set_schedule(const json& request, const control::Reply& reply);
  void follow_schedule(double site, double neighbour);
  void set_interval(const json& request, const control::Reply& reply);
  void inject_fault(const json& request, const control::Reply& reply);
  void announce(bool on, const control::Reply& reply);
  ordered_json status();

  EdgeServerConfig config_;
  Agent agent_;
  http::AsioScheduler scheduler_{agent_.io().get_executor()};
  kernel::Cgroup group_;
  WorkPool pool_;
  BackgroundLoad background_;
  BackgroundLoad scheduled_;
  int shared_cpu_ = first_cpu();  // of the service and its neighbour, while there is one
  BackgroundLoad neighbour_;      // its threads stay where this process is: in the node's group, outside the quota
  load::BackgroundSchedule schedule_;
  ConnectionLog connections_;
  Service service_;
  collectors::Csma csma_;
  std::optional<collectors::PrometheusEndpoint> exporter_;
  std::vector<std::function<void(Expected<cpsel::Values>)>> scrape_waits_;
  std::optional<collectors::Publisher> publisher_;
  std::optional<collectors::RestPublisher> to_manager_;
};

void EdgeServer::commands() {
  auto& control = agent_.control();
  control.on("sample", [this](const json&, control::Reply reply) { sample(std::move(reply)); });
  control.on("background_load", [this](const json& request, control::Reply reply) {
    set_load(control::argument<double>(request, "cores"), false);
    reply.ok();
  });
  control.on("calibrated_load", [this](const json& request, control::Reply reply) {
    const auto share = control::argument<double>(request, "share");
    if (!(share >= 0 && share <= 1)) throw UsageError(fmt::format("\"share\": {} is not in 0 … 1", share));
    set_load(share * quota_of(group_), true);
    reply.ok({{"cores", background_.cores()}});
  });
  control.on("background_schedule",
             [this](const json& request, const control::Reply& reply) { set_schedule(request, reply); });
  control.on("known_sequence", [this](const json& request, control::Reply reply) {
    const auto seed = request.find("seed");
    if (seed == request.end()) throw UsageError("\"seed\" is missing (null switches the sequence off)");
    if (seed->is_null())
      csma_.set_known_seed(std::nullopt);
    else
      csma_.set_known_seed(control::argument<std::uint64_t>(request, "seed"));
    reply.ok({{"seq", csma_.sequence()}});
  });
  control.on("interval", [this](const json& request, control::Reply reply) { set_interval(request, reply); });
  control.on("announce", [this](const json&, control::Reply reply) { announce(true, reply); });
  control.on("withdraw", [this](const json&, control::Reply reply) { announce(false, reply); });
  control.on("fault", [this](const json& request, control::Reply reply) { inject_fault(request, reply); });
  agent_.on_status([this] { return status(); });
  agent_.on_stop([this](std::function<void()> done) {
    csma_.stop();
    background_.set(0, false);
    schedule_.stop();
    service_.close();
    if (publisher_)
      publisher_->close("stopped", std::move(done));
    else
      done();
  });
}

void EdgeServer::sample(control::Reply reply) {
  csma_.sample_now([reply = std::move(reply)](Expected<ordered_json> sample) {
    if (sample)
      reply.ok(std::move(*sample));
    else
      reply.fail(sample.error().message);
  });
}

void EdgeServer::set_load(double cores, bool with_service) {
  if (!(cores >= 0 && cores <= load::kMaxBackgroundCores))
    throw UsageError(fmt::format("\"cores\": {} is not in 0 … {}", cores, load::kMaxBackgroundCores));
  background_.set(cores, with_service);
  agent_.events().write("load_changed",
                        {{"source", config_.csci.str()}, {"cores", cores}, {"with_service", with_service}});
}

void EdgeServer::set_schedule(const json& request, const control::Reply& reply) {
  auto loads = load::parse_schedule(request);
  if (!loads) return reply.fail(loads.error().message);
  schedule_.stop();
  if (!loads->empty())
    schedule_.start(std::move(*loads), from_ns(control::argument<std::int64_t>(request, "start_ns")));
  reply.ok();
}

void EdgeServer::follow_schedule(double site, double neighbour) {
  if (site != scheduled_.cores()) scheduled_.set(site, false);
  if (neighbour != neighbour_.cores()) {
    pool_.pin(neighbour > 0 ? std::optional(shared_cpu_) : std::nullopt);
    neighbour_.set(neighbour, false);
  }
  agent_.events().write("load_changed", {{"source", config_.csci.str()},
                                         {"cores", site},
                                         {"with_service", false},
                                         {"neighbour_cores", neighbour},
                                         {"scheduled", true}});
}

void EdgeServer::set_interval(const json& request, const control::Reply& reply) {
  const auto interval = control::argument<std::int64_t>(request, "interval_ns");
  const auto phase = control::argument<std::int64_t>(request, "phase_ns");
  if (interval < 1'000'000) throw UsageError(fmt::format("\"interval_ns\": {} is below 1 ms", interval));
  config_.interval = Duration(interval);
  csma_.set_interval(Duration(interval), Duration(phase));
  reply.ok();
}

void EdgeServer::announce(bool on, const control::Reply& reply) {
  if (!publisher_) return reply.fail("this edge server has no publisher");
  if (const auto done = on ? publisher_->announce() : publisher_->withdraw(); !done)
    reply.fail(done.error().message);
  else
    reply.ok();
}

void EdgeServer::inject_fault(const json& request, const control::Reply& reply) {
  const auto fault = collectors::parse_edge_server_fault(request);
  if (!fault) return reply.fail(fault.error().message);
  const bool publishes = metrics_by_bgp() || metrics_by_rest();
  if (fault->publisher != collectors::PublisherFault::none && !publishes)
    return reply.fail("this edge server publishes no metrics");
  if (fault->biases() || fault->clears()) csma_.set_bias_points(fault->bias_points);
  if (fault->loses_count()) connections_.lose_one();
  if (fault->clears()) connections_.lose_none();
  if (metrics_by_bgp() && !fault->loses_count()) publisher_->inject(fault->publisher, fault->updates);
  if (metrics_by_rest() && !fault->loses_count()) to_manager_->inject(fault->publisher, fault->updates);
  agent_.events().write("fault", fault->to_json(config_.csci));
  reply.ok();
}

ordered_json EdgeServer::status() {
  ordered_json fields = {{"csci", config_.csci.str()},
                         {"seq", csma_.sequence()},
                         {"next_tick_ns", to_ns(csma_.next_tick())},
                         {"connections", service_.connections()},
                         {"background_cores", background_.cores()},
                         {"quota_cores", quota_of(group_)},
                         {"bgp", nullptr}};
  if (publisher_)
    fields["bgp"] = {{"state", std::string(bgp::to_string(publisher_->state()))},
                     {"announced", publisher_->announced()}};
  return fields;
}

}  // namespace

int run_edge_server(const EdgeServerConfig& config) { return EdgeServer(config).run(); }

}  // namespace cats::roles
