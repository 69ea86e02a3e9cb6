#include "topologies/clab_keys.h"

namespace cats::topologies {

const std::vector<Key>& node_keys() {
  static const std::vector<Key> keys{
      {"image", Shape::kText},
      {"image-pull-policy", Shape::kText},
      {"restart-policy", Shape::kText},
      {"kind", Shape::kText},
      {"license", Shape::kText},
      {"type", Shape::kText},
      {"group", Shape::kText},
      {"startup-config", Shape::kText},
      {"startup-delay", Shape::kWhole},
      {"enforce-startup-config", Shape::kBoolean},
      {"suppress-startup-config", Shape::kBoolean},
      {"auto-remove", Shape::kBoolean},
      {"exec", Shape::kTexts},
      {"binds", Shape::kTexts},
      {"volumes", Shape::kTexts},
      {"ports", Shape::kTexts},
      {"env", Shape::kMap},
      {"credentials", Shape::kMap},
      {"env-files", Shape::kTexts},
      {"user", Shape::kText},
      {"hostname", Shape::kText},
      {"entrypoint", Shape::kText},
      {"cmd", Shape::kText},
      {"labels", Shape::kMap},
      {"runtime", Shape::kText},
      {"mgmt-ipv4", Shape::kText},
      {"mgmt-ipv6", Shape::kText},
      {"network-mode", Shape::kText},
      {"link-apply-mode", Shape::kText},
      {"cpu", Shape::kNumber},
      {"memory", Shape::kText},
      {"cpu-set", Shape::kText},
      {"extras", Shape::kMap},
      {"config", Shape::kMap},
      {"stages", Shape::kMap},
      {"dns", Shape::kMap},
      {"certificate", Shape::kMap},
      {"healthcheck", Shape::kMap},
      {"components", Shape::kList},
      {"aliases", Shape::kTexts},
      {"shm-size", Shape::kText},
      {"cap-add", Shape::kTexts},
      {"privileged", Shape::kBoolean},
      {"cgroupns-mode", Shape::kText},
      {"cgroup-parent", Shape::kText},
      {"pid-mode", Shape::kText},
      {"tmpfs", Shape::kMap},
      {"security-opts", Shape::kTexts},
      {"sysctls", Shape::kMap},
      {"devices", Shape::kTexts},
  };
  return keys;
}

const std::vector<Key>& network_keys() {
  static const std::vector<Key> keys{
      {"network", Shape::kText},     {"bridge", Shape::kText},
      {"ipv4-subnet", Shape::kText}, {"ipv6-subnet", Shape::kText},
      {"ipv4-gw", Shape::kText},     {"ipv6-gw", Shape::kText},
      {"ipv4-range", Shape::kText},  {"ipv6-range", Shape::kText},
      {"mtu", Shape::kWhole},        {"external-access", Shape::kBoolean},
      {"driver-opts", Shape::kMap},  {"skip-when-unused", Shape::kBoolean},
  };
  return keys;
}

std::vector<std::string> names(const std::vector<Key>& keys) {
  std::vector<std::string> result;
  for (const Key& key : keys) result.push_back(key.name);
  return result;
}

}  // namespace cats::topologies
