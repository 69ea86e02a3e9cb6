// A containerlab file as it is written (https://containerlab.dev/manual/topo-def-file/), before anything is allocated.
// Keys that only concern containers are checked for their shape and otherwise left to containerlab.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/diagnostics.h"
#include "base/yaml.h"

namespace cats::topologies {

struct Given {  // a value and where it was given
  std::string value;
  Place place;
};

struct ClabNode {
  std::string name;
  Place place;
  std::string image;
  std::map<std::string, Given> labels;  // those of defaults, kind and group included
};

struct ClabEnd {
  std::string node;
  std::string interface;
};

struct ClabLink {
  Place place;
  std::array<ClabEnd, 2> ends;
  std::optional<int> mtu;
  std::array<std::optional<Given>, 2> ipv6;
  std::array<std::optional<Given>, 2> ipv4;
};

struct ClabFile {
  std::string name;
  Place place;
  std::vector<ClabNode> nodes;
  std::vector<ClabLink> links;  // only those that could be read
  bool links_complete = true;   // none was left out
};

ClabFile read_clab_file(const yaml::Reader& root, Diagnostics& diagnostics);

}  // namespace cats::topologies
