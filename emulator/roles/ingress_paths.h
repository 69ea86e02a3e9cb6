// The ingress's routes to its CS-IDs: which path leads to which instance. Several paths may lead to one instance; it is
// gone with the last. No I/O.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/ip.h"
#include "bgp/update.h"
#include "cpsel/instance.h"

namespace cats::roles {

struct PathChange {
  enum class Kind { announced, withdrawn };
  Kind kind = Kind::announced;
  std::size_t service = 0;
  cpsel::InstanceId instance;
  std::uint32_t path_id = 0;
  bool last = false;  // withdrawn: no other path to the instance is left
};

class PathTable {
 public:
  struct Service {
    IpAddress cs_id;
    bool key_by_path = false;
  };
  explicit PathTable(std::vector<Service> services) : services_(std::move(services)) {}

  // In the order of the update, withdrawals first. A path that changes its instance is withdrawn from the old one.
  std::vector<PathChange> apply(const bgp::DecodedUpdate& update);
  // The session is down: everything is withdrawn.
  std::vector<PathChange> clear();

  std::size_t size() const { return paths_.size(); }

 private:
  struct Path {
    std::size_t service = 0;
    cpsel::InstanceId instance;
  };
  using Paths = std::map<bgp::Nlri, Path>;

  std::optional<std::size_t> service_of(const IpPrefix& prefix) const;
  PathChange withdraw(Paths::iterator path);

  std::vector<Service> services_;
  Paths paths_;
};

// The first SID that a route's SRv6 L3 Service TLV names (RFC 9252).
std::optional<IpAddress> service_sid(const bgp::PathAttributes& attributes);

}  // namespace cats::roles
