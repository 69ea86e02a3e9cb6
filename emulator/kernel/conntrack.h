// A namespace's connection tracking table: with the flow table's marks, the draft's session table.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/flow_tuple.h"
#include "base/ip.h"
#include "emulator/kernel/namespace.h"

namespace cats::kernel {

struct ConntrackEntry {
  FlowTuple original;
  FlowTuple reply;
  std::uint32_t mark = 0;
  std::uint32_t timeout_s = 0;            // until it may be removed
  std::optional<std::uint8_t> tcp_state;  // linux/netfilter/nf_conntrack_tcp.h; tcp_state_name()
  std::uint32_t id = 0;
  std::uint16_t zone = 0;
};

// "ESTABLISHED", "TIME_WAIT", …
std::string tcp_state_name(std::uint8_t state);

// Throws SystemError. Not for two threads at once.
class Conntrack {
 public:
  explicit Conntrack(const Namespace& ns);
  ~Conntrack();
  Conntrack(Conntrack&&) noexcept;
  Conntrack& operator=(Conntrack&&) noexcept;

  // Expired entries that the kernel has not yet collected are not in a dump.
  std::vector<ConntrackEntry> dump(bool marked_only = false);
  // A session that nobody has, as if it were established in both directions; `id` is the kernel's to choose. Throws
  // SystemError: ENOMEM when the table is full, EEXIST.
  void insert(const ConntrackEntry& entry);
  // False when the entry is gone already.
  bool remove(const ConntrackEntry& entry);
  // Removes what matches; returns how many.
  std::size_t remove_if(const std::function<bool(const ConntrackEntry&)>& matches);
  // Removes everything.
  void flush();
  // Moves a session by hand: a deliberate fault for tests. False when the entry is gone.
  bool set_mark(const ConntrackEntry& entry, std::uint32_t mark);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cats::kernel
