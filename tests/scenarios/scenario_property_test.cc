// Whatever the text: no crash, and every line of the error names the file.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/file.h"
#include "tests/scenarios/catalogue.h"

namespace cats::scenarios {
namespace {

void every_line_names_the_file(const std::string& text) {
  static const Catalogue all = catalogue();
  const auto scenario = parse_scenario(text, "random.yaml", all);
  if (scenario) return;
  std::size_t start = 0;
  RC_ASSERT(!scenario.error().message.empty());
  while (start < scenario.error().message.size()) {
    RC_ASSERT(scenario.error().message.compare(start, 11, "random.yaml") == 0);
    start = std::min(scenario.error().message.find('\n', start), scenario.error().message.size() - 1) + 1;
  }
}

RC_GTEST_PROP(Loader, RandomBytes, ()) { every_line_names_the_file(*rc::gen::arbitrary<std::string>()); }

RC_GTEST_PROP(Loader, TheShippedFileWithSomeBytesChanged, ()) {
  std::string text = read_file(CATS_SOURCE_DIR "/scenarios/distributed.yaml");
  const auto changes = *rc::gen::container<std::vector<std::pair<std::size_t, char>>>(
      4, rc::gen::pair(rc::gen::inRange<std::size_t>(0, text.size()),
                       rc::gen::elementOf(std::string("\n :{}[],-&*!%\"'#|>?0aZ\x00\xff", 24))));
  for (const auto& [at, c] : changes) text[at] = c;
  every_line_names_the_file(text);
}

RC_GTEST_PROP(Loader, TheShippedFileWithALineGone, ()) {
  std::string text = read_file(CATS_SOURCE_DIR "/scenarios/distributed.yaml");
  const std::size_t at = *rc::gen::inRange<std::size_t>(0, text.size());
  const std::size_t start = text.rfind('\n', at) == std::string::npos ? 0 : text.rfind('\n', at) + 1;
  text.erase(start, text.find('\n', start) - start);
  every_line_names_the_file(text);
}

}  // namespace
}  // namespace cats::scenarios
