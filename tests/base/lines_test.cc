#include "base/lines.h"

#include <charconv>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "tests/support/temporary_directory.h"

namespace cats {
namespace {

std::int64_t leading_number(const Lines& line) {
  std::int64_t number = 0;
  const char* end = line.text.data() + line.text.size();
  if (std::from_chars(line.text.data(), end, number).ec != std::errc()) throw UsageError(line.where(0) + ": no time");
  return number;
}

class LinesOfAFile : public testing::Test {
 protected:
  void put(const std::string& text) const { write_file(path_, text); }
  std::string between(std::int64_t from, std::int64_t to) const {
    return read_lines(path_, {from, to}, leading_number).text;
  }

  support::TemporaryDirectory directory_;
  std::filesystem::path path_ = directory_ / "log";
};

TEST_F(LinesOfAFile, AllOfThemWithoutATornOne) {
  put("1\n2\n3");
  EXPECT_EQ(read_lines(path_).text, "1\n2\n");
  EXPECT_EQ(read_first_line(path_).text, "1\n");
  put("");
  EXPECT_EQ(read_lines(path_).text, "");
  EXPECT_EQ(read_first_line(path_).text, "");
  put("torn");
  EXPECT_EQ(read_lines(path_).text, "");
  EXPECT_EQ(between(0, 5), "");
}

TEST_F(LinesOfAFile, AFileThatIsNotThereIsNamed) { EXPECT_THROW(read_lines(directory_ / "none"), SystemError); }

// Lines of many lengths, shorter and longer than what is read at once, each place that a period may begin or end at.
TEST_F(LinesOfAFile, OfEveryPeriodJustItsOwn) {
  const std::vector<std::size_t> lengths{0, 9000, 1, 3, 0, 20000, 5, 5, 5, 4096, 4095, 4094, 0, 0};
  std::string text;
  std::vector<std::size_t> begins;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    begins.push_back(text.size());
    text += std::to_string(10 * (i + 1)) + std::string(lengths[i], '.') + "\n";
  }
  begins.push_back(text.size());
  put(text + "150 torn");
  for (std::size_t from = 0; from <= lengths.size(); ++from)
    for (std::size_t to = from; to <= lengths.size(); ++to)
      for (const std::int64_t early : {0, 5}) {
        const auto at = [&](std::size_t i) { return static_cast<std::int64_t>(10 * (i + 1)) - early; };
        const Lines lines = read_lines(path_, {at(from), at(to)}, leading_number);
        ASSERT_EQ(lines.text, text.substr(begins[from], begins[to] - begins[from])) << from << " to " << to;
        if (from < to) {
          ASSERT_EQ(lines.where(0), path_.string() + ":" + std::to_string(from + 1));
        }
      }
}

// Within a period lines may stand in any order.
TEST_F(LinesOfAFile, OrderCountsAtThePeriodsEndsAlone) {
  put("3\n1\n2\n12\n11\n13\n25\n21\n");
  EXPECT_EQ(between(0, 10), "3\n1\n2\n");
  EXPECT_EQ(between(10, 20), "12\n11\n13\n");
  EXPECT_EQ(between(20, 30), "25\n21\n");
  EXPECT_EQ(between(13, 13), "");
}

TEST_F(LinesOfAFile, BeginBehindAHeader) {
  put("time\n1\n2\n3\n");
  EXPECT_EQ(read_lines(path_, {2, 3}, leading_number, 5).text, "2\n");
  EXPECT_EQ(read_lines(path_, {}, leading_number, 5).text, "1\n2\n3\n");
}

TEST_F(LinesOfAFile, ALineWithoutATimeIsNamed) {
  put("1\n2\nx\n4\n5\n");
  try {
    between(3, 4);
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_EQ(error.what(), path_.string() + ":3: no time");
  }
}

}  // namespace
}  // namespace cats
