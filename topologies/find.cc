#include <algorithm>

#include "base/diagnostics.h"
#include "topologies/topology.h"

namespace cats::topologies {

Expected<std::filesystem::path> find_topology(const std::string& name, const std::filesystem::path& shipped) {
  static constexpr std::string_view kSuffix = ".clab.yml";
  std::error_code ignored;
  if (std::filesystem::is_regular_file(name, ignored)) return std::filesystem::path(name);
  std::vector<std::string> known;
  for (const auto& entry : std::filesystem::directory_iterator(shipped, ignored)) {
    const std::string file = entry.path().filename().string();
    if (!file.ends_with(kSuffix)) continue;
    known.push_back(file.substr(0, file.size() - kSuffix.size()));
    if (name == file || name == known.back()) return entry.path();
  }
  std::ranges::sort(known);
  if (known.empty()) return fail("{}: no such topology file, and none in {}", name, shipped.string());
  return fail("{}: no such file, and not a shipped topology: those are {}{}", name, one_of(known),
              did_you_mean(name, known));
}

}  // namespace cats::topologies
