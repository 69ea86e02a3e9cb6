// What a scenario may name: algorithms, tests, faults, each with its declared parameters.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "scenarios/parameters.h"

namespace cats::scenarios {

struct AlgorithmDeclaration {
  std::string name;
  std::string help;
  std::vector<Parameter> parameters;
  bool needs_replies = false;      // it reads replies or requests in flight, which no C-PS of ours is told
  bool needs_flow_counts = false;  // it reads the flow table's counts: not where FRR steers
  bool equal_weights = false;      // of those above 0: FRR can carry it out
  bool needs_values = false;       // it reads metrics beside the load: not where sites tell one alone
};

// What a test's report says, and a bound may name. A name that ends in ".*" stands for one figure per hop, site, ….
struct FigureDeclaration {
  std::string name;
  std::string unit;  // "ms", "1", "points", "updates", …
};

struct TestDeclaration {
  std::string name;
  std::string help;
  std::vector<Parameter> parameters;
  std::vector<FigureDeclaration> figures;
  std::string emulator_only = {};  // what it measures that `engine: sim` does not have; "" when that can run it
  bool of_fleets = false;          // it measures a `fleet`, and nothing else
};

// A deliberate fault: shows that a test can fail.
struct FaultDeclaration {
  std::string kind;
  std::string role;             // of `node`: "edge-server" or "ingress"
  bool needs_instance = false;  // `instance` names an edge server
  std::vector<Parameter> parameters;
  std::string help;
  bool of_the_cps = false;  // it strikes the C-PS of an ingress: one must decide there
};

struct Catalogue {
  std::vector<AlgorithmDeclaration> algorithms;
  std::vector<TestDeclaration> tests;
  std::vector<FaultDeclaration> faults;
  std::filesystem::path topologies;  // directory of the shipped topology files; empty: none
};

// Of cpsel's registry.
std::vector<AlgorithmDeclaration> declared_algorithms();
std::vector<FaultDeclaration> declared_faults();

// Of suite::all_tests(), which stands above this folder: a range of pointers to name(), title(), parameters(),
// figures(), emulator_only() and of_fleets().
template <class Tests>
std::vector<TestDeclaration> declared_tests(const Tests& tests) {
  std::vector<TestDeclaration> declared;
  for (const auto* test : tests) {
    TestDeclaration& entry = declared.emplace_back();
    entry.name = test->name();
    entry.help = test->title();
    entry.figures = test->figures();
    entry.emulator_only = test->emulator_only();
    entry.of_fleets = test->of_fleets();
    for (const auto& p : test->parameters())
      entry.parameters.push_back({p.name, p.unit, p.value, p.quick, p.lo, p.hi, p.help});
  }
  return declared;
}

// Every parameter with unit, default, range and help: for `--help` and the documentation.
std::string describe(const Catalogue& catalogue);

}  // namespace cats::scenarios
