// A non-blocking TCP connection for speakers and receivers: reads with the instant of the read, writes at once or
// queues. Shows Asio, so for the .cc files of this folder only.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/clock.h"
#include "base/fd.h"
#include "bgp/speaker.h"
#include "bgp/wire.h"

namespace cats::bgp {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  struct Handlers {
    std::function<void(Instant received, ByteView)> on_read;
    std::function<void(const std::string& why)> on_end;  // once; the descriptor is closed
    std::function<void()> on_drained;                    // all that was queued is with the kernel
  };

  Connection(boost::asio::io_context& io, Fd socket, std::size_t receive_buffer);

  void start(Handlers handlers);
  // What is there now, without waiting for the reactor to say so.
  void read_available();
  Handover write(ByteView octets);
  std::size_t queued_octets() const { return queue_.size() - head_; }

  // Handlers are called no more. part() still flushes, shuts its side down a little later and waits for the peer's
  // until the deadline, then calls `done` (may be empty) from the io_context.
  void part(Duration deadline, std::function<void()> done);
  void drop();

 private:
  void arm_read();
  void arm_write();
  void flush();
  std::size_t write_some(ByteView octets);
  void end(const std::string& why);
  void shut_down_when_flushed();

  boost::asio::posix::stream_descriptor descriptor_;
  boost::asio::steady_timer deadline_;
  boost::asio::steady_timer last_word_;  // until the peer has had time for it
  Bytes buffer_;
  Bytes queue_;
  std::size_t head_ = 0;  // octets of queue_ already written
  bool writing_ = false;
  bool parting_ = false;
  bool silent_ = false;  // handlers are called no more; they stay, for one of them may be running
  Handlers handlers_;
  std::function<void()> done_;
};

}  // namespace cats::bgp
