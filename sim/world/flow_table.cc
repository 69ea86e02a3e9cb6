#include "sim/world/flow_table.h"

#include <algorithm>

#include "base/random.h"

namespace cats::sim {
namespace {

std::uint64_t hash_address(std::uint64_t hash, const IpAddress& address) {
  std::uint64_t word = 0;
  std::size_t octets = 0;
  for (const std::byte octet : address.bytes()) {
    word = word << 8 | static_cast<std::uint64_t>(octet);
    if (++octets % 8 == 0) hash = mix64(hash ^ std::exchange(word, 0));
  }
  return mix64(hash ^ word);
}

}  // namespace

std::uint64_t flow_hash(const FlowTuple& tuple, std::uint64_t seed, bool ports) {
  const std::uint64_t hash = hash_address(hash_address(mix64(seed), tuple.source), tuple.destination);
  if (!ports) return hash;
  const std::uint64_t rest = static_cast<std::uint64_t>(tuple.source_port) << 32 |
                             static_cast<std::uint64_t>(tuple.destination_port) << 16 | tuple.protocol;
  return mix64(hash ^ rest);
}

FlowTable::FlowTable(const Config& config) : config_(config), services_(config.services) { make_anew(); }

void FlowTable::make_anew() {
  for (Service& service : services_) service = {.marks = std::vector<std::uint32_t>(config_.slots, 0)};
}

std::size_t FlowTable::set_slots(std::size_t service, const std::vector<std::uint32_t>& marks) {
  std::vector<std::uint32_t>& before = services_[service].marks;
  std::size_t changed = 0;
  for (std::size_t i = 0; i < before.size(); ++i) changed += before[i] != marks[i] ? 1 : 0;
  before = marks;
  return changed;
}

std::uint32_t FlowTable::take_slot(Service& service) const {
  const std::uint32_t mark = service.marks[service.next];
  service.next = (service.next + 1) % config_.slots;
  return mark;
}

std::uint32_t FlowTable::mark(std::size_t service, const FlowTuple& tuple, Instant now) {
  Service& of = services_[service];
  if (!config_.conntrack) return take_slot(of);
  expire(now);
  const auto [found, is_new] = sessions_.try_emplace(tuple);
  Entry& entry = found->second;
  if (!is_new && entry.open) return entry.mark;
  entry = {.mark = take_slot(of), .id = ++last_id_};
  ++of.flows[entry.mark];
  return entry.mark;
}

void FlowTable::closed(const FlowTuple& tuple, Instant now) {
  expire(now);
  const auto found = sessions_.find(tuple);
  if (found == sessions_.end() || !std::exchange(found->second.open, false)) return;
  ends_.push_back({now + config_.session_timer, tuple, found->second.id});
}

void FlowTable::expire(Instant now) {
  for (; !ends_.empty() && ends_.front().at <= now; ends_.pop_front()) {
    const auto found = sessions_.find(ends_.front().tuple);
    if (found != sessions_.end() && found->second.id == ends_.front().id) sessions_.erase(found);
  }
}

std::vector<cpsel::SessionEntry> FlowTable::marked(Instant now) {
  expire(now);
  std::vector<cpsel::SessionEntry> entries;
  for (const auto& [tuple, entry] : sessions_)
    if (entry.mark != 0) entries.push_back({tuple, entry.mark, entry.id});
  std::ranges::sort(entries, {}, &cpsel::SessionEntry::id);
  return entries;
}

std::size_t FlowTable::forget(Instant now) {
  expire(now);
  ends_.clear();
  const std::size_t removed = sessions_.size();
  sessions_.clear();
  return removed;
}

std::optional<FlowTable::Moved> FlowTable::move_session(const std::map<IpAddress, std::vector<std::uint32_t>>& marks,
                                                        Instant now) {
  for (const cpsel::SessionEntry& session : marked(now)) {
    Entry& entry = sessions_.at(session.tuple);
    const auto known = marks.find(session.tuple.destination);
    if (!entry.open || known == marks.end()) continue;
    const auto other = std::ranges::find_if(known->second, [&](std::uint32_t mark) { return mark != entry.mark; });
    if (other == known->second.end()) continue;
    return Moved{session.tuple, std::exchange(entry.mark, *other), *other};
  }
  return std::nullopt;
}

}  // namespace cats::sim
