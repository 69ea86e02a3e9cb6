// The session table as the ingress watches it: dumps on a thread of their own, an event when an entry appears, gets
// another mark, and is gone.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include "base/clock.h"
#include "base/event_log.h"
#include "cpsel/session_changes.h"
#include "emulator/kernel/conntrack.h"

namespace cats::roles {

class SessionWatch {
 public:
  using InstanceOf = cpsel::SessionChanges::InstanceOf;

  SessionWatch(boost::asio::io_context& io, EventLog& log, const kernel::Namespace& ns, std::set<IpAddress> cs_ids,
               InstanceOf instance_of);
  ~SessionWatch();
  SessionWatch(const SessionWatch&) = delete;
  SessionWatch& operator=(const SessionWatch&) = delete;

  // A dump now and every interval; 0 stops, and logs what is still there once more.
  void watch(Duration interval);
  void stop();

  // `job` runs on the thread that owns the connection tracking socket, `done` on the io_context's, with what went
  // wrong.
  void with_table(std::function<void(kernel::Conntrack&)> job, std::function<void(std::exception_ptr)> done);

 private:
  void arm();
  void poll();
  void compare(Instant when, const std::vector<kernel::ConntrackEntry>& entries);

  boost::asio::io_context& io_;
  cpsel::SessionChanges changes_;
  std::set<IpAddress> cs_ids_;
  kernel::Conntrack table_;  // used by the thread alone
  boost::asio::steady_timer timer_;
  Duration interval_{};
  bool polling_ = false;
  boost::asio::thread_pool thread_{1};
};

}  // namespace cats::roles
