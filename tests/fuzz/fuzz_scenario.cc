// A scenario file: nothing crashes, and every line of an error names the file.
#include <string>
#include <string_view>

#include "scenarios/scenario.h"
#include "tests/fuzz/expect.h"

using namespace cats::scenarios;
using cats::fuzz::expect;

namespace {

Catalogue catalogue() {
  return {declared_algorithms(),
          {{"collection",
            "",
            {{"settle_s", "s", 1.5, 1, 0.5, 60, ""}, {"tolerance_points", "points", 3, 3, 0, 100, ""}},
            {}},
           {"metric-distribution", "", {{"tolerance_share", "share", 0.05, 0.05, 0, 1, ""}}, {}},
           {"session-continuity",
            "",
            {{"load", "share", 0.8, 0.8, 0.05, 8, ""}, {"poll_ms", "ms", 100, 100, 10, 1000, ""}},
            {}}},
          declared_faults(),
          ""};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Catalogue all = catalogue();
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes as text
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto scenario = parse_scenario(text, "f.yaml", all);
  if (scenario) {
    expect(!scenario->tests.empty() && !scenario->metrics.declared.empty(), "what loads can run");
    expect(!quick(*scenario, all).warnings.empty(), "a quick run says so");
    return 0;
  }
  const std::string& message = scenario.error().message;
  expect(!message.empty() && message.back() != '\n', "an error says what is wrong");
  for (std::size_t line = 0;;) {
    expect(message.compare(line, 7, "f.yaml:") == 0, "every line names the file");
    const std::size_t end = message.find('\n', line);
    if (end == std::string::npos) break;
    line = end + 1;
  }
  return 0;
}
