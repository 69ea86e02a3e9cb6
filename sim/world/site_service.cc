#include "sim/world/site_service.h"

#include <algorithm>
#include <utility>

namespace cats::sim {

SiteService::SiteService(Scheduler& scheduler, const Config& config)
    : scheduler_(scheduler), traffic_(config.csci), cpu_(scheduler, config.cpu, [this](const Job& job) { done(job); }) {
  if (!config.samples.empty()) rows_.emplace(config.samples, config.node);
}

void SiteService::accept(const FlowTuple& connection) {
  close(connection);
  open_[connection] = {.number = ++connections_so_far_, .accepted = scheduler_.now()};
  traffic_.opened();
}

void SiteService::close(const FlowTuple& connection) {
  const auto found = open_.find(connection);
  if (found == open_.end()) return;
  traffic_.closed();
  if (rows_) rows_->add(found->second.accepted, scheduler_.now(), connection.source, connection.source_port);
  open_.erase(found);
}

void SiteService::request(const FlowTuple& connection, Duration work, std::function<void(const SiteReply&)> replied) {
  const std::uint64_t number = open_.at(connection).number;
  traffic_.asked(connection.destination, work);
  const std::uint64_t tag = ++jobs_so_far_;
  if (!cpu_.submit(tag, work)) {
    const SiteReply refusal{.status = 503};
    traffic_.replied(refusal);
    return replied(refusal);
  }
  jobs_.emplace_hint(jobs_.end(), tag, Asked{scheduler_.now(), connection, number, std::move(replied)});
  note_length();
}

void SiteService::done(const Job& job) {
  const auto found = jobs_.find(job.tag);
  const Asked asked = std::move(found->second);
  jobs_.erase(found);
  note_length();
  note_delay(scheduler_.now() - asked.received);
  const auto connection = open_.find(asked.connection);
  if (connection == open_.end() || connection->second.number != asked.number) return;
  const SiteReply reply{.queued = job.started - asked.received, .served = scheduler_.now() - job.started};
  traffic_.replied(reply);
  asked.replied(reply);
}

void SiteService::die() {
  cpu_.end_all();
  jobs_.clear();
  open_.clear();
  lose_no_row();
  queue_min_ = queue_max_ = 0;
  delay_min_.reset();
  delay_max_ = Duration::zero();
}

collectors::ServiceReading SiteService::read() {
  const auto length = static_cast<unsigned>(cpu_.jobs());
  collectors::ServiceReading reading;
  reading.completed = completed_;
  reading.delay_sum = delay_sum_;
  reading.queue_length_seconds = cpu_.job_seconds();
  reading.queue_length = length;
  if (!jobs_.empty()) reading.oldest_age = scheduler_.now() - jobs_.begin()->second.received;
  reading.last_delay = last_delay_;
  reading.queue_min = queue_min_;
  reading.queue_max = queue_max_;
  reading.delay_min = delay_min_.value_or(Duration::zero());
  reading.delay_max = delay_max_;
  traffic_.read(reading);
  queue_min_ = queue_max_ = length;
  delay_min_.reset();
  delay_max_ = Duration::zero();
  return reading;
}

void SiteService::lose_one_row() {
  if (rows_) rows_->lose_one();
}

void SiteService::lose_no_row() {
  if (rows_) rows_->lose_none();
}

void SiteService::flush() {
  if (rows_) rows_->flush();
}

void SiteService::note_length() {
  const auto length = static_cast<unsigned>(cpu_.jobs());
  queue_min_ = std::min(queue_min_, length);
  queue_max_ = std::max(queue_max_, length);
}

void SiteService::note_delay(Duration delay) {
  ++completed_;
  delay_sum_ += delay;
  last_delay_ = delay;
  delay_min_ = std::min(delay_min_.value_or(delay), delay);
  delay_max_ = std::max(delay_max_, delay);
}

}  // namespace cats::sim
