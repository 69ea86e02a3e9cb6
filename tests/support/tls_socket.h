// A TLS connection that sends octets as it likes, for what a well-behaved client would not send. Blocking.
#pragma once

#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include "http/tls.h"

namespace cats::support {

class TlsSocket {
 public:
  TlsSocket(const IpAddress& address, std::uint16_t port, const http::TlsContext& context) : stream_(io_, *context) {
    stream_.lowest_layer().connect({boost::asio::ip::make_address(address.str()), port});
    stream_.handshake(boost::asio::ssl::stream_base::client);
  }

  // False when the peer has closed or reset the connection.
  bool send(const std::string& octets) {
    boost::system::error_code error;
    boost::asio::write(stream_, boost::asio::buffer(octets), error);
    return !error;
  }
  // What comes until the peer ends the connection, or until `limit` octets have come.
  std::string receive(std::size_t limit = 1 << 20) {
    std::string all;
    boost::system::error_code error;
    while (!error && all.size() < limit) {
      char octets[4096];
      const std::size_t n = stream_.read_some(boost::asio::buffer(octets), error);
      all.append(octets, n);
    }
    return all;
  }

 private:
  boost::asio::io_context io_;
  boost::asio::ssl::stream<boost::asio::ip::tcp::socket> stream_;
};

}  // namespace cats::support
