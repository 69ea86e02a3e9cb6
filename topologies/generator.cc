#include "topologies/generator.h"

#include <stdexcept>

#include <fmt/format.h>

namespace cats::topologies {
namespace {

// Images are for `containerlab deploy`; the built-in engine runs the machine's own programs.
constexpr const char* kGroups = R"(  defaults:
    kind: linux
    network-mode: none
  groups:
    router:
      image: quay.io/frrouting/frr:9.1.0
    server:
      image: debian:12
)";

std::string node(const std::string& name, const char* group, const char* role, const char* more = "") {
  return fmt::format("    {}:\n      group: {}\n      labels:\n        cats-role: {}\n{}", name, group, role, more);
}

std::string link(const std::string& a, const std::string& b) {
  return fmt::format("    - endpoints: [\"{}\", \"{}\"]\n", a, b);
}

}  // namespace

std::string generate_sites(int sites, int hosts) {
  if (sites < 1 || hosts < 0) throw std::invalid_argument("generate_sites: at least one site, and no negative hosts");
  std::string nodes = node("r1", "router", "ingress");
  std::string links;
  for (int i = 1; i <= sites; ++i) nodes += node(fmt::format("r{}", i + 1), "router", "egress");
  for (int i = 1; i <= sites; ++i)
    nodes += node(fmt::format("es{}", i), "server", "edge-server", "        cats-service: service\n");
  for (int i = 1; i <= hosts; ++i) nodes += node(fmt::format("h{}", i), "server", "host");
  nodes += node("esm", "server", "edge-server-manager") + node("sdn", "server", "controller");
  for (int i = 1; i <= sites; ++i) links += link(fmt::format("r1:eth{}", i), fmt::format("r{}:eth1", i + 1));
  for (int i = 1; i <= sites; ++i) links += link(fmt::format("r{}:eth2", i + 1), fmt::format("es{}:eth1", i));
  for (int i = 1; i <= hosts; ++i) links += link(fmt::format("r1:eth{}", sites + i), fmt::format("h{}:eth1", i));
  links += link(fmt::format("r1:eth{}", sites + hosts + 1), "esm:eth1");
  links += link(fmt::format("r1:eth{}", sites + hosts + 2), "sdn:eth1");
  return fmt::format("# {} sites behind one ingress, {} hosts.\nname: sites-{}\ntopology:\n{}  nodes:\n{}  links:\n{}",
                     sites, hosts, sites, kGroups, nodes, links);
}

std::string generate_line(int n) {
  if (n < 2) throw std::invalid_argument("generate_line: at least two routers");
  std::string nodes;
  std::string links;
  for (int i = 1; i <= n; ++i) nodes += node(fmt::format("r{}", i), "router", "transit");
  for (int i = 1; i < n; ++i)
    links += link(fmt::format("r{}:eth{}", i, i == 1 ? 1 : 2), fmt::format("r{}:eth1", i + 1));
  return fmt::format("# {} routers in a line.\nname: line-{}\ntopology:\n{}  nodes:\n{}  links:\n{}", n, n, kGroups,
                     nodes, links);
}

}  // namespace cats::topologies
