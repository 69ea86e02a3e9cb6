#include <filesystem>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "emulator/kernel/cgroup.h"
#include "tests/support/temporary_directory.h"

namespace cats::kernel {
namespace {

TEST(CgroupLayout, SeparateVersionOneHierarchies) {
  const auto layout = CgroupLayout::parse(
      "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
      "33 31 0:30 / /sys/fs/cgroup/cpuacct rw,relatime shared:3 master:1 - cgroup cgroup rw,cpuacct\n"
      "34 31 0:31 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset\n"
      "39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids\n"
      "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n");
  EXPECT_FALSE(layout.v2);
  EXPECT_EQ(layout.cpu, "/sys/fs/cgroup/cpu");
  EXPECT_EQ(layout.cpuacct, "/sys/fs/cgroup/cpuacct");
  EXPECT_EQ(layout.roots().size(), 3u);
}

TEST(CgroupLayout, JoinedVersionOneHierarchiesCountOnce) {
  const auto layout = CgroupLayout::parse("32 31 0:29 / /c/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n");
  EXPECT_EQ(layout.roots(), std::vector<std::filesystem::path>{"/c/cpu,cpuacct"});
}

TEST(CgroupLayout, VersionTwo) {
  const auto layout = CgroupLayout::parse("30 24 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n");
  EXPECT_TRUE(layout.v2);
  EXPECT_EQ(layout.roots(), std::vector<std::filesystem::path>{"/sys/fs/cgroup"});
}

TEST(CgroupLayout, WithoutACpuControllerSaysSo) {
  EXPECT_THROW(CgroupLayout::parse("39 31 0:36 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"), UsageError);
}

// The control files of version 2, on plain files: this machine's kernel has the cpu controller in version 1.
class CgroupV2 : public testing::Test {
 protected:
  CgroupV2() : layout_{true, root_.path(), root_.path(), {}} {
    for (const char* const group : {"", "catsbench", "catsbench/3f", "catsbench/3f/r1", "catsbench/3f/r1/work"}) {
      std::filesystem::create_directories(root_ / group);
      for (const char* const file :
           {"cgroup.subtree_control", "cgroup.procs", "cgroup.threads", "cgroup.type", "cpu.max", "cpu.stat"}) {
        write_file(root_ / group / file, "");
      }
    }
  }
  std::string content(const std::string& file) { return read_file(root_.path() / "catsbench/3f/r1" / file); }

  support::TemporaryDirectory root_;
  CgroupLayout layout_;
};

TEST_F(CgroupV2, QuotaUsageAndThrottling) {
  Cgroup group = Cgroup::create("catsbench/3f/r1", layout_);
  group.release();
  EXPECT_EQ(read_file(root_ / "catsbench/3f/cgroup.subtree_control"), "+cpu");
  EXPECT_EQ(content("cgroup.subtree_control"), "");  // processes live here
  group.set_quota(0.25, std::chrono::milliseconds(5));
  EXPECT_EQ(content("cpu.max"), "1250 5000");
  EXPECT_EQ(group.quota(), 0.25);
  write_file(root_ / "catsbench/3f/r1/cpu.max", "max 100000\n");
  EXPECT_EQ(group.quota(), std::nullopt);
  write_file(root_ / "catsbench/3f/r1/cpu.stat",
             "usage_usec 1500\nuser_usec 1\nnr_periods 9\nnr_throttled 4\nthrottled_usec 77\n");
  EXPECT_EQ(group.usage(), std::chrono::microseconds(1500));
  EXPECT_EQ(group.throttling().periods, 9u);
  EXPECT_EQ(group.throttling().throttled_periods, 4u);
  EXPECT_EQ(group.throttling().throttled, std::chrono::microseconds(77));
}

TEST_F(CgroupV2, ThreadsHaveAThreadedGroup) {
  Cgroup group = Cgroup::create("catsbench/3f/r1", layout_);
  group.release();
  Cgroup threads = group.create_for_threads("work");
  threads.release();
  threads.add_thread(42);
  EXPECT_EQ(content("work/cgroup.type"), "threaded");
  EXPECT_EQ(content("work/cgroup.threads"), "42");
  EXPECT_EQ(content("cgroup.subtree_control"), "+cpu");
}

}  // namespace
}  // namespace cats::kernel
