// Background load inside a site's quota: threads that keep a share of CPU time busy, by a duty cycle of a few
// milliseconds counted in CPU time, without looking at what any collector says.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <sys/types.h>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "load/background.h"

namespace cats::roles {

class BackgroundLoad {
 public:
  // `place` is called with the id of each thread it starts; `service_cpu_time` is what the service has used so far.
  BackgroundLoad(std::function<void(pid_t)> place, std::function<Duration()> service_cpu_time);
  ~BackgroundLoad();
  BackgroundLoad(const BackgroundLoad&) = delete;
  BackgroundLoad& operator=(const BackgroundLoad&) = delete;

  // CPU time per wall time, 0 … load::kMaxBackgroundCores; 0 ends it. `with_service`: the service's own use counts
  // towards it, so that both together use `cores` as long as the service alone uses less.
  void set(double cores, bool with_service);
  double cores() const { return cores_; }

 private:
  void run(const std::stop_token& stop, double cores, unsigned threads, bool with_service);

  std::function<void(pid_t)> place_;
  std::function<Duration()> service_cpu_time_;
  double cores_ = 0;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::vector<std::jthread> threads_;
};

}  // namespace cats::roles
