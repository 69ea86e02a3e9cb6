// What every catsd role has: an io_context, an event log, the control socket with `status` and `stop`
// (docs/control.md), and an orderly end on SIGTERM and SIGINT.
#pragma once

#include <functional>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/event_log.h"
#include "emulator/control/server.h"
#include "emulator/roles/agent_config.h"

namespace cats::roles {

class Agent {
 public:
  // Throws SystemError when the files cannot be made.
  Agent(const AgentConfig& config, std::string role);

  boost::asio::io_context& io() { return io_; }
  EventLog& events() { return events_; }
  control::Server& control() { return control_; }

  // Fields that this role's `status` has beside node, role and resident_bytes.
  void on_status(std::function<nlohmann::ordered_json()> fields) { status_ = std::move(fields); }
  // Ends sessions and connections, then calls `done`.
  void on_stop(std::function<void(std::function<void()> done)> stop) { stop_ = std::move(stop); }

  // Until `stop` or a signal; returns the exit status.
  int run();

 private:
  void begin_stop(std::function<void()> stopped);
  nlohmann::ordered_json status() const;

  MonotonicClock clock_;
  boost::asio::io_context io_{1};
  std::string node_;
  std::string role_;
  EventLog events_;
  control::Server control_;
  boost::asio::signal_set signals_{io_};
  boost::asio::steady_timer linger_{io_};
  std::function<nlohmann::ordered_json()> status_;
  std::function<void(std::function<void()>)> stop_;
  bool stopping_ = false;
};

}  // namespace cats::roles
