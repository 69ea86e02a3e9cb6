// A terminal session on a daemon of FRR: its VTY over TCP, as telnet reaches it. One command at a time, each answered
// up to the next prompt.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include "emulator/roles/southbound_frr.h"

namespace cats::roles {

class FrrSession {
 public:
  // The password is that of the login and of `enable`.
  FrrSession(const boost::asio::any_io_executor& executor, FrrRouter::Listener daemon, std::string password);

  // What the daemon says to a command, as lines without the prompt. Logs in when there is no session. What FRR refuses
  // is an answer too (refusal()); an error ends the session: nobody listens, another password, no answer within 2 s.
  boost::asio::awaitable<Expected<std::string>> ask(std::string command);
  // The same for a command that changes nothing: where the session has gone since the last command, it is asked again
  // in another one. (FRR ends a session after ten idle minutes.)
  boost::asio::awaitable<Expected<std::string>> show(std::string command);
  void close();

 private:
  boost::asio::awaitable<Expected<void>> log_in();
  boost::asio::awaitable<Expected<std::string>> exchange(std::string command);
  // Sends a line and reads until the text ends with one of `endings`. `what` names it in errors: a line may be secret.
  boost::asio::awaitable<Expected<std::string>> converse(std::string line, std::vector<std::string> endings,
                                                         std::string what);
  void take(const char* octets, std::size_t size, std::string& text);

  boost::asio::any_io_executor executor_;
  FrrRouter::Listener daemon_;
  std::string password_;
  std::optional<boost::beast::tcp_stream> stream_;
  std::string host_;     // as prompts begin
  int telnet_skip_ = 0;  // octets of a telnet command that are still to come
  bool closed_ = false;
};

// FRR's words when an answer says that it did not do what it was told, on one line; else "".
std::string refusal(const std::string& answer);

}  // namespace cats::roles
