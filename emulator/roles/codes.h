// The numbers of attribute 42 that IANA has not assigned, as every agent's configuration holds them:
//   "codes": {"attribute": 42, "capability": 238, "cats_metric": 65280, "cats_stamp": 65281}
#pragma once

#include <nlohmann/json.hpp>

#include "base/json_fields.h"
#include "bgp/edge_metadata.h"

namespace cats::roles {

// The member "codes"; its absence is a problem.
bgp::EdgeMetadataCodes read_codes(JsonFields& fields);
nlohmann::ordered_json to_json(const bgp::EdgeMetadataCodes& codes);

}  // namespace cats::roles
