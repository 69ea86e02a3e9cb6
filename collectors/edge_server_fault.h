// The command `fault` of an edge server (docs/control.md).
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/ip.h"
#include "collectors/publisher_fault.h"

namespace cats::collectors {

struct EdgeServerFault {
  std::string kind;                                 // of the event `fault` too
  PublisherFault publisher = PublisherFault::none;  // of publications, for the next `updates`
  unsigned updates = 1;
  double bias_points = 0;  // of the collector

  bool clears() const { return kind == "none"; }
  bool biases() const { return kind == "collector-bias"; }
  bool loses_count() const { return kind == "lost-count"; }
  // Members of the event `fault`.
  nlohmann::ordered_json to_json(const IpAddress& source) const;
};

// Error: another kind. Throws UsageError for other arguments that are missing or ill-typed.
Expected<EdgeServerFault> parse_edge_server_fault(const nlohmann::json& request);

}  // namespace cats::collectors
