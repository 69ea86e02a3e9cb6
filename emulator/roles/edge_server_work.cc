#include "emulator/roles/edge_server_work.h"

#include <algorithm>
#include <ctime>
#include <future>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include "base/error.h"

namespace cats::roles {
namespace {

Instant steady_now() { return std::chrono::steady_clock::now(); }

Duration read_clock(clockid_t id) {
  timespec t{};
  ::clock_gettime(id, &t);
  return std::chrono::seconds(t.tv_sec) + Duration(t.tv_nsec);
}

// A few microseconds: reading a thread's clock is a system call and would be most of the work otherwise.
void spin() {
  for (int i = 0; i < 4000; ++i) asm volatile("" : : "r"(i));
}

// Of the thread that asks, which is never pinned.
cpu_set_t allowed() {
  cpu_set_t set;
  CPU_ZERO(&set);
  check(::sched_getaffinity(0, sizeof set, &set), "read the CPUs of the process");
  return set;
}

cpu_set_t only(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<std::size_t>(cpu), &set);
  return set;
}

void set_affinity(pid_t thread, const cpu_set_t& set) {
  check(::sched_setaffinity(thread, sizeof set, &set), "choose the CPUs of thread {}", thread);
}

}  // namespace

int first_cpu() {
  const cpu_set_t set = allowed();
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(static_cast<std::size_t>(cpu), &set)) return cpu;
  throw UsageError("this process may use no CPU");
}

void pin(pid_t thread, int cpu) { set_affinity(thread, only(cpu)); }

Duration thread_cpu_time() { return read_clock(CLOCK_THREAD_CPUTIME_ID); }

void burn(Duration cpu) {
  const Duration end = thread_cpu_time() + cpu;
  while (thread_cpu_time() < end) spin();
}

std::vector<std::jthread> start_threads(unsigned count, const std::function<void(pid_t)>& place,
                                        std::function<void(const std::stop_token&, unsigned)> body) {
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < count; ++i) {
    std::promise<pid_t> born;
    auto id = born.get_future();
    threads.emplace_back([born = std::move(born), body, i](const std::stop_token& stop) mutable {
      born.set_value(::gettid());
      body(stop, i);
    });
    place(id.get());
  }
  return threads;
}

Duration cpu_time_of(const std::vector<std::jthread>& threads) {
  Duration sum{};
  for (const auto& thread : threads) {
    clockid_t id{};
    if (::pthread_getcpuclockid(const_cast<std::jthread&>(thread).native_handle(), &id) == 0) sum += read_clock(id);
  }
  return sum;
}

WorkPool::WorkPool(unsigned workers, unsigned queue_limit, const std::function<void(pid_t)>& place)
    : limit_(queue_limit), running_(workers), counted_(steady_now()) {
  const auto noted = [&](pid_t thread) {
    ids_.push_back(thread);
    place(thread);
  };
  threads_ = start_threads(workers, noted, [this](const std::stop_token& stop, unsigned i) { work(stop, i); });
}

WorkPool::~WorkPool() {
  for (auto& thread : threads_) thread.request_stop();
  threads_.clear();
}

void WorkPool::pin(std::optional<int> cpu) {
  for (const pid_t thread : ids_) set_affinity(thread, cpu ? only(*cpu) : allowed());
}

bool WorkPool::submit(Instant received, Duration cpu, std::function<void(const WorkDone&)> done) {
  {
    const std::scoped_lock lock(mutex_);
    if (queue_.size() >= limit_) return false;
    count(steady_now(), +1);
    queue_.push_back({received, cpu, std::move(done)});
  }
  arrived_.notify_one();
  return true;
}

void WorkPool::work(const std::stop_token& stop, unsigned index) {
  while (true) {
    std::unique_lock lock(mutex_);
    if (!arrived_.wait(lock, stop, [this] { return !queue_.empty(); })) return;
    const Job job = std::move(queue_.front());
    queue_.pop_front();
    running_[index] = job.received;
    lock.unlock();

    const Instant began = steady_now();
    burn(job.cpu);
    const Instant ended = steady_now();
    complete(index, job.received, ended);
    job.done({began - job.received, ended - began});
  }
}

void WorkPool::complete(unsigned index, Instant received, Instant ended) {
  const Duration delay = ended - received;
  const std::scoped_lock lock(mutex_);
  count(ended, -1);
  running_[index].reset();
  ++totals_.completed;
  totals_.delay_sum += delay;
  totals_.last_delay = delay;
  totals_.delay_min = totals_.delay_max == Duration::zero() ? delay : std::min(totals_.delay_min, delay);
  totals_.delay_max = std::max(totals_.delay_max, delay);
}

void WorkPool::count(Instant at, int change) {
  const Duration passed = std::max(at - counted_, Duration::zero());
  totals_.queue_length_seconds += length_ * to_seconds(passed);
  counted_ = std::max(at, counted_);
  length_ = static_cast<unsigned>(static_cast<int>(length_) + change);
  totals_.queue_min = std::min(totals_.queue_min, length_);
  totals_.queue_max = std::max(totals_.queue_max, length_);
}

collectors::ServiceReading WorkPool::read(Instant at) {
  const std::scoped_lock lock(mutex_);
  count(at, 0);
  collectors::ServiceReading reading = totals_;
  reading.queue_length = length_;
  Instant oldest = queue_.empty() ? at : queue_.front().received;
  for (const auto& received : running_)
    if (received) oldest = std::min(oldest, *received);
  reading.oldest_age = at - oldest;
  totals_.queue_min = totals_.queue_max = length_;
  totals_.delay_min = totals_.delay_max = Duration::zero();
  return reading;
}

}  // namespace cats::roles
