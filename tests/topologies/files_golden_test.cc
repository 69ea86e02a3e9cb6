// Files in, text out. CATS_UPDATE_GOLDEN=1 writes what is expected anew.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include <gtest/gtest.h>

#include "base/file.h"
#include "topologies/views.h"

namespace cats::topologies {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files(const fs::path& directory) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(directory))
    if (entry.path().filename().string().ends_with(".clab.yml")) found.push_back(entry.path());
  std::ranges::sort(found);
  return found;
}

void expect_golden(const fs::path& file, const std::string& text) {
  if (std::getenv("CATS_UPDATE_GOLDEN") != nullptr) write_file(file, text);
  EXPECT_EQ(text, read_file(file)) << file;
}

class Files : public testing::Test {
 protected:
  // So that messages name files the same way everywhere.
  void SetUp() override { fs::current_path(CATS_SOURCE_DIR "/tests/topologies"); }
};

TEST_F(Files, BadOnesAreRefusedWithAllTheirMessages) {
  const auto bad = files("bad");
  ASSERT_GE(bad.size(), 13U);
  for (const auto& file : bad) {
    const auto topology = load_topology(file);
    ASSERT_FALSE(topology) << file;
    expect_golden(fs::path(file).replace_extension().replace_extension(".txt"), topology.error().str() + "\n");
  }
}

TEST_F(Files, ShippedOnesAreAllocatedPredictably) {
  for (const char* name : {"three-sites", "three-sites-ipv4", "triangle"}) {
    const auto topology = load_topology(fmt::format("../../topologies/{}.clab.yml", name));
    ASSERT_TRUE(topology) << topology.error().str();
    expect_golden(fmt::format("golden/{}.txt", name), table(*topology));
    expect_golden(fmt::format("golden/{}.json", name), json(*topology).dump(2) + "\n");
    expect_golden(fmt::format("golden/{}.svg", name), svg(*topology));
  }
}

}  // namespace
}  // namespace cats::topologies
