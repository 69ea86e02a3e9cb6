#include "cpsel/router_flow_counts.h"

#include <utility>

namespace cats::cpsel {

struct RouterFlowCounts::Shared : std::enable_shared_from_this<Shared> {
  // One ingress and one service.
  struct Counter {
    // An agent that was started anew counts from 0.
    void hear(const Said& said) {
      for (const auto& [csci, count] : said) {
        double& known = last[csci];
        if (count < known) before[csci] += known;
        known = count;
      }
    }

    Said last = {}, before = {};  // of this agent; of those before it
    std::string failure = {};
  };
  struct Service {
    std::vector<Counter> counters = {};  // by router
    FlowCountReader::Counted counted = {};
    std::size_t left = 0;  // to answer
  };

  void answered(std::size_t router, std::size_t service, const Expected<Said>& said) {
    if (!open) return;
    Service& of = services[service];
    Counter& one = of.counters[router];
    if (said) one.hear(*said);
    const std::string failure = said ? "" : said.error().message;
    if (failure != one.failure) state(routers[router], service, one.failure = failure);
    if (--of.left == 0) std::exchange(of.counted, {})(sum(of));
  }

  static FlowCounts sum(const Service& service) {
    FlowCounts counts;
    for (const Counter& counter : service.counters)
      for (const Said* part : {&counter.before, &counter.last})
        for (const auto& [csci, count] : *part) counts[{csci, 0}] += count;
    return counts;
  }

  std::vector<std::string> routers = {};
  Ask ask = {};
  State state = {};
  std::vector<Service> services = {};
  bool open = true;
};

RouterFlowCounts::RouterFlowCounts(const std::vector<std::string>& routers, std::size_t services, Ask ask, State state)
    : shared_(std::make_shared<Shared>()) {
  shared_->routers = routers;
  shared_->ask = std::move(ask);
  shared_->state = std::move(state);
  shared_->services.resize(services);
  for (Shared::Service& service : shared_->services) service.counters.resize(routers.size());
}

RouterFlowCounts::~RouterFlowCounts() { stop(); }

void RouterFlowCounts::read(std::size_t service, FlowCountReader::Counted counted) {
  Shared::Service& of = shared_->services[service];
  if (of.counters.empty()) return counted({});
  of.counted = std::move(counted);
  if (of.left > 0) return;
  of.left = of.counters.size();
  for (std::size_t router = 0; router < of.counters.size(); ++router)
    shared_->ask(router, service, [shared = shared_, router, service](const Expected<Said>& said) {
      shared->answered(router, service, said);
    });
}

void RouterFlowCounts::stop() { shared_->open = false; }

}  // namespace cats::cpsel
