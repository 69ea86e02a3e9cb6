// Declarations in agents' configuration files and in report.json.
#pragma once

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cpsel/metrics.h"

namespace cats::cpsel {

nlohmann::ordered_json to_json(const Normalisation& normalisation);
// {"type", "level", "unit", …}: absent fields are left out.
nlohmann::ordered_json to_json(const Declaration& declaration);
nlohmann::ordered_json to_json(const std::vector<Declaration>& declarations);

// An array of declarations. The error names every missing, unknown or ill-typed member: "metrics[2].level is …". What
// makes declarations unusable together is the matter of problems().
Expected<std::vector<Declaration>> declarations_from_json(const nlohmann::json& json);

}  // namespace cats::cpsel
