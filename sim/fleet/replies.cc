#include "sim/fleet/replies.h"

namespace cats::sim::fleet {

Replies::Replies(Engine& engine, const Settings& settings, Steering& steering, Sites& sites)
    : engine_(engine),
      steering_(steering),
      sites_(sites),
      latencies_(cpsel::find_algorithm(settings.algorithm)->probes ? settings.sites.size() : 0),
      reply_arrives_(engine, *this),
      probe_arrives_(engine, *this),
      answer_arrives_(engine, *this) {
  for (const Ingress& ingress : settings.ingresses)
    ways_.push_back({.delay = ingress.delay, .replies = {}, .probes = {}, .answers = {}});
  sites.tell_ends(*this);
}

bool Replies::steer(std::uint32_t ingress, Duration work) {
  const Instant now = engine_.now();
  cpsel::FlowAlgorithm& algorithm = steering_.flow_algorithm(ingress);
  const auto pick = algorithm.pick(now);
  if (pick.place == cpsel::FlowAlgorithm::kNobody) return false;
  const auto found = static_cast<std::uint32_t>(sites_.active(pick.place));
  const std::uint64_t tag = keep({.pick = pick, .ingress = ingress, .found = found});
  if (!sites_.arrive(pick.place, work, tag)) {
    leave(tag);
    tell(ingress, pick, {.served = false}, now);
  }
  for (const std::uint32_t site : algorithm.probes()) probe(ingress, site);
  return true;
}

std::uint64_t Replies::keep(const Flight& flight) {
  if (free_.empty()) {
    flights_.push_back(flight);
    return flights_.size() - 1;
  }
  const std::uint32_t number = free_.back();
  free_.pop_back();
  flights_[number] = flight;
  return number;
}

Replies::Flight Replies::leave(std::uint64_t tag) {
  free_.push_back(static_cast<std::uint32_t>(tag));
  return flights_[tag];
}

void Replies::served(std::uint32_t site, const Job& flow) {
  const Flight flight = leave(flow.tag);
  const Instant now = engine_.now();
  if (!latencies_.empty()) latencies_[site].record(flight.found, now - flow.arrived);
  tell(flight.ingress, flight.pick,
       {.queue = static_cast<std::size_t>(sites_.active(site)), .service = now - flow.started}, flow.arrived);
}

// A site that comes back remembers nothing.
void Replies::failed(std::uint32_t site, std::span<const Job> flows) {
  if (!latencies_.empty()) latencies_[site] = {};
  for (const Job& flow : flows) {
    const Flight flight = leave(flow.tag);
    tell(flight.ingress, flight.pick, {.served = false}, flow.arrived);
  }
}

void Replies::tell(std::uint32_t ingress, const cpsel::FlowAlgorithm::Pick& pick, cpsel::Reply reply, Instant sent) {
  Way& way = ways_[ingress];
  const Instant then = engine_.now() + 2 * way.delay;
  reply.latency = then - sent;
  way.replies.push({pick, reply});
  reply_arrives_.at(then, ingress);
}

void Replies::reply_arrives(std::uint32_t ingress) {
  const Told told = ways_[ingress].replies.pop();
  steering_.flow_algorithm(ingress).ended(engine_.now(), told.pick, told.reply);
}

void Replies::probe(std::uint32_t ingress, std::uint32_t site) {
  ++probes_;
  Way& way = ways_[ingress];
  way.probes.push(site);
  probe_arrives_.at(engine_.now() + way.delay, ingress);
}

void Replies::probe_arrives(std::uint32_t ingress) {
  Way& way = ways_[ingress];
  const std::uint32_t site = way.probes.pop();
  if (sites_.down(site)) return;
  const auto active = static_cast<std::size_t>(sites_.active(site));
  way.answers.push({site, {.in_flight = active, .latency = latencies_[site].estimate(active)}});
  answer_arrives_.at(engine_.now() + way.delay, ingress);
}

void Replies::answer_arrives(std::uint32_t ingress) {
  const Answer answer = ways_[ingress].answers.pop();
  steering_.flow_algorithm(ingress).probed(engine_.now(), answer.site, answer.answer);
}

}  // namespace cats::sim::fleet
