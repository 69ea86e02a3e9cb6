// What changes between two dumps of an ingress' session table, as the events `flow` and `flow_poll` tell it
// (docs/event-log.md).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/event_log.h"
#include "base/flow_tuple.h"

namespace cats::cpsel {

struct SessionEntry {
  FlowTuple tuple;
  std::uint32_t mark = 0;
  std::uint32_t id = 0;  // a port may be used again: an entry of its own then
};

class SessionChanges {
 public:
  using InstanceOf = std::function<std::string(std::uint32_t mark)>;

  SessionChanges(EventLog& log, InstanceOf instance_of) : log_(log), instance_of_(std::move(instance_of)) {}

  // An event for each entry that is new, has another mark, or is gone since the dump before, and one for the dump.
  // `entries`: those with a mark.
  void compare(Instant when, const std::vector<SessionEntry>& entries);
  // No dump follows: what was there in the last one is told once more, and forgotten.
  void end(Instant now);

 private:
  struct Seen {
    std::uint32_t mark = 0;
    Instant first;
  };
  using Key = std::pair<FlowTuple, std::uint32_t>;

  void log(Instant when, const Key& key, const Seen& seen, bool gone);

  EventLog& log_;
  InstanceOf instance_of_;
  std::map<Key, Seen> seen_;
};

}  // namespace cats::cpsel
