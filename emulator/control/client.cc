#include "emulator/control/client.h"

#include <array>
#include <cstring>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>

#include "base/error.h"

namespace cats::control {
namespace {

constexpr Duration kRetry = std::chrono::milliseconds(5);

Instant now() { return MonotonicClock().now(); }

}  // namespace

Client::Client(std::string node, const std::filesystem::path& path, Instant deadline) : node_(std::move(node)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string text = path.string();
  if (text.size() >= sizeof(address.sun_path)) fail(fmt::format("{} is too long for a unix socket", text));
  std::memcpy(address.sun_path, text.data(), text.size());
  for (;;) {
    socket_ = Fd(check(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "unix socket for {}", node_));
    if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return;
    const int error = errno;
    const bool may_come = error == ENOENT || error == ECONNREFUSED || error == EAGAIN;
    if (!may_come || now() >= deadline) fail(fmt::format("connect to {}: {}", text, std::strerror(error)));
    std::this_thread::sleep_for(kRetry);
  }
}

nlohmann::json Client::call(const nlohmann::json& request, Duration timeout) {
  command_ = request.value("do", "");
  const Instant deadline = now() + timeout;
  send(request.dump() + '\n', deadline);
  const std::string line = receive_line(deadline);
  nlohmann::json reply = nlohmann::json::parse(line, nullptr, false);
  if (!reply.is_object() || !reply.contains("ok") || !reply["ok"].is_boolean())
    fail(fmt::format("not a reply: {}", line.substr(0, 200)));
  if (!reply["ok"].get<bool>()) fail(reply.value("error", "refused without a reason"));
  reply.erase("ok");
  return reply;
}

void Client::send(const std::string& text, Instant deadline) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t n = ::send(socket_.get(), text.data() + done, text.size() - done, MSG_NOSIGNAL);
    if (n >= 0)
      done += static_cast<std::size_t>(n);
    else if (errno == EAGAIN)
      wait(POLLOUT, deadline);
    else if (errno != EINTR)
      fail(fmt::format("send: {}", std::strerror(errno)));
  }
}

std::string Client::receive_line(Instant deadline) {
  std::array<char, 16384> chunk{};
  for (;;) {
    if (const std::size_t end = buffer_.find('\n'); end != std::string::npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return line;
    }
    const ssize_t n = ::recv(socket_.get(), chunk.data(), chunk.size(), 0);
    if (n > 0)
      buffer_.append(chunk.data(), static_cast<std::size_t>(n));
    else if (n == 0)
      fail("the agent closed the connection");
    else if (errno == EAGAIN)
      wait(POLLIN, deadline);
    else if (errno != EINTR)
      fail(fmt::format("receive: {}", std::strerror(errno)));
  }
}

void Client::wait(short events, Instant deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - now());
  if (left.count() <= 0) fail("no reply in time");
  pollfd one{socket_.get(), events, 0};
  if (::poll(&one, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 3'600'000))) < 0 && errno != EINTR)
    fail(fmt::format("poll: {}", std::strerror(errno)));
}

void Client::fail(const std::string& what) const {
  throw MeasurementError(command_.empty() ? fmt::format("{}: {}", node_, what)
                                          : fmt::format("{}: {}: {}", node_, command_, what));
}

}  // namespace cats::control
