// What is accepted and refused here, beside containerlab's own schema where that is at hand.
#include <algorithm>
#include <filesystem>
#include <sstream>

#include <gtest/gtest.h>

#include "base/file.h"
#include "tests/support/needs.h"
#include "tests/support/process.h"
#include "tests/support/temporary_directory.h"
#include "topologies/generator.h"
#include "topologies/topology.h"

namespace cats::topologies {
namespace {

namespace fs = std::filesystem;
const fs::path kSnippets = CATS_SOURCE_DIR "/tests/topologies/schema";

std::vector<std::string> files(const fs::path& directory) {
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator(directory))
    if (entry.path().string().ends_with(".clab.yml")) found.push_back(entry.path().string());
  std::ranges::sort(found);
  return found;
}

// "FILE accepts" or "FILE refuses …", a line each.
std::vector<std::string> ask_schema(const fs::path& schema, const std::vector<std::string>& paths) {
  support::Arguments command{"/usr/bin/python3", CATS_SOURCE_DIR "/tests/topologies/check_schema.py", schema};
  command.insert(command.end(), paths.begin(), paths.end());
  const support::CommandResult result = support::run(command);
  EXPECT_EQ(result.status, 0) << result.output;
  std::vector<std::string> lines;
  std::istringstream text(result.output);
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  EXPECT_EQ(lines.size(), paths.size()) << result.output;
  return lines;
}

TEST(Schema, OurRulesAreAsExpected) {
  for (const auto& file : files(kSnippets / "both-accept")) {
    const auto topology = load_topology(file);
    EXPECT_TRUE(topology) << topology.error().str();
  }
  for (const char* refused : {"both-refuse", "only-schema-accepts"})
    for (const auto& file : files(kSnippets / refused)) EXPECT_FALSE(load_topology(file)) << file;
}

TEST(Schema, ContainerlabAgrees) {
  const fs::path schema = CATS_SOURCE_DIR "/../shared/clab.schema.json";
  if (!fs::exists(schema)) GTEST_SKIP() << "containerlab's schema is not beside the project";
  const support::TemporaryDirectory directory;
  write_file(directory / "sites.clab.yml", generate_sites(5, 3));
  write_file(directory / "line.clab.yml", generate_line(4));
  for (const fs::path& accepted : {kSnippets / "both-accept", kSnippets / "only-schema-accepts",
                                   fs::path(CATS_SOURCE_DIR "/topologies"), directory.path()})
    for (const std::string& line : ask_schema(schema, files(accepted))) EXPECT_TRUE(line.ends_with(" accepts")) << line;
  for (const std::string& line : ask_schema(schema, files(kSnippets / "both-refuse")))
    EXPECT_NE(line.find(" refuses "), std::string::npos) << line;
}

}  // namespace
}  // namespace cats::topologies
