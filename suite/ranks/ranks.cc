#include "suite/ranks/ranks.h"

#include <chrono>
#include <cstdlib>
#include <dlfcn.h>
#include <filesystem>
#include <thread>

#include "base/error.h"
#include "base/interrupt.h"

namespace cats::suite {
namespace {

namespace fs = std::filesystem;

constexpr const char* kModule = "catsbench_mpi.so";
constexpr const char* kOpen = "catsbench_open_ranks";
constexpr auto kLook = std::chrono::microseconds(200);

[[noreturn]] void refuse(const std::string& why) {
  throw UsageError(
      fmt::format("mpirun started {} processes, and {}: install libopenmpi-dev and openmpi-bin, and build catsbench "
                  "again; or start it without mpirun, and it uses the cores of this machine",
                  processes_of_job(), why));
}

}  // namespace

int processes_of_job() {
  const char* const size = std::getenv("OMPI_COMM_WORLD_SIZE");
  return size == nullptr ? 1 : static_cast<int>(std::strtol(size, nullptr, 10));
}

std::unique_ptr<Ranks> ranks_of_job() {
  if (processes_of_job() <= 1) return nullptr;
  const fs::path module = fs::read_symlink("/proc/self/exe").parent_path() / kModule;
  if (!fs::exists(module))
    refuse(fmt::format("catsbench was built without Open MPI ({} is not there)", module.string()));
  // What Open MPI loads later looks for its symbols among the global ones.
  void* const loaded = ::dlopen(module.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (loaded == nullptr) refuse(fmt::format("its module for Open MPI cannot be loaded ({})", ::dlerror()));
  const auto open = reinterpret_cast<Ranks* (*)()>(::dlsym(loaded, kOpen));
  if (open == nullptr) refuse(fmt::format("{} is of another catsbench (no {})", module.string(), kOpen));
  return std::unique_ptr<Ranks>(open());
}

Ranks::Message receive(Ranks& ranks) {
  while (true) {
    if (auto message = ranks.poll()) return *std::move(message);
    throw_if_interrupted();
    std::this_thread::sleep_for(kLook);
  }
}

}  // namespace cats::suite
