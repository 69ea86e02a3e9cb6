// What components of a control plane speak to each other with: requests with a body and a token over a connection that
// is kept, and server-sent events with resume. For code that lives on Asio.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include "base/clock.h"
#include "http/channel.h"
#include "http/endpoint.h"
#include "http/event_stream.h"

namespace cats::http {

struct Outcome {
  std::string error;    // why there is no response; empty: there is one
  unsigned status = 0;  // of the response
  std::string body;

  bool ok() const { return error.empty() && status < 300; }
  // Worth trying again: no response, a server's fault, or too often.
  bool passing() const { return !error.empty() || status >= 500 || status == 429; }
  // Why it is not ok: the error, or status and detail of problem details.
  std::string why() const;
};

class RestClient {
 public:
  RestClient(const boost::asio::any_io_executor& executor, Endpoint endpoint);
  ~RestClient();

  // One at a time. Connects when there is no connection; a kept connection that turns out to be closed is opened again
  // once.
  boost::asio::awaitable<Outcome> request(const std::string& method, const std::string& target, std::string body,
                                          Duration timeout);
  // There is a connection that the peer has not closed or reset, as far as the kernel knows now.
  bool connected() const;
  void close();

 private:
  boost::asio::awaitable<Outcome> attempt(const std::string& method, const std::string& target, const std::string& body,
                                          Duration timeout);

  boost::asio::any_io_executor executor_;
  Endpoint endpoint_;
  std::unique_ptr<Channel> channel_;
  boost::beast::flat_buffer buffer_;
};

// Follows a feed: connects, resumes after the last event that came, and connects again after `pause` when it ends.
class EventSource {
 public:
  struct Handlers {
    std::function<void(const StreamEvent&)> event;
    std::function<void(bool connected, const std::string& why)> state = {};
  };

  EventSource(const boost::asio::any_io_executor& executor, Endpoint endpoint, std::string target, Handlers handlers,
              Duration pause = std::chrono::milliseconds(500));
  ~EventSource();  // stops it
  EventSource(const EventSource&) = delete;
  EventSource& operator=(const EventSource&) = delete;

  void start();
  void stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace cats::http
