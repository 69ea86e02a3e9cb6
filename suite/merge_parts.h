// The logs and rows of a run's parts, put together in one run directory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace cats::suite {

// Files of a run directory's events/ and samples/ with their sizes: "events/r1.jsonl" → octets.
using Sizes = std::map<std::string, std::uintmax_t>;
Sizes sizes_of(const std::filesystem::path& run_directory);

// Brings events/ and samples/ back to what they were: files that `before` does not name are removed, others cut. The
// runner's log, by which people and programs see how far a run is, comes last. Throws std::system_error.
void cut_back(const std::filesystem::path& run_directory, const Sizes& before);

// Appends the parts' events and samples to those of `run_directory`, one part after the other; of rows the header once.
// Memory does not depend on their sizes. Throws UsageError on rows with another header, SystemError.
void merge_parts(const std::vector<std::filesystem::path>& parts, const std::filesystem::path& run_directory);

}  // namespace cats::suite
