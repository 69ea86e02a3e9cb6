#include <csignal>
#include <fstream>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "emulator/kernel/leftovers.h"
#include "emulator/kernel/process.h"
#include "tests/support/needs.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/wait_until.h"

namespace cats::kernel {
namespace {

std::string own_run() { return fmt::format("t{}", ::getpid() % 1000000); }

TEST(ProcessNetns, LandsInNamespaceCgroupAndMounts) {
  CATS_NEEDS_ROOT();
  const support::TemporaryDirectory files;
  std::filesystem::create_directories(files / "here");
  std::filesystem::create_directories(files / "there");
  write_file(files / "there/name", "bound\n");
  const Namespace ns = Namespace::create(namespace_name(own_run(), "p"));
  const Cgroup group = Cgroup::create(cgroup_name(own_run(), "p"));
  Process process =
      spawn({.argv = {"sh", "-c", "readlink /proc/self/ns/net; cat name /proc/self/cgroup; echo oops >&2; exit 7"},
             .ns = &ns,
             .cgroups = {&group},
             .stdout_file = files / "out",
             .stderr_file = files / "err",
             .working_directory = files / "here",
             .private_mounts = {{files / "there", files / "here"}}});
  const ExitStatus status = process.wait();
  EXPECT_EQ(status.code, 7);
  EXPECT_EQ(status.str(), "exit status 7");
  const std::string out = read_file(files / "out");
  EXPECT_NE(out.find(fmt::format("net:[{}]\nbound\n", ns.inode())), std::string::npos) << out;
  EXPECT_NE(out.find(":/" + cgroup_name(own_run(), "p") + "\n"), std::string::npos) << out;
  EXPECT_EQ(read_file(files / "err"), "oops\n");
  EXPECT_FALSE(std::filesystem::exists(files / "here/name"));  // the mount was the child's own
}

TEST(ProcessNetns, FailuresNameProgramAndStep) {
  CATS_NEEDS_ROOT();
  const auto message = [](const SpawnOptions& options) -> std::string {
    try {
      spawn(options);
      return "started";
    } catch (const SystemError& error) {
      return error.what();
    }
  };
  EXPECT_EQ(message({.argv = {"/nowhere/zebra"}}), "start /nowhere/zebra: execve: No such file or directory");
  EXPECT_EQ(message({.argv = {"no-such-program"}}), "start no-such-program: No such file or directory");
  EXPECT_EQ(message({.argv = {"true"}, .working_directory = "/nowhere"}),
            "start true: chdir: No such file or directory");
}

TEST(ProcessNetns, OwnerKillsAndStatusTellsHow) {
  CATS_NEEDS_ROOT();
  pid_t pid = 0;
  {
    Process sleeper = spawn({.argv = {"sleep", "100"}});
    pid = sleeper.pid();
    EXPECT_TRUE(sleeper.running());
    EXPECT_EQ(sleeper.wait(std::chrono::milliseconds(20)), std::nullopt);
  }
  EXPECT_NE(::kill(pid, 0), 0);
  Process stubborn = spawn({.argv = {"sh", "-c", "trap '' TERM; while :; do sleep 0.05; done"}});
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_EQ(stubborn.stop(std::chrono::milliseconds(100)).str(), "killed by signal 9 (Killed)");
}

TEST(ProcessNetns, DiesWithItsParent) {
  CATS_NEEDS_ROOT();
  std::atomic<pid_t> pid = 0;
  std::thread parent([&] {
    Process child = spawn({.argv = {"sleep", "100"}, .die_with_parent = true});
    pid = child.pid();
    child.release();
  });
  parent.join();
  // Never waited for, so it stays a zombie: dead all the same.
  EXPECT_TRUE(support::wait_for(std::chrono::seconds(2), [&] {
    std::ifstream stat(fmt::format("/proc/{}/stat", pid.load()));
    std::string id, name, state;
    stat >> id >> name >> state;
    return state == "Z" || state.empty();
  }));
}

TEST(ProcessNetns, ProgramsRunToTheirEndWithInputAndOutput) {
  CATS_NEEDS_ROOT();
  const std::string large(300000, 'x');
  const Output output = run_program({"sh", "-c", "cat; echo done >&2"}, large);
  EXPECT_TRUE(output.status.success());
  EXPECT_EQ(output.out, large);
  EXPECT_EQ(output.err, "done\n");
  EXPECT_THROW(run_program({"sleep", "10"}, "", nullptr, std::chrono::milliseconds(50)), MeasurementError);
}

TEST(LeftoversNetns, ARunIsFoundAndRemovedWithItsProcesses) {
  CATS_NEEDS_ROOT();
  const std::string run = own_run() + "x";
  Namespace left = Namespace::create(namespace_name(run, "r1"));
  Namespace other = Namespace::create(namespace_name(run, "r2-with-dash"));
  Cgroup group = Cgroup::create(cgroup_name(run, "r1"));
  Process in_group = spawn({.argv = {"sleep", "100"}, .ns = &left, .cgroups = {&group}});
  Process in_namespace = spawn({.argv = {"sleep", "100"}, .ns = &other});
  left.release();
  other.release();
  group.release();

  std::vector<std::string> nodes;
  for (const FoundNamespace& found : find_namespaces()) {
    if (found.run == run) {
      nodes.push_back(found.node);
    }
  }
  EXPECT_EQ(nodes, (std::vector<std::string>{"r1", "r2-with-dash"}));
  // The processes are this test's children: reap them while remove_run() waits for them to go.
  std::thread reaper([&] {
    in_group.wait();
    in_namespace.wait();
  });
  const Removed removed = remove_run(run);
  reaper.join();
  EXPECT_EQ(removed.processes, 2u);
  EXPECT_EQ(removed.namespaces, 2u);
  EXPECT_EQ(removed.cgroups, 2u);
  EXPECT_EQ(remove_run(run).namespaces, 0u);
  for (const FoundNamespace& found : find_namespaces()) {
    EXPECT_NE(found.run, run);
  }
}

}  // namespace
}  // namespace cats::kernel
