#include "load/trace.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "base/file.h"
#include "tests/support/temporary_directory.h"

namespace cats::load {
namespace {

using namespace std::chrono_literals;

class Traces : public testing::Test {
 protected:
  std::filesystem::path file(const std::string& text) {
    write_file(directory_ / "trace.csv", text);
    return directory_ / "trace.csv";
  }
  // Without the directory's name.
  std::string error(const std::string& text) {
    const auto trace = read_trace(file(text));
    return trace ? "" : told(trace.error().message);
  }
  std::string told(std::string message) {
    const std::string where = directory_.path().string() + "/";
    for (auto at = message.find(where); at != std::string::npos; at = message.find(where))
      message.erase(at, where.size());
    return message;
  }

 private:
  support::TemporaryDirectory directory_;
};

TEST_F(Traces, AreTimesAlone) {
  const auto trace = read_trace(file("# seconds\n0\n0.5\r\n\n 1.25e0 \n1.25\n"));
  ASSERT_TRUE(trace) << trace.error().message;
  EXPECT_EQ(*trace->times, (std::vector<Duration>{0s, 500ms, 1250ms, 1250ms}));
  EXPECT_EQ(trace->values, nullptr);
}

TEST_F(Traces, OrTimesAndValues) {
  const auto trace = read_trace(file("0,10\n0.000000001 , 2.5\n"));
  ASSERT_TRUE(trace) << trace.error().message;
  EXPECT_EQ(*trace->times, (std::vector<Duration>{0ns, 1ns}));
  EXPECT_EQ(*trace->values, (std::vector<double>{10, 2.5}));
}

TEST_F(Traces, TellEverythingThatIsWrong) {
  EXPECT_EQ(error("1\nx\n0.5\n2,3\n-1\n"),
            "trace.csv:2:1: \"x\" is not a number of 0 or more\n"
            "trace.csv:3:1: 0.5 s is before the line above it\n"
            "trace.csv:4:1: has a value, lines before it have none\n"
            "trace.csv:5:1: \"-1\" is not a number of 0 or more");
  EXPECT_EQ(error("1,2\n3\n4,5,6\n7,\n"),
            "trace.csv:2:1: has no value\n"
            "trace.csv:3:1: has more than a time and a value\n"
            "trace.csv:4:3: \"\" is not a number of 0 or more");
  EXPECT_EQ(error("nan\ninf\n1e301\n"),
            "trace.csv:1:1: \"nan\" is not a number of 0 or more\n"
            "trace.csv:2:1: \"inf\" is not a number of 0 or more\n"
            "trace.csv:3:1: \"1e301\" is not a number of 0 or more");
}

TEST_F(Traces, TellTheFirstTenProblems) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "x\n";
  const std::string message = error(text);
  EXPECT_EQ(std::count(message.begin(), message.end(), '\n'), 9);
}

TEST_F(Traces, NameAFileThatIsNotThere) {
  EXPECT_EQ(read_trace("/nonexistent/trace.csv").error().message,
            "open /nonexistent/trace.csv: no such file, or it may not be read");
}

TEST_F(Traces, ValuesStandAlone) {
  const auto values = read_values(file("# octets\n1\n0\n3e3\n"));
  ASSERT_TRUE(values) << values.error().message;
  EXPECT_EQ(**values, (std::vector<double>{1, 0, 3000}));
  EXPECT_EQ(told(read_values(file("1,2\n")).error().message), "trace.csv:1:1: has more than one value");
  EXPECT_EQ(told(read_values(file("# nothing\n")).error().message), "trace.csv: no values");
}

}  // namespace
}  // namespace cats::load
