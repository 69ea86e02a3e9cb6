// An agent's side of docs/control.md: a unix socket, one JSON object a line.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "base/argument.h"
#include "base/error.h"

namespace boost::asio {
class io_context;
}

namespace cats::control {

inline constexpr std::size_t kMaxLine = 1 << 20;  // octets; a longer line is refused and its connection closed

// The answer to one request, given once, now or later, on the io_context's thread. The last copy to go without an
// answer says so to the client.
class Reply {
 public:
  // {"ok": true, …fields}; `fields` is an object or null.
  void ok(nlohmann::ordered_json fields = nullptr) const;
  void fail(const std::string& error) const;
  void fail(const std::exception_ptr& error) const;  // with its text

 private:
  friend class Server;
  struct State;
  explicit Reply(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

// An exception becomes an error reply with its text. A request's arguments are best read with argument().
using Handler = std::function<void(const nlohmann::json& request, Reply reply)>;

class Server {
 public:
  // Listens at `path` (a socket file there is replaced). Throws SystemError; UsageError when the path is too long for a
  // unix socket.
  Server(boost::asio::io_context& io, const std::filesystem::path& path);
  ~Server();  // closes the connections and removes the socket file
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // The handler of `{"do": command}`. A connection's next request waits for the reply to the one before.
  void on(const std::string& command, Handler handler);
  // Takes no more requests. Replies already given are still sent while the io_context runs.
  void close();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

using cats::argument;

// This process's resident memory, for `status`.
std::uint64_t resident_bytes();

}  // namespace cats::control
