#include "collectors/edge_server_fault.h"

#include "base/argument.h"

namespace cats::collectors {

nlohmann::ordered_json EdgeServerFault::to_json(const IpAddress& source) const {
  nlohmann::ordered_json fields = {{"kind", kind}, {"source", source.str()}};
  if (biases()) fields["points"] = bias_points;
  if (publisher != PublisherFault::none) fields["updates"] = updates;
  return fields;
}

Expected<EdgeServerFault> parse_edge_server_fault(const nlohmann::json& request) {
  EdgeServerFault fault;
  fault.kind = argument<std::string>(request, "kind");
  if (request.contains("updates")) fault.updates = argument<unsigned>(request, "updates");
  if (fault.biases())
    fault.bias_points = argument<double>(request, "points");
  else if (fault.kind == "lost-update")
    fault.publisher = PublisherFault::lost_update;
  else if (fault.kind == "altered-value")
    fault.publisher = PublisherFault::altered_value;
  else if (!fault.loses_count() && !fault.clears())
    return fail("\"kind\": {} is not collector-bias, lost-update, altered-value, lost-count or none", fault.kind);
  return fault;
}

}  // namespace cats::collectors
