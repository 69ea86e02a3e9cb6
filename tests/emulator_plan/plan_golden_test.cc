// CATS_UPDATE_GOLDEN=1 writes what is expected anew.
#include <cstdlib>
#include <set>

#include <gtest/gtest.h>

#include "base/file.h"
#include "emulator/plan/plan.h"
#include "topologies/generator.h"

namespace cats::plan {
namespace {

topologies::Topology shipped(const std::string& name) {
  return topologies::load_topology(fmt::format(CATS_SOURCE_DIR "/topologies/{}.clab.yml", name)).value();
}

void expect_golden(const std::string& name, const Plan& plan) {
  const std::string file = CATS_SOURCE_DIR "/tests/emulator_plan/golden/" + name + ".txt";
  if (std::getenv("CATS_UPDATE_GOLDEN") != nullptr) write_file(file, text(plan));
  EXPECT_EQ(text(plan), read_file(file));
}

TEST(Plan, OfShippedTopologies) {
  expect_golden("three-sites", make_plan(shipped("three-sites"), {.run = "run"}));
  expect_golden("three-sites-ipv4", make_plan(shipped("three-sites-ipv4"), {.run = "run"}));
}

TEST(Plan, BareIsNamespacesLinksAndAddressesAlone) {
  const auto line = topologies::parse_topology(topologies::generate_line(3), "line").value();
  expect_golden("line-bare", make_plan(line, {.run = "run", .bare = true}));
}

// As three-sites, and beside it what a controller needs that steers by FRR.
TEST(Plan, OfAnIngressThatFrrSteers) {
  const auto topology = shipped("three-sites");
  expect_golden("three-sites-frr-vtysh", make_plan(topology, {.run = "run", .frr = FrrSouthbound{}}));
  const std::string grpc = text(make_plan(topology, {.run = "run", .frr = FrrSouthbound{"/modules/grpc.so"}}));
  EXPECT_NE(grpc.find("start staticd on r1 with -P 0 -M /modules/grpc.so:50051\n"), std::string::npos);
  EXPECT_NE(grpc.find("guard TCP ports 2601, 50051 in catsb-run-r1: only"), std::string::npos);
}

// Whatever a later operation names has been made by an earlier one.
TEST(Plan, NothingIsUsedBeforeItIsMade) {
  const auto topology = topologies::parse_topology(topologies::generate_sites(20, 5), "sites").value();
  std::set<std::string> namespaces;
  std::set<std::pair<std::string, std::string>> devices;
  const auto has = [&](const std::string& ns, const std::string& dev) {
    return namespaces.contains(ns) && (dev == "lo" || devices.contains({ns, dev}));
  };
  std::size_t operations = 0;
  for (const Stage& stage : make_plan(topology, {.run = "run"}).stages)
    for (const Operation& operation : stage.operations) {
      ++operations;
      std::visit(
          [&](const auto& o) {
            using T = std::decay_t<decltype(o)>;
            if constexpr (std::is_same_v<T, CreateNamespace>) {
              EXPECT_TRUE(namespaces.insert(o.ns).second) << o.ns;
            } else if constexpr (std::is_same_v<T, CreateLink>) {
              EXPECT_TRUE(namespaces.contains(o.a.ns) && namespaces.contains(o.b.ns));
              EXPECT_TRUE(devices.insert({o.a.ns, o.a.dev}).second && devices.insert({o.b.ns, o.b.dev}).second);
            } else if constexpr (requires { o.dev; }) {
              EXPECT_TRUE(has(o.ns, o.dev)) << text(operation);
            } else {
              EXPECT_TRUE(namespaces.contains(o.ns)) << text(operation);
            }
          },
          operation);
    }
  EXPECT_GT(operations, 500U);
}

}  // namespace
}  // namespace cats::plan
