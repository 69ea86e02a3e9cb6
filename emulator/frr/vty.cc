#include "emulator/frr/vty.h"

#include <array>
#include <cstring>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"

namespace cats::frr {
namespace {

Expected<Fd> connect_to(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.string().size() >= sizeof address.sun_path)
    return fail("{}: longer than the {} octets of a unix socket's path", path.string(), sizeof address.sun_path - 1);
  std::memcpy(address.sun_path, path.c_str(), path.string().size());
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return fail("connect to {}: {}", path.string(), std::strerror(errno));
  return fd;
}

// An answer ends with three zero octets and the command's status.
constexpr std::size_t kTrailer = 4;

bool complete(const std::string& answer) {
  return answer.size() >= kTrailer && answer.compare(answer.size() - kTrailer, 3, std::string(3, '\0')) == 0;
}

}  // namespace

Expected<std::string> ask(const std::filesystem::path& socket, const std::string& command, Duration timeout) {
  auto fd = connect_to(socket);
  if (!fd) return tl::make_unexpected(fd.error());
  // With the terminating zero, which ends the command.
  if (::send(fd->get(), command.c_str(), command.size() + 1, MSG_NOSIGNAL) < 0)
    return fail("send \"{}\" to {}: {}", command, socket.string(), std::strerror(errno));
  const Instant deadline = MonotonicClock().now() + timeout;
  std::string answer;
  std::array<char, 16384> buffer;
  while (!complete(answer)) {
    const double left_ms = to_ms(deadline - MonotonicClock().now());
    pollfd waiting{fd->get(), POLLIN, 0};
    if (left_ms <= 0 || ::poll(&waiting, 1, static_cast<int>(left_ms) + 1) == 0)
      return fail("{}: no answer to \"{}\" within {} ms", socket.string(), command, to_ms(timeout));
    const ssize_t n = ::recv(fd->get(), buffer.data(), buffer.size(), 0);
    if (n == 0) return fail("{}: closed while answering \"{}\"", socket.string(), command);
    if (n < 0 && errno != EINTR) return fail("read from {}: {}", socket.string(), std::strerror(errno));
    if (n > 0) answer.append(buffer.data(), static_cast<std::size_t>(n));
  }
  const auto status = static_cast<unsigned char>(answer.back());
  answer.resize(answer.size() - kTrailer);
  if (status != 0) return fail("{}: \"{}\" refused: {}", socket.string(), command, answer);
  return answer;
}

Expected<nlohmann::json> ask_json(const std::filesystem::path& socket, const std::string& command, Duration timeout) {
  auto answer = ask(socket, command, timeout);
  if (!answer) return tl::make_unexpected(answer.error());
  auto json = nlohmann::json::parse(*answer, nullptr, false);
  if (json.is_discarded())
    return fail("{}: \"{}\" answered no JSON: {}", socket.string(), command, answer->substr(0, 200));
  return json;
}

bool accepts(const std::filesystem::path& socket) { return connect_to(socket).has_value(); }

}  // namespace cats::frr
