// What the kernel keeps of an ingress, whether its agent runs or not: slots that new flows take in turn (the C-TC), the
// session table, the router's multipath routes. As emulator/kernel's nft_ruleset.cc has it: a new flow takes the next
// slot's mark and keeps it for life; mark 0 leaves it to the multipath route.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/flow_tuple.h"
#include "cpsel/session_changes.h"

namespace cats::sim {

// Uniform over 64 bits. `ports`: of the 5-tuple, else of the addresses alone.
std::uint64_t flow_hash(const FlowTuple& tuple, std::uint64_t seed, bool ports);

class FlowTable {
 public:
  struct Config {
    std::size_t services = 0;
    std::size_t slots = 64;                             // per service
    bool conntrack = true;                              // false: each packet takes the next slot, nothing is kept
    Duration session_timer = std::chrono::seconds(10);  // from a session's end to its entry's
  };
  using Flows = std::map<std::uint32_t, std::uint64_t>;

  explicit FlowTable(const Config& config);

  // As an agent that starts makes it: no slot names an instance, nothing is counted. Sessions stay.
  void make_anew();
  // One mark per slot; returns how many slots have another one.
  std::size_t set_slots(std::size_t service, const std::vector<std::uint32_t>& marks);
  const std::vector<std::uint32_t>& slots(std::size_t service) const { return services_[service].marks; }
  // New flows by mark, 0 among them, since it was made. Without conntrack: none.
  const Flows& flows(std::size_t service) const { return services_[service].flows; }

  // The mark of a packet of the flow, the first one or a later one. A flow whose session was closed is another one.
  std::uint32_t mark(std::size_t service, const FlowTuple& tuple, Instant now);
  // The session is over: its entry stays for the timer.
  void closed(const FlowTuple& tuple, Instant now);

  // The entries with a mark, in the order in which they were made.
  std::vector<cpsel::SessionEntry> marked(Instant now);
  // Removes all; returns how many there were.
  std::size_t forget(Instant now);
  // A deliberate fault: the oldest open session with a mark gets another one of its destination's, if there is one.
  struct Moved {
    FlowTuple tuple;
    std::uint32_t from = 0;
    std::uint32_t to = 0;
  };
  std::optional<Moved> move_session(const std::map<IpAddress, std::vector<std::uint32_t>>& marks, Instant now);

 private:
  struct Service {
    std::vector<std::uint32_t> marks;  // by slot
    std::size_t next = 0;              // slot
    Flows flows = {};
  };
  struct Entry {
    std::uint32_t mark = 0;
    std::uint32_t id = 0;
    bool open = true;
  };
  struct TupleHash {
    std::size_t operator()(const FlowTuple& tuple) const { return flow_hash(tuple, 0, true); }
  };
  struct End {
    Instant at;
    FlowTuple tuple;
    std::uint32_t id = 0;
  };

  std::uint32_t take_slot(Service& service) const;
  void expire(Instant now);

  Config config_;
  std::vector<Service> services_;
  std::unordered_map<FlowTuple, Entry, TupleHash> sessions_;  // its order decides nothing
  std::deque<End> ends_;                                      // ascending
  std::uint32_t last_id_ = 0;
};

}  // namespace cats::sim
