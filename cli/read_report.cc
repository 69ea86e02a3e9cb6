#include "cli/read_report.h"

#include <filesystem>

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "suite/report/json.h"

namespace cats::cli {

suite::Report read_report(const std::string& run) {
  namespace fs = std::filesystem;
  const fs::path file = fs::is_directory(run) ? fs::path(run) / "report.json" : fs::path(run);
  if (!fs::is_regular_file(file)) throw UsageError(fmt::format("{} is no run directory: it has no report.json", run));
  auto report = suite::parse_report(read_file(file));
  if (!report) throw UsageError(fmt::format("{}: {}", file.string(), report.error().message));
  return *std::move(report);
}

}  // namespace cats::cli
