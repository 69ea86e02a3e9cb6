// A topology for people and programs.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "topologies/topology.h"

namespace cats::topologies {

std::string table(const Topology& topology);
// {name, nodes: [{name, role, addresses, …}], links: […], services: [{…, instances: […]}]}: `nodes` and `links` are
// what a report holds.
nlohmann::ordered_json json(const Topology& topology);
// A picture: hosts, ingress, transit, egress and edge servers from left to right.
std::string svg(const Topology& topology);

}  // namespace cats::topologies
