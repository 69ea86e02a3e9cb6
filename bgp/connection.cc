#include "bgp/connection.h"

#include <cerrno>
#include <sys/socket.h>
#include <system_error>
#include <utility>

namespace cats::bgp {
namespace {

// A busy peer must not keep one handler going for ever.
constexpr int reads_per_turn = 4;
// FRR reads in a thread of its own: when the end follows a NOTIFICATION at once, it may act on the end first, and
// forget what it was told. A peer that has read it closes by itself.
constexpr auto pause_before_shutdown = std::chrono::milliseconds(100);

Instant steady_now() { return std::chrono::steady_clock::now(); }

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

}  // namespace

Connection::Connection(boost::asio::io_context& io, Fd socket, std::size_t receive_buffer)
    : descriptor_(io, socket.release()), deadline_(io), last_word_(io), buffer_(receive_buffer) {}

void Connection::start(Handlers handlers) {
  handlers_ = std::move(handlers);
  arm_read();
}

void Connection::arm_read() {
  descriptor_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                         [self = shared_from_this()](const boost::system::error_code& error) {
                           if (error || !self->descriptor_.is_open()) {
                             return;
                           }
                           self->read_available();
                           if (self->descriptor_.is_open()) {
                             self->arm_read();
                           }
                         });
}

void Connection::read_available() {
  const auto self = shared_from_this();
  for (int turn = 0; turn < reads_per_turn && descriptor_.is_open(); ++turn) {
    const ssize_t count = ::recv(descriptor_.native_handle(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    const Instant received = steady_now();
    if (count == 0) {
      return end("connection closed by the peer");
    }
    if (count < 0) {
      const int error = errno;
      if (error == EINTR) {
        continue;
      }
      return would_block(error) ? void() : end(std::generic_category().message(error));
    }
    const auto size = static_cast<std::size_t>(count);
    if (!silent_ && handlers_.on_read) {
      handlers_.on_read(received, ByteView(buffer_).first(size));
    }
    if (size < buffer_.size()) {
      return;
    }
  }
}

// The octets that the kernel took. An error is not reported here: the reading side meets it too.
std::size_t Connection::write_some(ByteView octets) {
  std::size_t written = 0;
  while (written < octets.size()) {
    const ssize_t count = ::send(descriptor_.native_handle(), octets.data() + written, octets.size() - written,
                                 MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count > 0) {
      written += static_cast<std::size_t>(count);
    } else if (errno != EINTR) {
      return would_block(errno) ? written : octets.size();
    }
  }
  return written;
}

Handover Connection::write(ByteView octets) {
  if (!descriptor_.is_open()) {
    return {steady_now(), 0};
  }
  if (queued_octets() == 0) {
    octets = octets.subspan(write_some(octets));
  }
  const Instant at = steady_now();
  queue_.insert(queue_.end(), octets.begin(), octets.end());
  if (queued_octets() > 0) {
    arm_write();
  }
  return {at, queued_octets()};
}

void Connection::arm_write() {
  if (std::exchange(writing_, true)) {
    return;
  }
  descriptor_.async_wait(boost::asio::posix::descriptor_base::wait_write,
                         [self = shared_from_this()](const boost::system::error_code& error) {
                           self->writing_ = false;
                           if (!error && self->descriptor_.is_open()) {
                             self->flush();
                           }
                         });
}

void Connection::flush() {
  head_ += write_some(ByteView(queue_).subspan(head_));
  if (queued_octets() > 0) {
    if (head_ > queue_.size() / 2) {
      queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(head_));
      head_ = 0;
    }
    return arm_write();
  }
  queue_.clear();
  head_ = 0;
  if (parting_) {
    shut_down_when_flushed();
  } else if (!silent_ && handlers_.on_drained) {
    handlers_.on_drained();
  }
}

void Connection::shut_down_when_flushed() {
  if (queued_octets() > 0) {
    return;
  }
  last_word_.expires_after(pause_before_shutdown);
  last_word_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (!error && self->descriptor_.is_open()) {
      ::shutdown(self->descriptor_.native_handle(), SHUT_WR);
    }
  });
}

void Connection::end(const std::string& why) {
  const bool heard = !silent_ && handlers_.on_end;
  drop();
  if (heard) {
    handlers_.on_end(why);
  }
}

void Connection::part(Duration deadline, std::function<void()> done) {
  parting_ = true;
  silent_ = true;
  done_ = std::move(done);
  deadline_.expires_after(descriptor_.is_open() ? deadline : Duration(0));
  deadline_.async_wait([self = shared_from_this()](const boost::system::error_code&) {
    self->drop();
    if (const auto finished = std::exchange(self->done_, {})) {
      finished();
    }
  });
  shut_down_when_flushed();
}

// Cancelling the deadline runs its handler, and so `done`.
void Connection::drop() {
  boost::system::error_code ignored;
  descriptor_.close(ignored);
  silent_ = true;
  deadline_.cancel();
  last_word_.cancel();
}

}  // namespace cats::bgp
