#include "suite/part_pool.h"

#include <algorithm>
#include <cstdlib>
#include <sched.h>
#include <unistd.h>
#include <utility>

#include "base/error.h"
#include "base/interrupt.h"

namespace cats::suite {

unsigned default_threads() {
  const long online = std::max(::sysconf(_SC_NPROCESSORS_ONLN), 1L);
  cpu_set_t mine;
  CPU_ZERO(&mine);
  const long allowed = ::sched_getaffinity(0, sizeof mine, &mine) == 0 ? CPU_COUNT(&mine) : online;
  const char* const beside = std::getenv("OMPI_COMM_WORLD_LOCAL_SIZE");
  const long processes = beside == nullptr ? 1 : std::max(std::strtol(beside, nullptr, 10), 1L);
  return static_cast<unsigned>(std::clamp(online / processes, 1L, std::max(allowed, 1L)));
}

PartPool::PartPool(unsigned threads, std::function<void(const PlannedPart&)> take) : take_(std::move(take)) {
  for (unsigned i = 0; i < std::max(threads, 1U); ++i) {
    Worker& worker = *threads_.emplace_back(std::make_unique<Worker>());
    worker.thread = std::thread([this, &worker] { work(worker); });
  }
}

PartPool::~PartPool() {
  {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    waiting_.clear();
    for (const auto& worker : threads_) worker->stop = true;
  }
  wanted_.notify_all();
  for (const auto& worker : threads_) worker->thread.join();
}

void PartPool::begin(PlannedPart part) {
  ++busy_;
  {
    const std::scoped_lock lock(mutex_);
    waiting_.push_back(std::move(part));
  }
  wanted_.notify_one();
}

void PartPool::give_up_after(std::size_t number) {
  const std::scoped_lock lock(mutex_);
  for (const auto& worker : threads_)
    if (worker->part && worker->part->number > number) worker->stop = true;
  std::erase_if(waiting_, [&](const PlannedPart& part) {
    if (part.number <= number) return false;
    done_.push_back({part.number, std::make_exception_ptr(Interrupted())});
    return true;
  });
}

std::optional<PartPool::Ended> PartPool::ended(Duration within) {
  std::unique_lock lock(mutex_);
  if (!ended_.wait_for(lock, within, [&] { return !done_.empty(); })) return std::nullopt;
  Ended ended = std::move(done_.front());
  done_.pop_front();
  --busy_;
  return ended;
}

void PartPool::work(Worker& worker) {
  const StopsThread stops(worker.stop);
  std::unique_lock lock(mutex_);
  while (true) {
    wanted_.wait(lock, [&] { return closed_ || !waiting_.empty(); });
    if (closed_) return;
    worker.stop = false;
    worker.part = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    std::exception_ptr error;
    try {
      take_(*worker.part);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    done_.push_back({worker.part->number, std::move(error)});
    worker.part.reset();
    ended_.notify_all();
  }
}

}  // namespace cats::suite
