#include "emulator/run_state.h"

#include <algorithm>
#include <csignal>
#include <fcntl.h>
#include <set>
#include <sys/file.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/random.h"

namespace cats {
namespace {

namespace fs = std::filesystem;

const fs::path kRoot = "/run/catsbench";
constexpr Duration kStartDeadline = std::chrono::seconds(5);
constexpr Duration kRetry = std::chrono::milliseconds(5);

// Held while a run is being made or looked for, so that a directory that is not locked yet is not taken for a dead one.
// The lock is on /run itself: it leaves no file behind.
Fd lock_all() {
  Fd fd(check(::open("/run", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open /run"));
  check(::flock(fd.get(), LOCK_EX), "lock /run");
  return fd;
}

Fd open_lock(const fs::path& directory) {
  return Fd(::open((directory / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
}

bool try_lock(const Fd& lock) { return ::flock(lock.get(), LOCK_EX | LOCK_NB) == 0; }

FoundRun describe(const fs::path& directory) {
  FoundRun run{.id = directory.filename(), .kind = {}, .name = {}, .file = {}, .directory = true};
  const Fd lock = open_lock(directory);
  run.live = lock && !try_lock(lock);
  run.kept = fs::exists(directory / "kept");
  pid_t maker = 0;
  try {
    const auto state = nlohmann::json::parse(read_file(directory / "state.json"), nullptr, false);
    if (state.is_object()) {
      run.kind = state.value("kind", "");
      run.name = state.value("name", "");
      run.file = state.value("file", "");
      maker = state.value("pid", 0);
    }
  } catch (const SystemError&) {
    // Killed before it could write down what it is: the id is enough to remove it.
  }
  // A child that was being started when the maker was killed shares the lock until it becomes its program.
  if (run.live && maker > 0 && ::kill(maker, 0) != 0 && errno == ESRCH) run.live = false;
  return run;
}

// Until the last child that was being started has become its program, and can be found in its group or namespace.
void wait_for_lock(const fs::path& directory) {
  if (!fs::exists(directory)) return;
  const Fd lock = open_lock(directory);
  const Instant deadline = MonotonicClock().now() + kStartDeadline;
  while (lock && !try_lock(lock)) {
    if (MonotonicClock().now() > deadline)
      throw SystemError(EBUSY,
                        fmt::format("{} is locked, though the run's process ended; `fuser {}` names who holds it",
                                    directory.string(), (directory / "lock").string()));
    std::this_thread::sleep_for(kRetry);
  }
}

kernel::Removed remove_everything(const std::string& id) {
  const auto removed = kernel::remove_run(id);
  fs::remove_all(kRoot / id);
  std::error_code not_empty;
  fs::remove(kRoot, not_empty);
  return removed;
}

}  // namespace

RunState::RunState(std::string id, fs::path directory, Fd lock)
    : id_(std::move(id)), directory_(std::move(directory)), lock_(std::move(lock)) {}

RunState RunState::create(const std::string& kind, const std::string& name, const fs::path& file) {
  const Fd all = lock_all();
  fs::create_directories(kRoot);
  RandomStream ids(static_cast<std::uint64_t>(to_ns(MonotonicClock().now())) ^ static_cast<std::uint64_t>(::getpid()),
                   "run id");
  std::string id;
  do {
    id = fmt::format("{:04x}", ids.below(0x10000));
  } while (!fs::create_directory(kRoot / id));
  const fs::path directory = kRoot / id;
  Fd lock = open_lock(directory);
  if (!lock || !try_lock(lock)) throw SystemError(errno, fmt::format("lock {}", directory.string()));
  write_file(
      directory / "state.json",
      nlohmann::json{
          {"kind", kind}, {"name", name}, {"file", fs::absolute(file)}, {"pid", ::getpid()}, {"started_utc", utc_now()}}
          .dump(2));
  return {id, directory, std::move(lock)};
}

RunState::~RunState() {
  if (!lock_) return;
  try {
    remove_everything(id_);
  } catch (const std::exception& error) {
    spdlog::error("run {} is not fully removed, `catsbench cleanup` will try again: {}", id_, error.what());
  }
}

void RunState::keep() {
  write_file(directory_ / "kept", "");
  lock_.reset();
}

std::string FoundRun::str() const {
  return kind.empty() ? fmt::format("remains of run {}", id) : fmt::format("{} \"{}\" ({})", kind, name, id);
}

std::vector<FoundRun> find_runs() {
  const Fd all = lock_all();
  std::vector<FoundRun> runs;
  std::set<std::string> known;
  if (fs::exists(kRoot))
    for (const auto& entry : fs::directory_iterator(kRoot))
      if (entry.is_directory() && known.insert(entry.path().filename()).second) runs.push_back(describe(entry.path()));
  std::set<std::string> in_kernel;
  for (const auto& ns : kernel::find_namespaces()) in_kernel.insert(ns.run);
  for (const auto& run : kernel::find_cgroup_runs()) in_kernel.insert(run);
  for (const auto& id : in_kernel)
    if (!known.contains(id)) runs.push_back({.id = id, .kind = {}, .name = {}, .file = {}});
  std::ranges::sort(runs, {}, &FoundRun::id);
  return runs;
}

kernel::Removed remove(const FoundRun& run) {
  wait_for_lock(kRoot / run.id);
  return remove_everything(run.id);
}

}  // namespace cats
