// Topologies of any size, as containerlab YAML text.
#pragma once

#include <string>

namespace cats::topologies {

// One ingress r1; egress routers r2 … with an edge server each, es1 …, attached to r1; at r1 hosts h1 …, an
// edge server manager esm and a controller sdn. sites ≥ 1.
std::string generate_sites(int sites, int hosts);
// Transit routers r1 … rn in a line, without services. n ≥ 2.
std::string generate_line(int n);

}  // namespace cats::topologies
