// The steps from a file to the network that it means (resolve.h), and what they build up.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/diagnostics.h"
#include "topologies/allocation.h"
#include "topologies/clab_file.h"
#include "topologies/topology.h"

namespace cats::topologies {

class Resolver {
 public:
  Resolver(const ClabFile& file, Diagnostics& diagnostics)
      : file_(file), diagnostics_(diagnostics), book_(diagnostics), broken_links_(!file.links_complete) {}

  Topology resolve();

 private:
  void complain(std::size_t node, const std::string& message);
  const Given* label(std::size_t node, const std::string& name) const;
  Place place_of(std::size_t node, const std::string& name) const;
  std::optional<std::size_t> index_of(const std::string& name) const;
  bool router(const std::string& name) const { return is_router(topology_.nodes[*index_of(name)].role); }

  // resolve.cc: nodes and links as the file has them.
  void add_node(const ClabNode& given);
  void add_link(const ClabLink& given);

  // resolve_checks.cc: whether they make a network.
  void check_attachments();
  void check_control_node(std::size_t node);
  void check_roles();
  void check_connected();

  // resolve_services.cc
  void find_services();
  void make_instances();

  // resolve_addresses.cc: those given, and the rest allocated.
  std::optional<IpPrefix> given_prefix(const Given& given, const std::string& owner, bool v4);
  void allocate_nodes();
  void allocate_link(std::size_t number);
  void check_locators();
  void allocate_sids();

  const ClabFile& file_;
  Diagnostics& diagnostics_;
  AddressBook book_;
  Topology topology_;
  std::map<std::string, std::size_t> index_;
  std::vector<bool> has_role_;
  bool broken_links_;  // some link was refused: what seems to be missing may be there
  std::set<std::pair<std::string, std::string>> used_;
  std::vector<const ClabLink*> given_links_;       // by position in Topology::links
  std::map<std::string, std::size_t> service_of_;  // by node
};

}  // namespace cats::topologies
