// Which algorithm chooses for a service, at an ingress or at the controller: one of the registry, or a library of the
// user's that whoever runs the C-PS knows to load.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/json_fields.h"
#include "cpsel/registry.h"

namespace cats::cpsel {

struct ChosenAlgorithm {
  std::string name;
  Parameters parameters = {};
  std::filesystem::path library = {};  // empty for those of the registry
};

// Why the registry has no such algorithm for a C-PS that sees packets only: unknown, a parameter out of range, or it
// needs replies.
std::optional<std::string> check_algorithm(const std::string& name, const Parameters& parameters);

// The members "algorithm", "parameters" and "library" (null: of the registry).
ChosenAlgorithm read_algorithm(JsonFields& fields);
nlohmann::ordered_json to_json(const ChosenAlgorithm& chosen);
// The member "parameters": an object of numbers.
Parameters read_parameters(JsonFields& fields);
// The command `algorithm` (docs/control.md) for a service, and what its "name", "parameters" and "library" choose.
nlohmann::json algorithm_command(const std::string& cs_id, const ChosenAlgorithm& chosen);
ChosenAlgorithm algorithm_argument(const nlohmann::json& request);

struct MadeAlgorithm {
  AlgorithmInfo info;
  std::unique_ptr<Algorithm> algorithm;
};

// Makes what was chosen. One that can fail later keeps choosing what it chose last then, and `on_failure` is told why,
// once. Throws UsageError when it is refused.
using AlgorithmMaker =
    std::function<MadeAlgorithm(const ChosenAlgorithm&, std::function<void(const std::string& why)> on_failure)>;

// For those of the registry, which do not fail. Throws UsageError for another.
MadeAlgorithm make_registered(const ChosenAlgorithm& chosen);

// How often it wants to be asked with new counts of flows (flow_count_reader.h); nothing: it needs none.
std::optional<Duration> refresh_interval(const ChosenAlgorithm& chosen, const AlgorithmInfo& info);

}  // namespace cats::cpsel
