// How things fail here. Input from a file or a peer comes back as Expected; set-up that fails throws.
#pragma once

#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>

#include <fmt/format.h>
#include <tl/expected.hpp>

namespace cats {

struct Error {
  std::string message;
};

template <class T>
using Expected = tl::expected<T, Error>;

template <class... Args>
[[nodiscard]] tl::unexpected<Error> fail(fmt::format_string<Args...> format, Args&&... args) {
  return tl::make_unexpected(Error{fmt::format(format, std::forward<Args>(args)...)});
}

// The machine, the scenario or the command line is at fault: one message naming place, value and remedy. Exit status 2.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A measurement could not be taken. Never a pass. Exit status 3.
class MeasurementError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Ctrl-C or a termination signal: unwinds so that owners clean up. Exit status 130.
class Interrupted : public std::runtime_error {
 public:
  Interrupted() : std::runtime_error("interrupted") {}
};

// A system call failed: "operation object: reason".
class SystemError : public std::system_error {
 public:
  SystemError(int error, const std::string& operation) : std::system_error(error, std::generic_category(), operation) {}
};

// Wraps a system call that returns −1 and sets errno:
//   const int fd = check(::open(path, O_RDONLY), "open {}", path);
template <class Result, class... Args>
Result check(Result result, fmt::format_string<Args...> operation, Args&&... args) {
  if (result == static_cast<Result>(-1)) {
    const int error = errno;
    throw SystemError(error, fmt::format(operation, std::forward<Args>(args)...));
  }
  return result;
}

}  // namespace cats
