#include <cerrno>
#include <condition_variable>
#include <mutex>

#include <boost/asio/executor_work_guard.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "emulator/roles/ingress_flow_writer.h"
#include "tests/support/wait_until.h"

namespace cats::roles {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using Marks = std::vector<std::uint32_t>;

// A kernel that takes as long as the test says.
struct Kernel {
  std::mutex mutex;
  std::condition_variable changed;
  bool held = false;
  bool refuses = false;
  int entered = 0;
  std::vector<Marks> writes;

  void hold(bool on) {
    const std::lock_guard lock(mutex);
    held = on;
    changed.notify_all();
  }
  int entries() {
    const std::lock_guard lock(mutex);
    return entered;
  }
};

class SlowTable final : public kernel::FlowTable {
 public:
  explicit SlowTable(Kernel& kernel) : kernel_(kernel) {}
  void set_slots(std::size_t, const Marks& marks) override {
    std::unique_lock lock(kernel_.mutex);
    ++kernel_.entered;
    kernel_.changed.wait(lock, [this] { return !kernel_.held; });
    if (kernel_.refuses) throw SystemError(ENOBUFS, "set slots");
    kernel_.writes.push_back(marks);
  }
  Marks slots(std::size_t) override { return kernel_.writes.empty() ? Marks(4, 0) : kernel_.writes.back(); }
  std::map<std::uint32_t, std::uint64_t> flows(std::size_t) override {
    if (kernel_.refuses) throw SystemError(ENOBUFS, "count flows");
    return {{1, 3}, {2, 5}};
  }
  std::size_t slot_count() const override { return 4; }

 private:
  Kernel& kernel_;
};

class FlowWriterTest : public testing::Test {
 protected:
  void run_until(const std::function<bool()>& done) {
    const Instant deadline = MonotonicClock().now() + 5s;
    while (!done() && MonotonicClock().now() < deadline) io_.run_for(1ms);
    EXPECT_TRUE(done());
  }

  Kernel kernel_;
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{io_.get_executor()};
  std::vector<std::pair<std::uint64_t, std::size_t>> installed_;  // decision, slots changed
  FlowWriter writer_{io_, std::make_unique<SlowTable>(kernel_), 2,
                     [this](const FlowWrite& write) { installed_.emplace_back(write.decision, write.changed); }};
};

TEST_F(FlowWriterTest, ReportsWhatChanged) {
  writer_.submit(0, 1, {1, 1, 2, 2});
  run_until([&] { return installed_.size() == 1; });
  writer_.submit(0, 2, {1, 1, 2, 1});
  run_until([&] { return installed_.size() == 2; });
  writer_.submit(0, 3, {1, 1, 2, 1});
  run_until([&] { return installed_.size() == 3; });
  EXPECT_THAT(installed_, ElementsAre(std::pair(1, 4), std::pair(2, 1), std::pair(3, 0)));
  EXPECT_EQ(kernel_.writes.size(), 2u);  // nothing changed, nothing sent
}

TEST_F(FlowWriterTest, OnlyTheNewestOfWhatWaitsIsWritten) {
  std::vector<int> in_force;
  kernel_.hold(true);
  writer_.submit(0, 1, {1, 1, 1, 1}, [&] { in_force.push_back(1); });
  ASSERT_TRUE(support::wait_for(2s, [&] { return kernel_.entries() == 1; }));
  writer_.submit(0, 2, {2, 2, 2, 2}, [&] { in_force.push_back(2); });
  writer_.submit(1, 3, {257, 257, 257, 257}, [&] { in_force.push_back(3); });
  writer_.submit(0, 4, {3, 3, 3, 3}, [&] { in_force.push_back(4); });
  EXPECT_TRUE(in_force.empty());
  kernel_.hold(false);
  run_until([&] { return in_force.size() == 4; });
  EXPECT_THAT(in_force, ElementsAre(1, 2, 4, 3));
  EXPECT_THAT(installed_, ElementsAre(std::pair(1, 4), std::pair(4, 4), std::pair(3, 4)));
}

TEST_F(FlowWriterTest, AKernelThatRefusesEndsTheAgent) {
  kernel_.refuses = true;
  writer_.submit(0, 1, {1, 1, 1, 1});
  EXPECT_THROW(io_.run_for(5s), SystemError);
  EXPECT_TRUE(installed_.empty());
}

TEST_F(FlowWriterTest, ReadsBackWhatTheKernelHas) {
  Marks read;
  writer_.submit(0, 1, {1, 2, 1, 2});
  writer_.read_back(0, [&](std::exception_ptr error, Marks marks) {
    EXPECT_EQ(error, nullptr);
    read = std::move(marks);
  });
  run_until([&] { return !read.empty(); });
  EXPECT_THAT(read, ElementsAre(1, 2, 1, 2));
}

TEST_F(FlowWriterTest, CountsFlowsBetweenWrites) {
  std::map<std::uint32_t, std::uint64_t> counts;
  bool failed = false;
  writer_.read_flows(0, [&](std::exception_ptr, auto flows) { counts = std::move(flows); });
  run_until([&] { return !counts.empty(); });
  EXPECT_EQ(counts, (std::map<std::uint32_t, std::uint64_t>{{1, 3}, {2, 5}}));
  kernel_.refuses = true;
  writer_.read_flows(0, [&](std::exception_ptr error, auto) { failed = error != nullptr; });
  run_until([&] { return failed; });
  EXPECT_TRUE(failed);
}

}  // namespace
}  // namespace cats::roles
