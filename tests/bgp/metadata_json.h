// Attribute 42 as JSON, in the form that tests/vectors/README.md describes.
#pragma once

#include <nlohmann/json.hpp>

#include "bgp/edge_metadata.h"

namespace cats::bgp::testing {

// With what a receiver derives: "ignored", "delay_ns", "unix_ns".
nlohmann::json to_json(const EdgeMetadata& metadata);
// Derived members are not read.
EdgeMetadata from_json(const nlohmann::json& sub_tlvs);

}  // namespace cats::bgp::testing
