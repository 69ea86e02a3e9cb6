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
  bool needs_replies = false;      // it reads replies or requests in flight: the emulator refuses it
  bool needs_flow_counts = false;  // it reads the flow table's counts: a controller cannot run it
  bool equal_weights = false;      // of those above 0: FRR can carry it out
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

// Of suite::all_tests(), which stands above this folder: a range of pointers to name(), title(), parameters() and
// figures().
template <class Tests>
std::vector<TestDeclaration> declared_tests(const Tests& tests) {
  std::vector<TestDeclaration> declared;
  for (const auto* test : tests) {
    TestDeclaration& entry = declared.emplace_back();
    entry.name = test->name();
    entry.help = test->title();
    entry.figures = test->figures();
    for (const auto& p : test->parameters())
      entry.parameters.push_back({p.name, p.unit, p.value, p.quick, p.lo, p.hi, p.help});
  }
  return declared;
}

// Every parameter with unit, default, range and help: for `--help` and the documentation.
std::string describe(const Catalogue& catalogue);

}  // namespace cats::scenarios
