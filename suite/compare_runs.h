// Two runs against each other, figure by figure (catsbench compare).
#pragma once

#include <string>
#include <vector>

#include "suite/report/comparison.h"
#include "suite/report/model.h"

namespace cats::suite {

// Why two runs should not be compared, one line each: another scenario, topology or machine (CPU, kernel,
// virtualisation, clock), quick against full. Empty: nothing speaks against it. Versions of catsbench and of the device
// under test may differ: they are what such a comparison is for.
std::vector<std::string> differences(const Report& a, const Report& b);

struct RunComparison {
  // An entry of both runs, and its figures' lines in `comparisons`.
  struct Entry {
    const TestResult* a = nullptr;  // into the reports, which must outlive this
    const TestResult* b = nullptr;
    std::size_t first = 0;
    std::size_t last = 0;
  };
  std::vector<Entry> entries;
  std::vector<Comparison> comparisons;  // a and b are "A" and "B"; Holm's adjustment within an entry
  std::vector<std::string> only_a, only_b;
};

// Entries are the same when test, mode, engine, algorithm, interval and parameters are. When the runs differ and are
// compared all the same, those left over are matched by test, mode, engine and algorithm where that names one on each
// side. Every figure of both is compared: paired where the trials have the same seeds, else by Welch.
RunComparison compare_runs(const Report& a, const Report& b);

// "lb-variance, pid, T = 200 ms": how people call an entry.
std::string title(const TestResult& entry);

}  // namespace cats::suite
