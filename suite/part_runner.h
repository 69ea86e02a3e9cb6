// All parts of a simulated run: taken by the threads of this process and, under mpirun, of the others.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "suite/ranks/ranks.h"
#include "suite/trials.h"

namespace cats::suite {

struct PartsProgress {
  std::size_t done = 0;   // trials, those that were there included
  std::size_t all = 0;    // as far as they are planned
  unsigned threads = 0;   // of all processes
  double per_second = 0;  // trials of this process' time; 0 before the first
  Duration left{};        // by the machine's clock: an estimate from the planned lengths
  std::string message;    // why an attempt does not count; else empty
};

struct PartRunOptions {
  std::filesystem::path run_directory;  // scenario, topologies, traces
  std::filesystem::path parts;          // RUN/parts; the parts in it are complete or are made anew
  std::filesystem::path catsd = {};     // the program in which libraries of the user's run
  Instant begins;                       // virtual time of the first part
  unsigned threads = 0;                 // 0: default_threads()
  Ranks* ranks = nullptr;               // the other processes, if there are any; this one is rank 0
  std::function<void(const PartsProgress&)> progress = [](const PartsProgress&) {};
};

// The directories of the run's parts in the order of the plan, which grows by whole blocks as long as adaptive trials
// need more; after a part that failed (`run_failed` in its log) nothing counts, whatever was taken first. The same for
// every number of threads and ranks. Throws Interrupted: what is complete is in the directory. Throws the UsageError or
// SystemError of the first part in the plan that could not be taken.
std::vector<std::filesystem::path> run_parts(const std::vector<PlannedTrial>& plan, const PartRunOptions& options);

}  // namespace cats::suite
