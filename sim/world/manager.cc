#include "sim/world/manager.h"

#include <algorithm>
#include <utility>

#include "base/argument.h"

namespace cats::sim {

using nlohmann::ordered_json;

namespace {

constexpr Duration kShortestInterval = std::chrono::milliseconds(1);

}  // namespace

Manager::Manager(Scheduler& scheduler, EventLog& log, Config config, Publish publish)
    : scheduler_(scheduler),
      log_(log),
      config_(std::move(config)),
      publish_(std::move(publish)),
      timer_(scheduler.make_timer()),
      burst_timer_(scheduler.make_timer()) {
  for (const auto& instance : config_.instances)
    if (std::ranges::find(config_.services, instance.cs_id) == config_.services.end())
      throw UsageError(fmt::format("{}: no service {} of instance {}", config_.node, instance.cs_id, instance.csci));
}

void Manager::start() {
  if (running()) return;
  reports_.emplace(config_.instances);
  accepted_ = 0;
  refused_ = 0;
  arm();
}

void Manager::stop() {
  timer_->cancel();
  burst_timer_->cancel();
  burst_.reset();
  next_synthetic_ = collectors::SyntheticBurst::kFirstSequence;
  reports_.reset();
}

void Manager::arm() {
  const Instant first = config_.epoch + config_.phase;
  const Instant now = scheduler_.now();
  const Instant next = now < first ? first : first + ((now - first) / config_.interval + 1) * config_.interval;
  timer_->at(next, [this] {
    std::vector<collectors::MetricUpdate> updates;
    for (const auto* known : reports_->take_changed()) updates.push_back(update_of(*known));
    if (!updates.empty()) publish_(std::move(updates));
    arm();
  });
}

collectors::MetricUpdate Manager::update_of(const collectors::LatestReports::Known& known) const {
  const auto service = std::ranges::find(config_.services, known.instance.cs_id);
  return {static_cast<std::size_t>(service - config_.services.begin()), known.instance.csci, known.report.value()};
}

Expected<void> Manager::report(const IpAddress& csci, const collectors::MetricReport& report) {
  if (!running()) return fail("{}: Connection refused", config_.node);
  collectors::LatestReports::Known* known = reports_->find(csci);
  if (known == nullptr) return fail("404: no such instance: {}", csci);
  const Instant now = scheduler_.now();
  if (const auto accepted = collectors::LatestReports::accept(*known, report, now); !accepted) {
    ++refused_;
    log_.write("refused", {{"principal", known->instance.node}, {"status", 409}, {"why", accepted.error().message}});
    return fail("409: {}", accepted.error().message);
  }
  ++accepted_;
  log_.write_at(
      now, "hop_seen",
      {{"router", config_.node}, {"tap", "rest"}, {"source", csci.str()}, {"seq", known->report->stamp->sequence}});
  return {};
}

std::vector<collectors::MetricUpdate> Manager::snapshot() const {
  std::vector<collectors::MetricUpdate> updates;
  if (!running()) return updates;
  for (const auto& [csci, known] : reports_->all())
    if (known.report) updates.push_back(update_of(known));
  return updates;
}

void Manager::command(const nlohmann::json& request, const CommandReply& reply) {
  if (!running()) return reply(fail("edge server manager {}: its process does not run", config_.node));
  const auto name = argument<std::string>(request, "do");
  if (name == "status")
    return reply(
        ordered_json{{"node", config_.node}, {"role", "manager"}, {"accepted", accepted_}, {"refused", refused_}});
  if (name == "interval") return set_interval(request, reply);
  if (name == "burst") return start_burst(request, reply);
  reply(fail("no command \"{}\" in the simulator; there are burst, interval, status", name));
}

void Manager::set_interval(const nlohmann::json& request, const CommandReply& reply) {
  const auto interval = Duration(argument<std::int64_t>(request, "interval_ns"));
  if (interval < kShortestInterval) throw UsageError("\"interval_ns\": is below 1 ms");
  config_.interval = interval;
  config_.phase = Duration(argument<std::int64_t>(request, "phase_ns"));
  arm();
  reply(ordered_json::object());
}

void Manager::start_burst(const nlohmann::json& request, const CommandReply& reply) {
  if (burst_) throw UsageError("a burst is under way");
  burst_ = collectors::SyntheticBurst::of(request, config_.instances.size());
  burst_->start = scheduler_.now();
  burst_->first = next_synthetic_;
  burst_reply_ = reply;
  go_on();
}

// Publishes what is due now, and is never late.
void Manager::go_on() {
  const Instant now = scheduler_.now();
  if (now >= burst_->end()) return end_burst({});
  const auto reports = reports_->synthetic(next_synthetic_, burst_->batch, now);
  if (!reports) return end_burst(tl::make_unexpected(reports.error()));
  std::vector<collectors::MetricUpdate> updates;
  for (const auto& one : *reports) updates.push_back(update_of(one));
  publish_(std::move(updates));
  next_synthetic_ += static_cast<std::uint32_t>(burst_->batch);
  ++burst_->messages;
  burst_timer_->at(std::min(burst_->due(), burst_->end()), [this] { go_on(); });
}

void Manager::end_burst(const Expected<void>& outcome) {
  const collectors::SyntheticBurst burst = *std::exchange(burst_, std::nullopt);
  const CommandReply reply = std::exchange(burst_reply_, nullptr);
  if (!outcome) return reply(tl::make_unexpected(outcome.error()));
  const ordered_json told = burst.to_json();
  log_.write("burst", told);
  reply(told);
}

}  // namespace cats::sim
