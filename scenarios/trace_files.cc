#include "scenarios/trace_files.h"

#include <algorithm>
#include <sstream>

#include "base/file.h"
#include "load/patterns.h"

namespace cats::scenarios {
namespace {

namespace fs = std::filesystem;

void complain_of_each_line(const yaml::Reader& reader, const std::string& problems) {
  std::istringstream lines(problems);
  for (std::string line; std::getline(lines, line);) reader.complain(line);
}

}  // namespace

TraceFiles TraceFiles::beside(const fs::path& scenario) {
  TraceFiles files;
  files.looks_ = true;
  files.directory_ = scenario.parent_path();
  return files;
}

TraceFiles TraceFiles::copied(const fs::path& run_directory) {
  TraceFiles files;
  files.looks_ = files.copies_alone_ = true;
  files.directory_ = run_directory;
  return files;
}

std::optional<fs::path> TraceFiles::find(const yaml::Reader& reader, std::vector<Trace>& used) const {
  const std::string name = reader.string();
  if (!looks_ || name.empty()) return std::nullopt;
  const fs::path copy = directory_ / load::in_run_directory(name);
  const fs::path beside = directory_ / name;
  std::error_code ignored;
  const fs::path file =
      copies_alone_ || (!fs::is_regular_file(beside, ignored) && fs::is_regular_file(copy, ignored)) ? copy : beside;
  if (!fs::is_regular_file(file, ignored)) {
    reader.complain(fmt::format("\"{}\": there is no file {}", name, file.string()));
    return std::nullopt;
  }
  if (std::ranges::find(used, name, &Trace::name) == used.end()) used.push_back({name, file, sha256(read_file(file))});
  return file;
}

std::shared_ptr<const std::vector<Duration>> TraceFiles::times(const yaml::Reader& name, std::vector<Trace>& used) {
  const auto file = find(name, used);
  if (!file) return nullptr;
  auto known = times_.find(*file);
  if (known == times_.end()) known = times_.emplace(*file, load::read_trace(*file)).first;
  const Expected<load::Trace>& trace = known->second;
  if (!trace) {
    complain_of_each_line(name, trace.error().message);
    return nullptr;
  }
  if (trace->times->empty()) name.complain(fmt::format("{}: no times", file->string()));
  if (trace->values != nullptr)
    name.complain(
        fmt::format("{} has values beside its times, which arrivals do not read: take them out", file->string()));
  return trace->times->empty() ? nullptr : trace->times;
}

std::shared_ptr<const std::vector<double>> TraceFiles::values(const yaml::Reader& name, std::vector<Trace>& used) {
  const auto file = find(name, used);
  if (!file) return nullptr;
  auto known = values_.find(*file);
  if (known == values_.end()) known = values_.emplace(*file, load::read_values(*file)).first;
  if (known->second) return *known->second;
  complain_of_each_line(name, known->second.error().message);
  return nullptr;
}

}  // namespace cats::scenarios
