// What a test needs from the machine. Missing: skipped loudly on a developer's machine, failed where CI=true.
//   TEST(Frr, KeepsASession) { CATS_NEEDS_ROOT(); CATS_NEEDS_PROGRAM("gobgpd"); … }
#pragma once

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <unistd.h>

#include <gtest/gtest.h>

namespace cats::support {

// The full path of a program in PATH or where Debian keeps daemons; empty when there is none.
inline std::string program_path(std::string_view name) {
  const char* path = std::getenv("PATH");
  std::string places = path == nullptr ? "" : path;
  places += ":/usr/sbin:/sbin:/usr/bin:/bin:/usr/lib/frr";
  for (std::size_t begin = 0; begin <= places.size();) {
    const std::size_t end = std::min(places.find(':', begin), places.size());
    const std::string candidate = places.substr(begin, end - begin) + "/" + std::string(name);
    if (end > begin && ::access(candidate.c_str(), X_OK) == 0) return candidate;
    begin = end + 1;
  }
  return "";
}

inline bool in_ci() {
  const char* ci = std::getenv("CI");
  return ci != nullptr && std::string_view(ci) == "true";
}

inline std::string missing_root() { return ::geteuid() == 0 ? "" : "needs root"; }
inline std::string missing_program(std::string_view name) {
  return program_path(name).empty() ? "needs the program " + std::string(name) : "";
}

}  // namespace cats::support

// `reason` is a string expression, empty when the need is met.
#define CATS_NEEDS(reason)                                                                \
  do {                                                                                    \
    if (const std::string cats_reason = (reason); !cats_reason.empty()) {                 \
      if (::cats::support::in_ci()) GTEST_FAIL() << "not skipped in CI: " << cats_reason; \
      GTEST_SKIP() << cats_reason;                                                        \
    }                                                                                     \
  } while (false)
#define CATS_NEEDS_ROOT() CATS_NEEDS(::cats::support::missing_root())
#define CATS_NEEDS_PROGRAM(name) CATS_NEEDS(::cats::support::missing_program(name))
