// A run directory, read entry by entry: however long a simulated run was, its report needs the memory of its longest
// entry.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/lines.h"
#include "suite/report/run_data.h"

namespace cats::suite {

class RunReader {
 public:
  static Expected<RunReader> open(std::filesystem::path run_directory);

  // What the runner logged, of all entries.
  const RunData& runner() const { return runner_; }

  // With all that the analysis of that entry may look at. A simulated trial has a world of its own, and needs nothing
  // of others' (event world_started); an emulated one may need whatever was emulated. Throws MeasurementError: the logs
  // cannot be read.
  RunData of(const std::string& entry);

 private:
  RunReader(std::filesystem::path run_directory, RunData runner)
      : run_directory_(std::move(run_directory)), runner_(std::move(runner)) {}

  std::vector<Period> periods_of(const std::string& entry) const;

  std::filesystem::path run_directory_;
  RunData runner_;
  // What was read last: entries of the emulator need the same.
  std::vector<Period> periods_;
  RunData data_ = runner_;
};

}  // namespace cats::suite
