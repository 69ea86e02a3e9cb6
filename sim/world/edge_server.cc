#include "sim/world/edge_server.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "collectors/metric_report_json.h"

namespace cats::sim {
namespace {

constexpr const char* kByBgp = "bgp";
constexpr const char* kByRest = "rest";

collectors::CsmaConfig csma_config_of(const EdgeServer::Config& config) {
  return {.csci = config.csci,
          .interval = config.interval,
          .window = config.window,
          .phase = config.phase,
          .epoch = config.epoch,
          .every_interval = config.every_interval,
          .site_preference = config.site_preference,
          .declarations = config.declared};
}

SiteService::Config service_config_of(const EdgeServer::Config& config) {
  if (const auto sampler = collectors::sampler_config(csma_config_of(config)); !sampler)
    throw UsageError(sampler.error().message);
  return {.node = config.node,
          .csci = config.csci,
          .cpu = {.workers = config.workers,
                  .queue_limit = config.queue_limit,
                  .quota_cores = config.quota_cores,
                  .quota_period = config.quota_period,
                  .quota_phase = config.quota_phase,
                  .cpus = config.cpus},
          .samples = config.samples};
}

}  // namespace

EdgeServer::EdgeServer(Scheduler& scheduler, EventLog& events, Config config, std::vector<Way> ways, Announce announce)
    : scheduler_(scheduler),
      events_(events),
      config_(std::move(config)),
      ways_(std::move(ways)),
      announce_(std::move(announce)),
      service_(scheduler, service_config_of(config_)) {
  for (const Way& one : ways_)
    if (one.via != kByBgp && one.via != kByRest)
      throw std::invalid_argument(fmt::format("edge server {}: a way by {}", config_.node, one.via));
}

void EdgeServer::start() {
  if (running()) throw std::logic_error(fmt::format("edge server {} is started twice", config_.node));
  make_process();
  csma_->start();
  if (!announce_) return;
  log_session("");
  if (way(kByBgp) == nullptr) static_cast<void>(route_->announce_bare());
}

void EdgeServer::make_process() {
  const collectors::SamplerSources sources{
      .cpu =
          [this] { return collectors::CpuReading{.usage = cpu_time(), .quota_cores = service_.cpu().quota_cores()}; },
      .service = [this] { return service_.read(); }};
  collecting_.emplace(scheduler_, config_.collecting);
  csma_.emplace(scheduler_, csma_config_of(config_), sources, events_, [this](const collectors::MetricReport& report) {
    collecting_->then([this, report] { publish(report); });
  });
  schedule_.emplace(scheduler_, [this](double site, double neighbour) { follow_schedule(site, neighbour); });
  route_.emplace(kWallClock,
                 collectors::RouteReports::Callbacks{.has_session = [this] { return has_session_; },
                                                     .tell = [this](const auto& telling) { return tell(telling); }});
  rest_.emplace(scheduler_, RestReports::Callbacks{
                                .sent = [this](const collectors::MetricReport& report,
                                               bool again) { log_sent(kByRest, report, again); },
                                .send = [this](const collectors::MetricReport& report) { way(kByRest)->send(report); },
                                .failed = [this](const std::string& why) { log_failed(kByRest, why); }});
}

void EdgeServer::stop() {
  csma_.reset();
  collecting_.reset();
  schedule_.reset();
  route_.reset();
  rest_.reset();
  service_.die();
}

bool EdgeServer::accept(const FlowTuple& connection) {
  if (!running()) return false;
  service_.accept(connection);
  return true;
}

void EdgeServer::close(const FlowTuple& connection) { service_.close(connection); }

bool EdgeServer::request(const FlowTuple& connection, Duration work, std::function<void(const SiteReply&)> replied) {
  if (!service_.is_open(connection)) return false;
  service_.request(connection, work, std::move(replied));
  return true;
}

void EdgeServer::session(bool up, const std::string& why) {
  if (up == has_session_) return;
  has_session_ = up;
  if (!running() || !announce_) return;
  log_session(why);
  if (!up) return;
  if (const auto told = route_->established(); !told) log_failed(kByBgp, told.error().message);
}

void EdgeServer::undelivered(const collectors::MetricReport& report, const std::string& why) {
  if (running()) rest_->undelivered(report, why);
}

void EdgeServer::set_interval(Duration interval, Duration phase) {
  config_.interval = interval;
  config_.phase = phase;
  if (running()) csma_->set_interval(interval, phase);
}

const EdgeServer::Way* EdgeServer::way(const std::string& via) const {
  const auto found = std::ranges::find(ways_, via, &Way::via);
  return found == ways_.end() || (found->metrics && found->metrics->empty()) ? nullptr : &*found;
}

void EdgeServer::publish(const collectors::MetricReport& report) {
  const auto part_of = [&](const Way& one) { return one.metrics ? collectors::only(report, *one.metrics) : report; };
  if (const Way* rest = way(kByRest))
    if (const auto part = part_of(*rest); !part.values.empty()) rest_->publish(part);
  const Way* bgp = way(kByBgp);
  if (bgp == nullptr || !announce_) return;
  const auto part = part_of(*bgp);
  if (part.values.empty()) return;
  if (const auto told = route_->publish(part); !told) log_failed(kByBgp, told.error().message);
}

Expected<void> EdgeServer::tell(const collectors::RouteReports::Telling& telling) {
  if (telling.report == collectors::MetricReport{}) {
    announce_(true);
    return {};
  }
  std::optional<collectors::MetricReport> on_wire;
  if (telling.on_wire != nullptr) {
    auto quantised = collectors::quantised(*telling.on_wire, kWallClock);
    if (!quantised) return tl::make_unexpected(quantised.error());
    on_wire = std::move(*quantised);
  }
  log_sent(kByBgp, telling.report, telling.again);
  if (on_wire) way(kByBgp)->send(*on_wire);
  return {};
}

void EdgeServer::log_sent(const char* via, const collectors::MetricReport& report, bool again) {
  events_.write(again ? "metric_resent" : "metric_sent", collectors::sent_event(config_.csci, via, report));
}

void EdgeServer::log_failed(const char* via, const std::string& why) {
  events_.write("publish_failed", {{"source", config_.csci.str()}, {"via", via}, {"error", why}});
}

}  // namespace cats::sim
