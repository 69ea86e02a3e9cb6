#include "cpsel/flow_algorithm.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

namespace cats::cpsel {

FlowAlgorithm::FlowAlgorithm(const FlowSetting& setting)
    : random_(setting.random), index_(setting.places, kNobody), in_flight_(setting.places, 0) {}

void FlowAlgorithm::announce(std::uint32_t place) {
  if (is_there(place)) return;
  index_[place] = static_cast<std::uint32_t>(there_.size());
  there_.push_back(place);
  came(place);
}

void FlowAlgorithm::withdraw(std::uint32_t place) {
  if (!is_there(place)) return;
  const std::uint32_t gap = std::exchange(index_[place], kNobody);
  const std::uint32_t last = there_.back();
  there_.pop_back();
  if (last != place) {
    there_[gap] = last;
    index_[last] = gap;
  }
  went(place);
}

FlowAlgorithm::Pick FlowAlgorithm::pick(Instant now) {
  if (there_.empty()) return {};
  const Pick pick = choose(now);
  ++in_flight_[pick.place];
  in_flight_changed(pick.place);
  return pick;
}

void FlowAlgorithm::ended(Instant now, const Pick& pick, const Reply& reply) {
  if (in_flight_[pick.place] == 0)
    throw std::logic_error(fmt::format("a flow to place {} ended, and none is in flight", pick.place));
  --in_flight_[pick.place];
  hear(now, pick, reply);
  in_flight_changed(pick.place);
}

double latency_s(const Reply& reply, double failure_s) {
  const double latency = to_seconds(reply.latency);
  return reply.served ? latency : std::max(latency, failure_s);
}

Expected<std::unique_ptr<FlowAlgorithm>> make_flow_algorithm(std::string_view name, const Parameters& given,
                                                             const FlowSetting& setting) {
  const auto parameters = complete(name, given);
  if (!parameters) return tl::make_unexpected(parameters.error());
  const AlgorithmInfo& info = *find_algorithm(name);
  if (!info.needs_replies) return fail("{} does not choose for every flow", name);
  return info.make_for_flows(*parameters, setting);
}

}  // namespace cats::cpsel
