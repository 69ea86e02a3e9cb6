// The traces that a workload names, read once each.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/yaml.h"
#include "load/trace.h"
#include "scenarios/scenario.h"

namespace cats::scenarios {

class TraceFiles {
 public:
  TraceFiles() = default;  // none is looked at
  // A name is that of a file beside the scenario, else of a copy in the folder `traces` there: a run directory has it.
  static TraceFiles beside(const std::filesystem::path& scenario);
  // Every name is that of a copy.
  static TraceFiles copied(const std::filesystem::path& run_directory);

  // What the file holds that `name` gives, at least one number; it is added to `used`. Null: none is looked at, or
  // something is wrong, which is reported.
  std::shared_ptr<const std::vector<Duration>> times(const yaml::Reader& name, std::vector<Trace>& used);
  std::shared_ptr<const std::vector<double>> values(const yaml::Reader& name, std::vector<Trace>& used);

 private:
  std::optional<std::filesystem::path> find(const yaml::Reader& name, std::vector<Trace>& used) const;

  bool looks_ = false;
  bool copies_alone_ = false;
  std::filesystem::path directory_;
  std::map<std::filesystem::path, Expected<load::Trace>> times_;
  std::map<std::filesystem::path, Expected<std::shared_ptr<const std::vector<double>>>> values_;
};

}  // namespace cats::scenarios
