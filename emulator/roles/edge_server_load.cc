#include "emulator/roles/edge_server_load.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "emulator/roles/edge_server_work.h"

namespace cats::roles {
namespace {

constexpr Duration kPeriod = std::chrono::milliseconds(4);
// What a throttled or late thread may catch up, and what a busy service may save up: more would distort later windows.
constexpr double kMemoryPeriods = 4;

}  // namespace

BackgroundLoad::BackgroundLoad(std::function<void(pid_t)> place, std::function<Duration()> service_cpu_time)
    : place_(std::move(place)), service_cpu_time_(std::move(service_cpu_time)) {}

BackgroundLoad::~BackgroundLoad() { set(0, false); }

void BackgroundLoad::set(double cores, bool with_service) {
  for (auto& thread : threads_) thread.request_stop();
  threads_.clear();
  cores_ = cores;
  const auto threads = static_cast<unsigned>(std::ceil(cores));
  threads_ =
      start_threads(threads, place_, [this, cores, threads, with_service](const std::stop_token& stop, unsigned) {
        run(stop, cores, threads, with_service);
      });
}

void BackgroundLoad::run(const std::stop_token& stop, double cores, unsigned threads, bool with_service) {
  const double share = cores / threads;
  const double memory = kMemoryPeriods * to_seconds(kPeriod) * share;
  const auto service = [&] { return with_service ? to_seconds(service_cpu_time_()) / threads : 0.0; };
  auto clock = [] { return std::chrono::steady_clock::now(); };

  Instant last = clock();
  double used_before = to_seconds(thread_cpu_time()) + service();
  double due = 0;  // seconds of CPU time
  while (!stop.stop_requested()) {
    const Instant woken = clock();
    const double used = to_seconds(thread_cpu_time()) + service();
    due += share * to_seconds(woken - last) - (used - used_before);
    due = std::clamp(due, -memory, memory);
    last = woken;
    used_before = used;
    if (due > 0) burn(from_seconds(due));
    std::unique_lock lock(mutex_);
    wake_.wait_until(lock, stop, woken + kPeriod, [] { return false; });
  }
}

}  // namespace cats::roles
