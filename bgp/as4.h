// Four-octet AS numbers over sessions with two-octet ones (RFC 6793 section 4.2).
#pragma once

#include <optional>

#include "bgp/attributes.h"

namespace cats::bgp {

// Section 4.2.3: the true path from AS_PATH and AS4_PATH. AS4_PATH counts only when it is not the longer one.
AsPath merge_as4_path(const AsPath& as_path, AsPath as4_path);

// What goes out besides an AS_PATH with AS_TRANS in it: nothing when every number fits two octets.
std::optional<AsPath> as4_path_for(const AsPath& as_path);

}  // namespace cats::bgp
