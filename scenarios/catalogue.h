// What a scenario may name: algorithms, tests, faults, each with its declared parameters.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.h"
#include "scenarios/parameters.h"

namespace cats::scenarios {

struct Scenario;
struct TestRequest;

struct AlgorithmDeclaration {
  std::string name;
  std::string help;
  std::vector<Parameter> parameters;
  bool needs_replies = false;  // it reads replies or requests in flight: the emulator refuses it
  bool uses_metrics = true;
};

struct TestDeclaration {
  std::string name;
  std::string section;  // of draft-yl-bmwg-cats-02, "" for our own
  std::string help;
  std::vector<Parameter> parameters;
  bool needs_workload = false;
  // Expected wall time of one trial with its warm-up and cool-down.
  Duration (*trial_time)(const Scenario&, const TestRequest&) = nullptr;
};

// A deliberate fault: shows that a test can fail.
struct FaultDeclaration {
  std::string kind;
  std::string role;             // of `node`: "edge-server", "ingress"
  bool needs_node = true;       // else it strikes every node of that role unless one is named
  bool needs_instance = false;  // `instance` names an edge server
  std::vector<Parameter> parameters;
  std::string help;
};

struct Catalogue {
  std::vector<AlgorithmDeclaration> algorithms;
  std::vector<TestDeclaration> tests;
  std::vector<FaultDeclaration> faults;
  std::filesystem::path topologies;  // directory of the shipped topology files; empty: none
};

// The algorithms of cpsel, the tests of the draft that are there, all faults.
Catalogue standard_catalogue(std::filesystem::path topologies);

const std::vector<TestDeclaration>& declared_tests();
const std::vector<FaultDeclaration>& declared_faults();

}  // namespace cats::scenarios
