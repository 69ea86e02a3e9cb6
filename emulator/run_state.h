// Where a run keeps its state: /run/catsbench/RUN, locked while the process that made it lives. A directory whose lock
// is free and that was not kept on purpose is what a killed run left behind.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/fd.h"
#include "emulator/kernel/leftovers.h"

namespace cats {

class RunState {
 public:
  // A new run with an id of its own. `kind` is "scenario" or "topology", `name` what people call it, `file` the
  // topology's file.
  static RunState create(const std::string& kind, const std::string& name, const std::filesystem::path& file);
  // Removes everything of the run in the kernel and under /run, unless kept.
  ~RunState();
  RunState(RunState&&) noexcept = default;
  RunState& operator=(RunState&&) = delete;

  const std::string& id() const { return id_; }
  const std::filesystem::path& directory() const { return directory_; }
  std::filesystem::path node_directory(const std::string& node) const { return directory_ / node; }

  // The network outlives this process, until `topology down` or `cleanup`.
  void keep();

 private:
  RunState(std::string id, std::filesystem::path directory, Fd lock);

  std::string id_;
  std::filesystem::path directory_;
  Fd lock_;
};

struct FoundRun {
  std::string id;
  std::string kind;
  std::string name;
  std::filesystem::path file;
  bool directory = false;  // it has one under /run/catsbench; else only remains in the kernel were found
  bool live = false;       // its process runs
  bool kept = false;       // made by `topology up`, in full

  std::string str() const;  // `scenario "distributed" (3f2a)`
};

// Every run that has a directory, a namespace or a control group.
std::vector<FoundRun> find_runs();

// Kills the run's processes, removes its namespaces, control groups and files. Never of a live run of another process.
kernel::Removed remove(const FoundRun& run);

// At the start of a run only what is surely a dead run's; asked for by name also kept networks and kernel remains
// without a directory.
enum class Scope { kDeadRuns, kEverything };
// Removes what runs left and says what through `report`. Live runs stay.
template <class Report>
std::size_t cleanup(Scope scope, Report&& report) {
  std::size_t count = 0;
  for (const auto& run : find_runs()) {
    if (run.live || (scope == Scope::kDeadRuns && (run.kept || !run.directory))) continue;
    report(run, remove(run));
    ++count;
  }
  return count;
}

}  // namespace cats
