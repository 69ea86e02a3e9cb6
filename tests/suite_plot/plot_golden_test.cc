// Reports in, pictures out. CATS_UPDATE_GOLDEN=1 writes what is expected anew.
#include <cstdlib>

#include <gtest/gtest.h>

#include "base/file.h"
#include "suite/plot/plot.h"
#include "tests/suite_plot/fake_study.h"

namespace cats::suite::plot {
namespace {

void expect_picture(const Report& report, const Options& options, const std::string& name) {
  const auto plot = plot_of(report, options);
  ASSERT_TRUE(plot) << plot.error().message;
  const std::string file = CATS_SOURCE_DIR "/tests/suite_plot/golden/" + name + ".svg";
  const std::string picture = draw(plot->chart);
  if (std::getenv("CATS_UPDATE_GOLDEN") != nullptr) write_file(file, picture);
  EXPECT_EQ(picture, read_file(file));
  EXPECT_EQ(picture, draw(plot->chart));
}

TEST(Pictures, OfNumbersInTwoPanels) {
  expect_picture(fake_staleness(), {.figures = {"var", "latency_ms"}}, "numbers");
}

TEST(Pictures, OnLogarithmicScales) { expect_picture(fake_staleness(), {.logarithmic_y = true}, "logarithmic"); }

TEST(Pictures, OfWords) { expect_picture(fake_algorithms(), {}, "words"); }

TEST(Pictures, OfMoreLinesThanColours) {
  Report report = fake_run("many");
  for (int line = 0; line < 18; ++line)
    for (const char* load : {"10%", "20%", "40%"})
      add_entry(report, {{"load", load}, {"algorithm", "algorithm-" + std::to_string(line)}},
                {{"var", fake_figure(line + std::stod(load) / 10, 0.2)}});
  expect_picture(report, {}, "many");
}

}  // namespace
}  // namespace cats::suite::plot
