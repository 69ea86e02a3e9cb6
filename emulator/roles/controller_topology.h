// The network as the routers' IGP has it now: what each router that reports can reach, by the names of the inventory.
// No I/O, no clock.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "emulator/roles/igp_database.h"
#include "emulator/roles/inventory.h"

namespace cats::roles {

class KnownTopology {
 public:
  explicit KnownTopology(const Inventory& inventory);

  // What the IGP of the router `reporter` knows; nothing: its IGP does not answer. A router that cannot be asked at all
  // is not told of: what it said last stays. Returns what is another way now: "link r1-r2 found", "node r2 gone".
  std::vector<std::string> learn(const std::string& reporter, const std::optional<LinkState>& state, Instant now);

  // Up and reachable for at least one router that reports. Those that the inventory has not have their router id as
  // name.
  std::vector<std::string> nodes() const;
  std::vector<std::string> links() const;  // "r1-r2": sorted within and among

  // When a router last reported; nothing before the first time.
  std::optional<Instant> heard() const;
  // {"reports", "nodes", "links", "missing_nodes", "missing_links"}: docs/openapi/controller.yaml.
  nlohmann::ordered_json json(Instant now) const;

 private:
  using Link = std::pair<std::string, std::string>;  // ascending
  struct View {
    std::optional<Instant> at;  // of the last report
    bool answers = false;       // the last report told something
    std::set<std::string> nodes;
    std::set<Link> links;
  };

  std::string name_of(const IpAddress& router_id) const;
  View view_of(const std::string& reporter, const LinkState& state) const;
  std::set<std::string> all_nodes() const;
  std::set<Link> all_links() const;

  std::map<IpAddress, std::string> names_;  // by router id
  std::map<std::string, IpAddress> ids_;
  std::set<Link> expected_;
  std::map<std::string, View> views_;  // by reporter
};

}  // namespace cats::roles
