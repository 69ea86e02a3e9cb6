// The keys that containerlab's schema allows, with the shape of their values.
#pragma once

#include <string>
#include <vector>

namespace cats::topologies {

enum class Shape { kText, kTexts, kBoolean, kWhole, kNumber, kMap, kList };

struct Key {
  std::string name;
  Shape shape;
};

const std::vector<Key>& node_keys();     // of a node, of defaults, of a kind and of a group
const std::vector<Key>& network_keys();  // of mgmt
std::vector<std::string> names(const std::vector<Key>& keys);

}  // namespace cats::topologies
