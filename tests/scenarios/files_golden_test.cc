// Every file of bad/ is refused with exactly the messages beside it; every file of good/ and every shipped one loads.
// CATS_UPDATE_GOLDEN=1 writes the messages anew.
#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "base/file.h"
#include "tests/scenarios/catalogue.h"
#include "tests/support/needs.h"

namespace cats::scenarios {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files(const fs::path& directory) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(directory))
    if (entry.path().extension() == ".yaml") found.push_back(entry.path());
  std::ranges::sort(found);
  return found;
}

class Files : public testing::Test {
 protected:
  // So that messages name files the same way everywhere.
  void SetUp() override { fs::current_path(CATS_SOURCE_DIR "/tests/scenarios"); }
};

TEST_F(Files, BadOnesAreRefusedWithTheirMessages) {
  const Catalogue all = catalogue();
  const auto bad = files("bad");
  ASSERT_GE(bad.size(), 15U);
  for (const auto& file : bad) {
    const auto scenario = load_scenario(file, all);
    ASSERT_FALSE(scenario) << file;
    fs::path expected = file;
    expected.replace_extension(".txt");
    if (std::getenv("CATS_UPDATE_GOLDEN") != nullptr) write_file(expected, scenario.error().message + "\n");
    EXPECT_EQ(scenario.error().message + "\n", read_file(expected)) << file;
  }
}

TEST_F(Files, GoodAndShippedOnesLoad) {
  const Catalogue all = catalogue();
  for (const char* directory : {"good", "../../scenarios", "../../scenarios/studies"})
    for (const auto& file : files(directory)) {
      const auto scenario = load_scenario(file, all);
      ASSERT_TRUE(scenario) << scenario.error().message;
      EXPECT_NE(scenario->network.has_value(), scenario->fleet.has_value()) << file;
      EXPECT_EQ(scenario->sha256, sha256(read_file(file)));
    }
}

TEST_F(Files, TheSchemaAgreesWithTheLoader) {
  CATS_NEEDS_PROGRAM("python3");
  EXPECT_EQ(std::system("/usr/bin/python3 check_schema.py ../../scenarios"), 0);
}

}  // namespace
}  // namespace cats::scenarios
