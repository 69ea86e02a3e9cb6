#include <filesystem>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "emulator/kernel/cgroup.h"
#include "emulator/kernel/process.h"
#include "tests/support/needs.h"
#include "tests/support/wait_until.h"

namespace cats::kernel {
namespace {

std::string own_name(const std::string& node) { return fmt::format("catsbench/t{}/{}", ::getpid(), node); }

bool exists(const std::string& name) {
  for (const auto& root : CgroupLayout::of_this_machine().roots()) {
    if (std::filesystem::exists(root / name)) {
      return true;
    }
  }
  return false;
}

TEST(CgroupNetns, QuotaHoldsByTheGroupsOwnAccount) {
  CATS_NEEDS_ROOT();
  Cgroup group = Cgroup::create(own_name("hog"));
  group.set_quota(0.2, std::chrono::milliseconds(10));
  EXPECT_DOUBLE_EQ(group.quota().value(), 0.2);
  const Process hog = spawn({.argv = {"sh", "-c", "while :; do :; done"}, .cgroups = {&group}});
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const Instant start = MonotonicClock().now();
  const Duration before = group.usage();
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  const Duration used = group.usage() - before;
  const double share = to_seconds(used) / to_seconds(MonotonicClock().now() - start);
  // A busy machine may give less than the quota, never more.
  EXPECT_LT(share, 0.23);
  EXPECT_GT(share, 0.05);
  EXPECT_GT(group.throttling().throttled_periods, 0u);
  group.clear_quota();
  EXPECT_EQ(group.quota(), std::nullopt);
}

// One thread waits, the other spins. Version 2 takes threads of processes in the group alone, which is where agents
// live.
TEST(CgroupNetns, ThreadsOfOneProcessCanBeLimitedApart) {
  CATS_NEEDS_ROOT();
  CATS_NEEDS_PROGRAM("python3");
  constexpr const char* two_threads =
      "import threading\n"
      "def spin():\n"
      "  while True: pass\n"
      "threading.Thread(target=spin).start()\n"
      "threading.Event().wait()\n";
  Cgroup node = Cgroup::create(own_name("node"));
  Cgroup work = node.create_for_threads("work");
  work.set_quota(0.1);
  const Process process = spawn({.argv = {"/usr/bin/python3", "-c", two_threads}, .cgroups = {&node}});
  const auto spinner = [&]() -> pid_t {
    for (const auto& task : std::filesystem::directory_iterator(fmt::format("/proc/{}/task", process.pid())))
      if (const pid_t tid = std::stoi(task.path().filename()); tid != process.pid()) return tid;
    return 0;
  };
  ASSERT_TRUE(support::wait_for(std::chrono::seconds(5), [&] { return spinner() != 0; }));
  work.add_thread(spinner());
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  const Duration used = work.usage();
  EXPECT_GT(used, std::chrono::milliseconds(5));
  EXPECT_LT(used, std::chrono::milliseconds(90));
  EXPECT_GT(work.throttling().throttled_periods, 0u);
  EXPECT_EQ(node.members(), std::vector<pid_t>{process.pid()});
}

TEST(CgroupNetns, KillingMembersAndRemovingLeavesNothing) {
  CATS_NEEDS_ROOT();
  Cgroup group = Cgroup::create(own_name("kill"));
  // A shell that keeps starting children.
  Process shell = spawn({.argv = {"sh", "-c", "while :; do sleep 5 & sleep 0.01; done"}, .cgroups = {&group}});
  ASSERT_TRUE(support::wait_for(std::chrono::seconds(5), [&] { return group.members().size() > 3; }));
  group.kill_members();
  EXPECT_TRUE(group.members().empty());
  EXPECT_EQ(shell.wait().signal, SIGKILL);
  group.remove();
  EXPECT_FALSE(exists(own_name("kill")));
  EXPECT_FALSE(exists(fmt::format("catsbench/t{}", ::getpid())));
}

TEST(CgroupNetns, ErrorsNameTheGroup) {
  CATS_NEEDS_ROOT();
  try {
    Cgroup::open("catsbench/nothing/here");
    FAIL() << "opened";
  } catch (const SystemError& error) {
    EXPECT_NE(std::string(error.what()).find("catsbench/nothing/here: No such file"), std::string::npos);
  }
}

}  // namespace
}  // namespace cats::kernel
