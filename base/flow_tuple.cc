#include "base/flow_tuple.h"

#include <netinet/in.h>
#include <string>

namespace cats {

nlohmann::ordered_json to_json(const FlowTuple& tuple) {
  std::string protocol = std::to_string(tuple.protocol);
  if (tuple.protocol == IPPROTO_TCP) protocol = "tcp";
  if (tuple.protocol == IPPROTO_UDP) protocol = "udp";
  return {{"source", tuple.source.str()},
          {"sport", tuple.source_port},
          {"destination", tuple.destination.str()},
          {"dport", tuple.destination_port},
          {"protocol", protocol}};
}

}  // namespace cats
