// Parameter studies: a list or a range in place of a value stands for each of its values, and an entry of `tests` may
// bring its own values for keys of the scenario. Every combination is a case (docs/scenario-format.md, "Studies").
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>
#include <yaml-cpp/yaml.h>

#include "base/diagnostics.h"
#include "base/error.h"

namespace cats::scenarios {

inline constexpr std::size_t kMostCases = 1000;
inline constexpr std::string_view kEmptyStudy = "a study of no values";

struct CaseTree {
  std::string test;
  nlohmann::ordered_json combination = nlohmann::ordered_json::object();  // key of a studied value → value as written
  YAML::Node tree;  // a scenario with one value each, whose `tests` has this one entry
};

struct Expansion {
  YAML::Node base;              // the first of each studied value, every test without its own values
  std::vector<CaseTree> cases;  // by entry of `tests`, then by combination, the last key running fastest
};

// Keys of a scenario that an entry of `tests` may give for itself.
const std::vector<std::string>& keys_of_a_test();

// Reports ranges that make no values and products above kMostCases; leaves everything else for the reader of the trees.
// The error: `text` is no YAML.
Expected<Expansion> expand(const std::string& text, const std::string& file, Diagnostics& diagnostics);

// The scenario with other values: "interval=200ms", "algorithm={name: pid, parameters: {kd: 0.2}}",
// "workload.work=1ms". Comments are lost. The error names the assignment.
Expected<std::string> with_values(const std::string& text, const std::vector<std::string>& assignments);

}  // namespace cats::scenarios
