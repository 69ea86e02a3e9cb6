#include "bgp/speaker.h"

#include <algorithm>
#include <deque>
#include <sys/socket.h>
#include <system_error>
#include <utility>

#include <boost/asio/post.hpp>

#include "bgp/connection.h"

namespace cats::bgp {
namespace {

namespace asio = boost::asio;
using asio::posix::descriptor_base;
using asio::posix::stream_descriptor;

// How long a connection that ended on an error may still flush its NOTIFICATION.
constexpr Duration farewell = std::chrono::milliseconds(500);

Instant now() { return std::chrono::steady_clock::now(); }

int pending_error(int socket) {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

// Its pending handler owns it too, so letting go is not enough to close it.
void discard(std::shared_ptr<stream_descriptor>& socket) {
  if (const auto closing = std::exchange(socket, nullptr)) {
    boost::system::error_code ignored;
    closing->close(ignored);
  }
}

}  // namespace

class Speaker::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& io, SpeakerConfig config, SpeakerCallbacks callbacks)
      : io_(io),
        config_(std::move(config)),
        callbacks_(std::move(callbacks)),
        session_(config_.session),
        session_timer_(io),
        retry_timer_(io),
        back_off_(config_.reconnect_first) {}

  void start();
  void close(const std::string& text, Duration deadline, std::function<void()> done);
  void abandon();
  Expected<Handover> send(const Update& update);
  Expected<Handover> send_encoded(ByteView messages);

  SessionState state() const { return session_.state(); }
  const SessionParameters* parameters() const { return session_.parameters(); }
  std::size_t queued_octets() const { return connection_ ? connection_->queued_octets() : 0; }
  std::uint16_t listening_port() const { return listener_ ? local_port(listener_->native_handle()) : std::uint16_t{0}; }
  const SpeakerCounters& counters() const { return counters_; }

 private:
  // Nothing is called once the Speaker is destroyed, which a callback may do.
  template <class... Args, class... Given>
  void call(const std::function<void(Args...)>& callback, Given&&... given) {
    if (callback && !gone_) {
      callback(std::forward<Given>(given)...);
    }
  }

  void listen();
  void accept_next();
  void attempt();
  void finish_connect(stream_descriptor& socket, const boost::system::error_code& error);
  void adopt(Fd socket);
  void retry(const std::string& why);
  void on_read(Instant received, ByteView octets);
  Handover write(ByteView octets);
  void pump(Instant received);
  void deliver(Instant received, SessionEvent& event);
  void ended(const std::string& why);
  void report(SessionState state, const std::string& why = "");
  void arm_timer();

  asio::io_context& io_;
  const SpeakerConfig config_;
  SpeakerCallbacks callbacks_;
  Session session_;
  SpeakerCounters counters_;
  asio::steady_timer session_timer_;
  std::optional<Instant> armed_;
  asio::steady_timer retry_timer_;
  Duration back_off_;
  std::shared_ptr<stream_descriptor> listener_;
  std::shared_ptr<stream_descriptor> connecting_;
  std::shared_ptr<Connection> connection_;
  std::deque<SessionEvent> events_;
  bool delivering_ = false;
  bool running_ = false;  // keeps the session up
  bool gone_ = false;
  SessionState reported_ = SessionState::idle;
  Duration parting_time_ = farewell;
  std::function<void()> parted_;
};

void Speaker::Impl::start() {
  if (running_) {
    return;
  }
  back_off_ = config_.reconnect_first;
  if (!config_.session.passive) {
    running_ = true;
    return attempt();
  }
  listen();
  running_ = true;
  session_.start();
  report(session_.state());
}

void Speaker::Impl::listen() {
  const IpAddress any = IpAddress::of(config_.peer_address.is_v4() ? "0.0.0.0" : "::");
  Fd socket = tcp_listener(config_.peer_address, config_.local_address.value_or(any), config_.port, config_.tcp);
  listener_ = std::make_shared<stream_descriptor>(io_, socket.release());
  accept_next();
}

void Speaker::Impl::accept_next() {
  listener_->async_wait(descriptor_base::wait_read,
                        [self = shared_from_this(), listener = listener_](const boost::system::error_code& error) {
                          if (error || self->listener_ != listener) {
                            return;
                          }
                          IpAddress from;
                          while (auto socket = tcp_accept(listener->native_handle(), from)) {
                            if (from == self->config_.peer_address && !self->connection_) {
                              ++self->counters_.attempts;
                              self->adopt(std::move(*socket));
                            }
                          }
                          if (self->listener_ == listener) {
                            self->accept_next();
                          }
                        });
}

void Speaker::Impl::attempt() {
  ++counters_.attempts;
  session_.start();
  report(session_.state());
  try {
    Fd socket = tcp_socket(config_.peer_address, config_.local_address, config_.tcp);
    tcp_connect(socket, config_.peer_address, config_.port);
    connecting_ = std::make_shared<stream_descriptor>(io_, socket.release());
  } catch (const SystemError& error) {
    return retry(error.what());
  }
  connecting_->async_wait(descriptor_base::wait_write,
                          [self = shared_from_this(), socket = connecting_](const boost::system::error_code& error) {
                            self->finish_connect(*socket, error);
                          });
  retry_timer_.expires_after(config_.connect_timeout);
  retry_timer_.async_wait([self = shared_from_this(), socket = connecting_](const boost::system::error_code& error) {
    if (!error && self->connecting_ == socket) {
      discard(self->connecting_);
      self->retry(fmt::format("connect {} port {}: timed out", self->config_.peer_address, self->config_.port));
    }
  });
}

void Speaker::Impl::finish_connect(stream_descriptor& socket, const boost::system::error_code& error) {
  if (error || connecting_.get() != &socket) {
    return;
  }
  retry_timer_.cancel();
  Fd connected(socket.release());
  connecting_.reset();
  if (const int failure = pending_error(connected.get()); failure != 0) {
    return retry(fmt::format("connect {} port {}: {}", config_.peer_address, config_.port,
                             std::generic_category().message(failure)));
  }
  adopt(std::move(connected));
}

void Speaker::Impl::adopt(Fd socket) {
  connection_ = std::make_shared<Connection>(io_, std::move(socket), config_.receive_buffer);
  const std::weak_ptr<Impl> weak = weak_from_this();
  connection_->start({
      [weak](Instant received, ByteView octets) {
        if (const auto self = weak.lock()) {
          self->on_read(received, octets);
        }
      },
      [weak](const std::string& why) {
        if (const auto self = weak.lock()) {
          self->session_.disconnected(now(), why);
          self->pump(now());
        }
      },
      [weak] {
        if (const auto self = weak.lock()) {
          self->call(self->callbacks_.on_drained);
        }
      },
  });
  session_.connected(now());
  pump(now());
}

void Speaker::Impl::retry(const std::string& why) {
  session_.disconnected(now(), why);
  report(session_.state(), why);
  if (!running_) {
    return;
  }
  if (config_.session.passive) {
    session_.start();
    return report(session_.state());
  }
  retry_timer_.expires_after(back_off_);
  back_off_ = std::min(back_off_ * 2, config_.reconnect_max);
  retry_timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (!error && self->running_ && !self->connection_) {
      self->attempt();
    }
  });
}

void Speaker::Impl::on_read(Instant received, ByteView octets) {
  counters_.octets_received += octets.size();
  session_.received(received, octets);
  pump(received);
}

Handover Speaker::Impl::write(ByteView octets) {
  counters_.octets_sent += octets.size();
  return connection_->write(octets);
}

// Output before events: a NOTIFICATION is on its way before anyone hears that the session ended. What callbacks cause
// is queued behind what they have not yet heard.
void Speaker::Impl::pump(Instant received) {
  const auto self = shared_from_this();
  if (session_.has_output() && connection_) {
    write(session_.take_output());
  }
  for (SessionEvent& event : session_.take_events()) {
    events_.push_back(std::move(event));
  }
  if (delivering_) {
    return;
  }
  delivering_ = true;
  if (const SessionState state = session_.state();
      state == SessionState::open_sent || state == SessionState::open_confirm) {
    report(state);
  }
  while (!events_.empty() && !gone_) {
    SessionEvent event = std::move(events_.front());
    events_.pop_front();
    deliver(received, event);
  }
  delivering_ = false;
  arm_timer();
}

void Speaker::Impl::deliver(Instant received, SessionEvent& event) {
  if (auto* update = std::get_if<UpdateReceived>(&event)) {
    ++counters_.updates_received;
    call(callbacks_.on_update, received, update->decoded, ByteView(update->raw));
  } else if (const auto* up = std::get_if<Established>(&event)) {
    ++counters_.established;
    back_off_ = config_.reconnect_first;
    report(SessionState::established);
    call(callbacks_.on_established, *up);
  } else if (const auto* refresh = std::get_if<RefreshReceived>(&event)) {
    call(callbacks_.on_refresh, refresh->refresh);
  } else if (const auto* sent = std::get_if<NotificationSent>(&event)) {
    call(callbacks_.on_notification, sent->notification, true);
  } else if (const auto* came = std::get_if<NotificationReceived>(&event)) {
    call(callbacks_.on_notification, came->notification, false);
  } else if (const auto* closed = std::get_if<Closed>(&event)) {
    ended(closed->reason);
  }
}

void Speaker::Impl::ended(const std::string& why) {
  session_timer_.cancel();
  armed_.reset();
  if (const auto connection = std::exchange(connection_, nullptr)) {
    connection->part(std::exchange(parting_time_, farewell), std::exchange(parted_, {}));
  }
  retry(why);
}

void Speaker::Impl::report(SessionState state, const std::string& why) {
  if (std::exchange(reported_, state) != state || !why.empty()) {
    call(callbacks_.on_state, state, why);
  }
}

// A deadline that moved away needs no new timer: the old one fires early, nothing is due, and it is armed again.
void Speaker::Impl::arm_timer() {
  const auto deadline = session_.next_deadline();
  if (gone_ || !deadline || (armed_ && *armed_ <= *deadline)) {
    return;
  }
  armed_ = deadline;
  session_timer_.expires_at(*deadline);
  session_timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (error) {
      return;
    }
    self->armed_.reset();
    if (self->connection_) {
      // What waits in the socket may be the KEEPALIVE that this process was too late to read.
      self->connection_->read_available();
    }
    self->session_.tick(now());
    self->pump(now());
  });
}

Expected<Handover> Speaker::Impl::send(const Update& update) {
  if (auto accepted = session_.send(now(), update); !accepted) {
    return tl::make_unexpected(accepted.error());
  }
  const Handover result = write(session_.take_output());
  arm_timer();
  return result;
}

Expected<Handover> Speaker::Impl::send_encoded(ByteView messages) {
  if (auto accepted = session_.admit(now(), messages); !accepted) {
    return tl::make_unexpected(accepted.error());
  }
  const Handover result = write(messages);
  arm_timer();
  return result;
}

void Speaker::Impl::close(const std::string& text, Duration deadline, std::function<void()> done) {
  running_ = false;
  retry_timer_.cancel();
  discard(connecting_);
  discard(listener_);
  if (!connection_) {
    session_.close(now());
    report(session_.state());
    if (done) {
      asio::post(io_, std::move(done));
    }
    return;
  }
  parting_time_ = deadline;
  parted_ = std::move(done);
  session_.close(now(), text);
  pump(now());
}

void Speaker::Impl::abandon() {
  running_ = false;
  gone_ = true;
  retry_timer_.cancel();
  session_timer_.cancel();
  discard(connecting_);
  discard(listener_);
  if (const auto connection = std::exchange(connection_, nullptr)) {
    if (parted_) {
      connection->part(parting_time_, std::exchange(parted_, {}));
    } else {
      connection->drop();
    }
  }
}

Speaker::Speaker(boost::asio::io_context& io, SpeakerConfig config, SpeakerCallbacks callbacks)
    : impl_(std::make_shared<Impl>(io, std::move(config), std::move(callbacks))) {}
Speaker::~Speaker() { impl_->abandon(); }
void Speaker::start() { impl_->start(); }
Expected<Handover> Speaker::send(const Update& update) { return impl_->send(update); }
Expected<Handover> Speaker::send_encoded(ByteView messages) { return impl_->send_encoded(messages); }
SessionState Speaker::state() const { return impl_->state(); }
const SessionParameters* Speaker::parameters() const { return impl_->parameters(); }
std::size_t Speaker::queued_octets() const { return impl_->queued_octets(); }
std::uint16_t Speaker::listening_port() const { return impl_->listening_port(); }
const SpeakerCounters& Speaker::counters() const { return impl_->counters(); }
void Speaker::close(const std::string& text, Duration deadline, std::function<void()> done) {
  impl_->close(text, deadline, std::move(done));
}

}  // namespace cats::bgp
