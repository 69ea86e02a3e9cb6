// The sections of a scenario file. Each reports what is wrong and returns something usable.
#pragma once

#include <vector>

#include "base/yaml.h"
#include "scenarios/scenario.h"

namespace cats::scenarios {

Attribute read_attribute(const yaml::Reader& reader);
Service read_service(const yaml::Reader& reader);
Algorithm read_algorithm(const yaml::Reader& reader, const Catalogue& catalogue);
// What the scenario's world does not tell an algorithm.
void check_algorithm(const yaml::Reader& reader, const Scenario& scenario, const Catalogue& catalogue);
std::vector<TestRequest> read_tests(const yaml::Reader& reader, const Catalogue& catalogue);
std::vector<Fault> read_faults(const yaml::Reader& reader, const Catalogue& catalogue);

// What can only be checked against the topology.
// By edge server.
std::map<std::string, std::vector<BackgroundLoad>> read_background(const yaml::Reader& reader);
void check_background(const yaml::Reader& reader, const topologies::Topology& network);
void check_service(const yaml::Reader& reader, const topologies::Topology& network);
void check_faults(const yaml::Reader& reader, const Catalogue& catalogue, const topologies::Topology& network);

// "a" or {a: {…}}: a name and what is given with it. Nothing when it is neither, which is reported.
std::optional<std::pair<std::string, std::optional<yaml::Reader>>> read_named(const yaml::Reader& reader);

// How an element of `tests` names its test; "" when that cannot be read, which was reported.
std::string test_of(const yaml::Reader& element);

}  // namespace cats::scenarios
