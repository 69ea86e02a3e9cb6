// Child processes that need no rights. tests/emulator_kernel has those in namespaces and control groups.
#include "base/process.h"

#include <chrono>
#include <fcntl.h>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "tests/support/temporary_directory.h"

namespace cats {
namespace {

using namespace std::chrono_literals;

std::string refusal(const ProcessOptions& options) {
  try {
    start_process(options);
    return "started";
  } catch (const SystemError& error) {
    return error.what();
  }
}

TEST(Process, HasItsStandardFilesAndAnEnd) {
  const support::TemporaryDirectory files;
  write_file(files / "in", "a line\n");
  const Fd in(check(::open((files / "in").c_str(), O_RDONLY | O_CLOEXEC), "open in"));
  const Fd out(check(::open((files / "out").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600), "open out"));
  Process process = start_process({.argv = {"sh", "-c", "cat; echo $WORD; pwd; exit 7"},
                                   .env = std::vector<std::string>{"WORD=word", "PATH=/usr/bin:/bin"},
                                   .standard = StandardFiles{in.get(), out.get(), out.get()},
                                   .working_directory = "/"});
  EXPECT_EQ(process.wait().str(), "exit status 7");
  EXPECT_EQ(read_file(files / "out"), "a line\nword\n/\n");
  EXPECT_FALSE(process.running());
}

TEST(Process, IsKilledByItsOwner) {
  Process sleeper = start_process({.argv = {"sleep", "100"}});
  EXPECT_TRUE(sleeper.running());
  EXPECT_EQ(sleeper.wait(10ms), std::nullopt);
  EXPECT_EQ(sleeper.stop().str(), "killed by signal 15 (Terminated)");
}

TEST(Process, SaysWhatCouldNotBeStartedAndWhere) {
  EXPECT_EQ(refusal({.argv = {"/nowhere/program"}}), "start /nowhere/program: execve: No such file or directory");
  EXPECT_EQ(refusal({.argv = {"no-such-program"}}), "start no-such-program: No such file or directory");
  EXPECT_EQ(refusal({.argv = {"true"}, .where = "in ns x", .working_directory = "/nowhere"}),
            "start true in ns x: chdir: No such file or directory");
}

}  // namespace
}  // namespace cats
