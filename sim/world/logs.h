// The event logs of a simulated run, one per node (docs/event-log.md): buffered, since a process that simulates loses
// nothing that the same seed would not bring back.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/event_log.h"

namespace cats::sim {

class Logs {
 public:
  // `directory`: events/ of the run's. The clock must outlive the logs.
  Logs(std::filesystem::path directory, const Clock& clock) : directory_(std::move(directory)), clock_(clock) {}

  // Appends to <node>.jsonl, made when first asked for; it stays where it is. Throws SystemError.
  EventLog& of(const std::string& node) {
    auto found = logs_.find(node);
    if (found == logs_.end())
      found = logs_.try_emplace(node, directory_ / (node + ".jsonl"), node, clock_, EventLog::Write::buffered).first;
    return found->second;
  }

  // What is buffered goes to the files. Throws SystemError.
  void flush() {
    for (auto& [node, log] : logs_) log.flush();
  }

 private:
  std::filesystem::path directory_;
  const Clock& clock_;
  std::map<std::string, EventLog> logs_;
};

}  // namespace cats::sim
