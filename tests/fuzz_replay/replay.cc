// Runs a fuzz target's entry point over every file of a corpus, and over each file cut short at some places.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include <fmt/format.h>

#include "base/file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void run(const std::string& input, std::size_t size) {
  const std::string exact = input.substr(0, size);  // a copy, so that the sanitizer sees its end
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(exact.data()), exact.size());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: {} CORPUS_DIRECTORY\n", argv[0]);
    return 2;
  }
  std::size_t inputs = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[1])) {
    if (!entry.is_regular_file()) {
      continue;
    }
    const std::string input = cats::read_file(entry.path());
    const std::size_t step = input.size() / 64 + 1;
    for (std::size_t size = 0; size < input.size(); size += step) {
      run(input, size);
    }
    run(input, input.size());
    ++inputs;
  }
  fmt::print("{}: {} inputs\n", argv[1], inputs);
  return inputs == 0 ? 1 : 0;
}
