// The C-TC of an ingress: which instance a flow to a CS-ID belongs to. A new flow takes the mark of the next slot of
// its service and keeps it for life; the mark selects the routing table with the encapsulation. Slot value 0 leaves the
// flow unmarked, so that the main table's route (ECMP) applies.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/ip.h"
#include "emulator/kernel/namespace.h"

namespace cats::kernel {

inline constexpr std::size_t kSlots = 64;

// The mark of an instance (number 1 … 255 within its service) and the routing table and rule that the mark selects.
constexpr std::uint32_t instance_mark(std::uint32_t service_index, std::uint32_t instance_number) {
  return service_index * 256 + instance_number;
}
constexpr std::uint32_t instance_table(std::uint32_t mark) { return 1000 + mark; }
inline constexpr std::uint32_t kMarkRulePriority = 1000;

class FlowTable {
 public:
  virtual ~FlowTable() = default;

  // Marks by slot, one value for each of the services' slots; 0 where a slot names no instance. Sends the difference to
  // what is installed as one atomic change and returns after the kernel committed it. Flows that have a mark keep it.
  // Throws SystemError; then nothing changed.
  virtual void set_slots(std::size_t service, const std::vector<std::uint32_t>& marks) = 0;
  // Read back from the kernel.
  virtual std::vector<std::uint32_t> slots(std::size_t service) = 0;
  // How many new flows got each mark since the table was made, 0 among them; marks that no flow got are absent. A flow
  // counts once, with its first packet. Empty without conntrack. Throws SystemError.
  virtual std::map<std::uint32_t, std::uint64_t> flows(std::size_t service) = 0;
  virtual std::size_t slot_count() const = 0;
};

struct FlowTableOptions {
  std::size_t slots = kSlots;  // per service
  // false is a deliberate fault for tests: each packet takes the next slot, nothing is kept.
  bool conntrack = true;
};

// nf_tables: `table inet cats` in the namespace, made with one run of `nft`, changed over netlink afterwards. cs_ids[i]
// (IPv6 or IPv4) is the address of service i. The table goes with the object. Throws SystemError, or UsageError when
// nft refuses, with its message.
std::unique_ptr<FlowTable> make_nft_flow_table(const Namespace& ns, const std::vector<IpAddress>& cs_ids,
                                               const FlowTableOptions& options = {});

// The ruleset that is given to nft.
std::string nft_ruleset(const std::vector<IpAddress>& cs_ids, const FlowTableOptions& options);

}  // namespace cats::kernel
