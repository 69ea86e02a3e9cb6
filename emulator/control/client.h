// The runner's side of docs/control.md: blocking, with deadlines.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/fd.h"

namespace cats::control {

class Client {
 public:
  // Connects to `path`, again and again until `deadline` when nobody listens yet. `node` names it in errors. Throws
  // MeasurementError.
  Client(std::string node, const std::filesystem::path& path, Instant deadline);

  // Sends {"do": …} and returns the reply without its "ok". Throws MeasurementError naming node, command and the
  // reply's error, or what else went wrong: no reply in time, connection closed. After those the client is of no more
  // use.
  nlohmann::json call(const nlohmann::json& request, Duration timeout = std::chrono::seconds(10));

 private:
  std::string receive_line(Instant deadline);
  void send(const std::string& text, Instant deadline);
  void wait(short events, Instant deadline);
  [[noreturn]] void fail(const std::string& what) const;

  std::string node_;
  std::string command_;  // under way
  Fd socket_;
  std::string buffer_;
};

}  // namespace cats::control
