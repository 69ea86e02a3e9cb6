#include "bgp/bmp_receiver.h"

#include <list>
#include <utility>
#include <variant>

#include "bgp/connection.h"
#include "bgp/message.h"
#include "bgp/tcp_options.h"

namespace cats::bgp {
namespace {

using boost::asio::posix::descriptor_base;
using boost::asio::posix::stream_descriptor;

constexpr std::size_t receive_buffer = 64 * 1024;
constexpr std::uint16_t mirror_messages_lost = 1;  // RFC 7854 section 4.7

bool is_update(ByteView message) {
  return message.size() >= header_size &&
         std::to_integer<std::uint8_t>(message[header_size - 1]) == static_cast<std::uint8_t>(MessageType::update);
}

template <class... Args, class... Given>
void call(const std::function<void(Args...)>& callback, Given&&... given) {
  if (callback) {
    callback(std::forward<Given>(given)...);
  }
}

}  // namespace

class BmpReceiver::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(boost::asio::io_context& io, BmpCallbacks callbacks) : io_(io), callbacks_(std::move(callbacks)) {}

  void listen(std::string router, Fd socket) {
    listeners_.push_back(std::make_shared<stream_descriptor>(io_, socket.release()));
    accept_next(std::move(router), listeners_.back());
  }

  void stop() {
    gone_ = true;
    for (const auto& listener : listeners_) {
      boost::system::error_code ignored;
      listener->close(ignored);  // its pending handler owns it too
    }
    for (Client& client : clients_) {
      client.connection->drop();
    }
  }

 private:
  struct Client {
    std::string router;
    std::shared_ptr<Connection> connection;
    Bytes pending;  // the beginning of a message that is not all there
  };
  using ClientPosition = std::list<Client>::iterator;

  void accept_next(std::string router, const std::shared_ptr<stream_descriptor>& listener);
  void adopt(const std::string& router, Fd socket);
  void on_read(ClientPosition client, Instant received, ByteView octets);
  // Octets of the whole messages at the front, each handled; an error when the rest is beyond reading.
  Expected<std::size_t> consume(const Client& client, Instant received, ByteView buffer);
  void handle(const std::string& router, Instant received, const BmpMessage& message);
  void end(ClientPosition client, const std::string& why);

  boost::asio::io_context& io_;
  BmpCallbacks callbacks_;
  std::list<std::shared_ptr<stream_descriptor>> listeners_;
  std::list<Client> clients_;
  bool gone_ = false;
};

void BmpReceiver::Impl::accept_next(std::string router, const std::shared_ptr<stream_descriptor>& listener) {
  listener->async_wait(descriptor_base::wait_read, [self = shared_from_this(), listener, name = std::move(router)](
                                                       const boost::system::error_code& error) mutable {
    IpAddress from;
    while (!error && !self->gone_) {
      auto socket = tcp_accept(listener->native_handle(), from);
      if (!socket) {
        return self->accept_next(std::move(name), listener);
      }
      self->adopt(name, std::move(*socket));
    }
  });
}

void BmpReceiver::Impl::adopt(const std::string& router, Fd socket) {
  clients_.push_back({router, std::make_shared<Connection>(io_, std::move(socket), receive_buffer), {}});
  const ClientPosition client = std::prev(clients_.end());
  const std::weak_ptr<Impl> weak = weak_from_this();
  client->connection->start({
      [weak, client](Instant received, ByteView octets) {
        if (const auto self = weak.lock(); self && !self->gone_) {
          self->on_read(client, received, octets);
        }
      },
      [weak, client](const std::string& why) {
        if (const auto self = weak.lock(); self && !self->gone_) {
          self->end(client, why);
        }
      },
      {},
  });
  call(callbacks_.on_connection, router, std::chrono::steady_clock::now(), true, "");
}

void BmpReceiver::Impl::on_read(ClientPosition client, Instant received, ByteView octets) {
  Bytes& pending = client->pending;
  pending.insert(pending.end(), octets.begin(), octets.end());
  const auto used = consume(*client, received, pending);
  if (gone_) {
    return;
  }
  if (!used) {
    client->connection->drop();
    return end(client, used.error().message);
  }
  pending.erase(pending.begin(), pending.begin() + static_cast<std::ptrdiff_t>(*used));
}

Expected<std::size_t> BmpReceiver::Impl::consume(const Client& client, Instant received, ByteView buffer) {
  std::size_t used = 0;
  while (!gone_) {
    const auto size = bmp_message_size(buffer.subspan(used));
    if (!size) {
      return tl::make_unexpected(size.error());
    }
    if (!*size || **size > buffer.size() - used) {
      break;
    }
    if (const auto message = decode_bmp(buffer.subspan(used, **size))) {
      handle(client.router, received, *message);
    } else {
      call(callbacks_.on_bad_message, client.router, received, message.error().message);
    }
    used += **size;
  }
  return used;
}

void BmpReceiver::Impl::handle(const std::string& router, Instant received, const BmpMessage& message) {
  if (const auto* mirrored = std::get_if<BmpRouteMirroring>(&message)) {
    for (const ByteView one : mirrored->messages) {
      if (is_update(one) && !gone_) {
        call(callbacks_.on_mirrored, router, received, mirrored->peer, one);
      }
    }
    for (const std::uint16_t code : mirrored->information) {
      if (code == mirror_messages_lost && !gone_) {
        call(callbacks_.on_messages_lost, router, received, mirrored->peer);
      }
    }
  } else if (const auto* monitored = std::get_if<BmpRouteMonitoring>(&message)) {
    call(callbacks_.on_route_monitoring, router, received, monitored->peer, monitored->update);
  } else if (const auto* up = std::get_if<BmpPeerUp>(&message)) {
    call(callbacks_.on_peer_up, router, received, *up);
  } else if (const auto* down = std::get_if<BmpPeerDown>(&message)) {
    call(callbacks_.on_peer_down, router, received, *down);
  }
}

void BmpReceiver::Impl::end(ClientPosition client, const std::string& why) {
  const std::string router = client->router;
  clients_.erase(client);
  call(callbacks_.on_connection, router, std::chrono::steady_clock::now(), false, why);
}

BmpReceiver::BmpReceiver(boost::asio::io_context& io, BmpCallbacks callbacks)
    : impl_(std::make_shared<Impl>(io, std::move(callbacks))) {}
BmpReceiver::~BmpReceiver() { impl_->stop(); }

void BmpReceiver::listen(std::string router, Fd socket) { impl_->listen(std::move(router), std::move(socket)); }

std::uint16_t BmpReceiver::listen(std::string router, const IpAddress& address, std::uint16_t port) {
  Fd socket = tcp_listener(address, address, port, {});
  const std::uint16_t bound = local_port(socket.get());
  impl_->listen(std::move(router), std::move(socket));
  return bound;
}

}  // namespace cats::bgp
