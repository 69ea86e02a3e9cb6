// The router's own multipath route to a CS-ID, the baseline without a C-PS: what the kernel has, and its hash.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/ip.h"
#include "emulator/kernel/namespace.h"

namespace cats::roles {

struct Multipath {
  std::optional<std::uint32_t> seed;  // as read back; nothing where this kernel cannot be given one
  std::size_t next_hops = 0;          // of the main table's route to the CS-ID
};

// Hashes 5-tuples, with that seed (above 0) where the kernel has net.ipv4.fib_multipath_hash_seed (Linux 6.11, for both
// families). Throws SystemError, and UsageError when a setting does not read back as written.
Multipath set_multipath(const kernel::Namespace& ns, const IpAddress& cs_id, std::uint32_t seed);
// The deliberate fault of a hash that sees addresses alone: all flows of a host go one way.
void spoil_multipath(const kernel::Namespace& ns, const IpAddress& cs_id);

}  // namespace cats::roles
