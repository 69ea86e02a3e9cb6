#include "cpsel/flow_count_reader.h"

#include <algorithm>

namespace cats::cpsel {

struct FlowCountReader::State : std::enable_shared_from_this<State> {
  struct Service {
    std::unique_ptr<Timer> timer = {};
    Instant due = {};
    std::uint64_t round = 0;  // outdates what is under way
  };

  void next(std::size_t index, Duration interval) {
    Service& service = services[index];
    service.due = std::max(service.due + interval, scheduler->now());
    // A reading keeps the state, the timer does not.
    service.timer->at(service.due, [this, index, interval, round = service.round] {
      read(index, [self = shared_from_this(), index, interval, round](const FlowCounts& counts) {
        if (self->services[index].round != round) return;
        self->counted(index, counts);
        // What was told may have changed how often.
        if (self->services[index].round == round) self->next(index, interval);
      });
    });
  }

  void end(std::size_t index) {
    ++services[index].round;
    services[index].timer->cancel();
  }

  Scheduler* scheduler = nullptr;
  std::function<void(std::size_t, Counted)> read;
  std::function<void(std::size_t, const FlowCounts&)> counted;
  std::vector<Service> services;
};

FlowCountReader::FlowCountReader(Scheduler& scheduler, std::size_t services,
                                 std::function<void(std::size_t service, Counted)> read,
                                 std::function<void(std::size_t service, const FlowCounts&)> counted)
    : state_(std::make_shared<State>()) {
  state_->scheduler = &scheduler;
  state_->read = std::move(read);
  state_->counted = std::move(counted);
  for (std::size_t i = 0; i < services; ++i) state_->services.push_back({.timer = scheduler.make_timer()});
}

FlowCountReader::~FlowCountReader() { stop(); }

void FlowCountReader::every(std::size_t service, std::optional<Duration> interval) {
  state_->end(service);
  if (!interval) return;
  state_->services[service].due = state_->scheduler->now();
  state_->next(service, *interval);
}

void FlowCountReader::stop() {
  for (std::size_t i = 0; i < state_->services.size(); ++i) state_->end(i);
}

}  // namespace cats::cpsel
