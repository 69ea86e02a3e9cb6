// A TCP connection that is encrypted or not: what server and client speak HTTP over.
#pragma once

#include <variant>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include "http/tls.h"

namespace cats::http {

constexpr auto no_throw = boost::asio::as_tuple(boost::asio::use_awaitable);

class Channel {
 public:
  using Plain = boost::beast::tcp_stream;
  using Encrypted = boost::asio::ssl::stream<boost::beast::tcp_stream>;

  Channel(Plain stream, TlsContext tls) : tls_(std::move(tls)), stream_(std::move(stream)) {
    if (!tls_) return;
    Plain inner = std::move(std::get<Plain>(stream_));
    stream_.emplace<Encrypted>(std::move(inner), *tls_);
  }

  // `what` is given the stream that requests and responses go over.
  template <class What>
  auto with(What&& what) {
    return std::visit(std::forward<What>(what), stream_);
  }

  // The connection itself, with its deadlines.
  Plain& tcp() {
    if (auto* plain = std::get_if<Plain>(&stream_)) return *plain;
    return std::get<Encrypted>(stream_).next_layer();
  }
  const Plain& tcp() const { return const_cast<Channel*>(this)->tcp(); }

  // Nullptr when nothing is encrypted.
  Encrypted* encrypted() { return std::get_if<Encrypted>(&stream_); }

 private:
  TlsContext tls_;
  std::variant<Plain, Encrypted> stream_;
};

}  // namespace cats::http
