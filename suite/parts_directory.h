// RUN/parts: there while a simulated run is not complete, and what it goes on with when it was broken off.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "base/clock.h"
#include "base/fd.h"

namespace cats::suite {

class PartsDirectory {
 public:
  enum class Run { simulated, on_both_engines };

  // Whether the run directory holds a simulated run that is complete. Takes away what a process that was killed at the
  // very end has left of its parts.
  static bool completed(const std::filesystem::path& run_directory);

  // Makes the directory, or opens it and keeps the parts that are complete: when they are of the same catsbench (`by`:
  // version and commit), and the emulator has written nothing since the first was begun. Else all are made anew, in
  // times from `begins` on. Locked until it goes. What had been merged of a simulated run is taken away; of one on both
  // engines that has happened already (drop_simulated_part). Throws UsageError when another process has the directory,
  // std::system_error.
  PartsDirectory(const std::filesystem::path& run_directory, Run run, const std::string& by, Instant begins);

  const std::filesystem::path& path() const { return path_; }
  Instant begins() const { return begins_; }        // virtual time of the first part
  std::size_t dropped() const { return dropped_; }  // complete parts that could not be kept
  // The parts are merged: takes the directory away.
  void remove();

 private:
  void lock();

  std::filesystem::path path_;
  Fd lock_;
  Instant begins_;
  std::size_t dropped_ = 0;
};

}  // namespace cats::suite
