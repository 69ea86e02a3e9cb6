// `bounds:` of a scenario: what figures must hold, such as "service-latency.sla_share.after >= 99%". `catsbench verify`
// asks whether they do (docs/scenario-format.md, "bounds").
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/yaml.h"
#include "scenarios/catalogue.h"

namespace cats::scenarios {

struct FigureBound {
  std::string text;  // as written
  std::string test;
  std::string figure;
  std::string op;    // "<=", ">=", "<", ">", "=="
  double value = 0;  // in the figure's unit

  bool operator==(const FigureBound&) const = default;
};

// TEST.FIGURE, a comparison, a value: a duration for figures in ms, a share such as 99% or a number for figures without
// unit, else a number with or without the figure's unit. The error says what is wrong, what is allowed, and a near
// miss.
Expected<FigureBound> parse_bound(std::string_view text, const std::vector<TestDeclaration>& tests);

// The list; each that cannot be read is reported in place.
std::vector<FigureBound> read_bounds(const yaml::Reader& reader, const Catalogue& catalogue);
// Reports bounds on tests that are not among `names`, those which the scenario runs.
void check_bounds(const yaml::Reader& reader, const Catalogue& catalogue, const std::vector<std::string>& names);

}  // namespace cats::scenarios
