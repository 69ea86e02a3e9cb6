// The session table as the ingress watches it: dumps on a thread of their own, an event when an entry appears, gets
// another mark, and is gone.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/event_log.h"
#include "emulator/kernel/conntrack.h"

namespace cats::roles {

nlohmann::ordered_json tuple_json(const kernel::FlowTuple& tuple);

class SessionWatch {
 public:
  using InstanceOf = std::function<std::string(std::uint32_t mark)>;

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
  struct Seen {
    std::uint32_t mark = 0;
    Instant first;
  };
  using Key = std::pair<kernel::FlowTuple, std::uint32_t>;  // and the entry's id: a port may be used again

  void arm();
  void poll();
  void compare(Instant when, const std::vector<kernel::ConntrackEntry>& entries);
  void log(Instant when, const Key& key, const Seen& seen, bool gone);

  boost::asio::io_context& io_;
  EventLog& log_;
  std::set<IpAddress> cs_ids_;
  InstanceOf instance_of_;
  kernel::Conntrack table_;  // used by the thread alone
  boost::asio::steady_timer timer_;
  Duration interval_{};
  bool polling_ = false;
  std::map<Key, Seen> seen_;
  boost::asio::thread_pool thread_{1};
};

}  // namespace cats::roles
