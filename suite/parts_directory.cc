#include "suite/parts_directory.h"

#include <fcntl.h>
#include <sys/file.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "suite/merge_parts.h"
#include "suite/part.h"

namespace cats::suite {
namespace {

namespace fs = std::filesystem;

constexpr const char* kName = "parts";
constexpr const char* kMerged = "parts.merged";  // on its way out
constexpr const char* kBegun = "begun.json";

nlohmann::json read_begun(const fs::path& file) {
  if (!fs::exists(file)) return nlohmann::json::object();
  return nlohmann::json::parse(read_file(file));
}

}  // namespace

bool PartsDirectory::completed(const fs::path& run_directory) {
  if (fs::exists(run_directory / kName) || !fs::exists(run_directory / "events/runner.jsonl")) return false;
  fs::remove_all(run_directory / kMerged);
  return true;
}

PartsDirectory::PartsDirectory(const fs::path& run_directory, Run run, const std::string& by, Instant begins)
    : path_(run_directory / kName), begins_(begins) {
  fs::create_directories(path_);
  lock();
  if (run == Run::simulated) cut_back(run_directory, {});
  const nlohmann::json files = sizes_of(run_directory);
  const nlohmann::json begun = read_begun(path_ / kBegun);
  const bool same = begun.contains("begins_ns") && begun.at("by") == by && begun.at("files") == files;
  for (const auto& entry : fs::directory_iterator(path_)) {
    const bool complete = entry.is_directory() && entry.path().extension() != kBegunExtension;
    if (!entry.is_directory() || (same && complete)) continue;
    fs::remove_all(entry.path());
    dropped_ += complete ? 1 : 0;
  }
  if (same) {
    begins_ = from_ns(begun.at("begins_ns").get<std::int64_t>());
    return;
  }
  write_file(path_ / kBegun, nlohmann::json{{"begins_ns", to_ns(begins)}, {"by", by}, {"files", files}}.dump() + "\n");
}

void PartsDirectory::lock() {
  lock_ = Fd(check(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open {}", path_.string()));
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) == 0) return;
  if (errno != EWOULDBLOCK) throw SystemError(errno, "lock " + path_.string());
  throw UsageError(fmt::format("{}: another catsbench is at work on this run: wait until it ends, or end it",
                               path_.parent_path().string()));
}

void PartsDirectory::remove() {
  // At one moment: half of the parts would be a run that was broken off.
  const fs::path merged = path_.parent_path() / kMerged;
  fs::remove_all(merged);
  fs::rename(path_, merged);
  fs::remove_all(merged);
}

}  // namespace cats::suite
