// Prefixes as UPDATE carries them (RFC 4271 section 4.3, RFC 7911 section 3).
#pragma once

#include <vector>

#include "bgp/update.h"

namespace cats::bgp {

// False: a prefix length above the address family's, or one that runs past the end. Host bits are cleared.
bool read_nlri(ByteView data, bool v4, bool path_ids, std::vector<Nlri>& out);

// False: an address of the other family or a prefix length it does not have.
bool write_nlri(Writer& w, const Nlri& nlri, bool v4, bool path_ids);
std::size_t nlri_size(const Nlri& nlri, bool path_ids);

}  // namespace cats::bgp
