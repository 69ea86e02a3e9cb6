#include "emulator/kernel/socket.h"

#include <algorithm>
#include <sys/socket.h>
#include <utility>

namespace cats::kernel {
namespace {

constexpr std::size_t kReceiveBuffer = std::size_t{64} * 1024;  // the kernel fills at most half of it at a time
constexpr int kDumpTries = 10;

struct Failure {
  std::uint32_t sequence = 0;
  int error = 0;      // positive errno; 0 is an acknowledgement
  std::string extra;  // the kernel's own words, when it has some
};

Failure parse_error(const nlmsghdr& message) {
  const auto error = header_of<nlmsgerr>(message);
  Failure failure{error.msg.nlmsg_seq, -error.error, {}};
  const std::span<const std::byte> payload = payload_of(message);
  if ((message.nlmsg_flags & NLM_F_ACK_TLVS) == 0 || payload.size() < sizeof error) {
    return failure;
  }
  std::size_t skip = sizeof error;
  if ((message.nlmsg_flags & NLM_F_CAPPED) == 0) {
    skip += static_cast<std::size_t>(NLMSG_ALIGN(error.msg.nlmsg_len)) - sizeof error.msg;
  }
  if (skip <= payload.size()) {
    failure.extra = Attributes(payload.subspan(skip), NLMSGERR_ATTR_MAX).text(NLMSGERR_ATTR_MSG);
  }
  return failure;
}

void set_option(int fd, int level, int option, int value) {
  // Acknowledgements without a copy of the request, and errors in words: comforts that an old kernel may refuse.
  (void)::setsockopt(fd, level, option, &value, sizeof value);
}

// Calls `each` for every message in what one recv returned.
template <class Each>
void for_each_message(std::span<const std::byte> bytes, Each&& each) {
  const auto* message = reinterpret_cast<const nlmsghdr*>(bytes.data());
  int left = static_cast<int>(bytes.size());
  while (nlmsg_ok(message, left) != 0) {
    each(*message);
    message = nlmsg_next(const_cast<nlmsghdr*>(message), &left);
  }
}

}  // namespace

NetlinkSocket::NetlinkSocket(const Namespace& ns, int protocol)
    : namespace_(ns.name()), incoming_(std::make_unique_for_overwrite<std::byte[]>(kReceiveBuffer)) {
  within(ns, [&] {
    fd_ =
        Fd(check(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol), "open netlink socket in ns {}", namespace_));
  });
  set_option(fd_.get(), SOL_NETLINK, NETLINK_CAP_ACK, 1);
  set_option(fd_.get(), SOL_NETLINK, NETLINK_EXT_ACK, 1);
  set_option(fd_.get(), SOL_SOCKET, SO_RCVBUFFORCE, 4 * 1024 * 1024);
  sockaddr_nl local{};
  local.nl_family = AF_NETLINK;
  check(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&local), sizeof local), "bind netlink socket in ns {}",
        namespace_);
}

void NetlinkSocket::throw_error(int error, const std::string& operation, const std::string& extra) const {
  throw SystemError(error, fmt::format("{} in ns {}{}{}", operation, namespace_, extra.empty() ? "" : ": ", extra));
}

void NetlinkSocket::queue(Message message, std::string operation, bool acknowledged) {
  message.head().nlmsg_seq = ++sequence_;
  if (outgoing_.empty()) {
    first_pending_ = sequence_;
  }
  if (acknowledged) {
    message.head().nlmsg_flags |= NLM_F_ACK;
    pending_.push_back({sequence_, std::move(operation)});
  }
  const std::span<const std::byte> bytes = message.bytes();
  outgoing_.insert(outgoing_.end(), bytes.begin(), bytes.end());
  outgoing_.resize(static_cast<std::size_t>(NLMSG_ALIGN(static_cast<unsigned>(outgoing_.size()))));
}

void NetlinkSocket::drop() noexcept {
  pending_.clear();
  outgoing_.clear();
}

void NetlinkSocket::send(std::span<const std::byte> bytes, const std::string& operation) {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  if (::sendto(fd_.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel) <
      0) {
    throw_error(errno, operation, {});
  }
}

std::span<const std::byte> NetlinkSocket::receive(const std::string& operation) {
  ssize_t size = 0;
  do {
    size = ::recv(fd_.get(), incoming_.get(), kReceiveBuffer, MSG_TRUNC);
  } while (size < 0 && errno == EINTR);
  if (size < 0) {
    throw_error(errno, operation, "read the answer");
  }
  if (static_cast<std::size_t>(size) > kReceiveBuffer) {
    throw_error(EMSGSIZE, operation, "read the answer");
  }
  return {incoming_.get(), static_cast<std::size_t>(size)};
}

void NetlinkSocket::flush() {
  const std::vector<Pending> sent = std::exchange(pending_, {});
  const std::vector<std::byte> bytes = std::exchange(outgoing_, {});
  const std::uint32_t first = first_pending_;
  if (bytes.empty()) {
    return;
  }
  send(bytes, sent.empty() ? "netlink" : sent.front().operation);
  std::size_t answered = 0;
  std::vector<std::pair<const Pending*, Failure>> failures;
  while (answered < sent.size()) {
    for_each_message(receive(sent[answered].operation), [&](const nlmsghdr& message) {
      if (message.nlmsg_type != NLMSG_ERROR) {
        return;
      }
      const Failure failure = parse_error(message);
      const auto request =
          std::lower_bound(sent.begin(), sent.end(), failure.sequence,
                           [](const Pending& one, std::uint32_t sequence) { return one.sequence < sequence; });
      if (request == sent.end() || request->sequence != failure.sequence) {
        // The frame of a batch was refused: nothing inside it will be answered.
        if (failure.error != 0 && failure.sequence >= first) {
          throw_error(failure.error, sent.front().operation, failure.extra);
        }
        return;
      }
      ++answered;
      if (failure.error != 0) {
        failures.emplace_back(&*request, failure);
      }
    });
  }
  if (!failures.empty()) {
    const auto& [request, failure] = failures.front();
    const std::string more = failures.size() > 1 ? fmt::format(" (and {} more)", failures.size() - 1) : "";
    throw_error(failure.error, request->operation + more, failure.extra);
  }
}

void NetlinkSocket::request(Message message, std::string operation) {
  queue(std::move(message), std::move(operation));
  flush();
}

NetlinkSocket::DumpResult NetlinkSocket::try_dump(Message& message, const std::string& operation,
                                                  std::vector<std::byte>& collected) {
  message.head().nlmsg_seq = ++sequence_;
  send(message.bytes(), operation);
  bool done = false;
  bool interrupted = false;
  while (!done) {
    for_each_message(receive(operation), [&](const nlmsghdr& answer) {
      if (answer.nlmsg_seq != sequence_) {
        return;
      }
      interrupted = interrupted || (answer.nlmsg_flags & NLM_F_DUMP_INTR) != 0;
      if (answer.nlmsg_type == NLMSG_ERROR) {
        const Failure failure = parse_error(answer);
        throw_error(failure.error, operation, failure.extra);
      }
      if (answer.nlmsg_type == NLMSG_DONE) {
        const int result = header_of<int>(answer);
        if (result < 0) {
          throw_error(-result, operation, {});
        }
        done = true;
        return;
      }
      const auto* const start = reinterpret_cast<const std::byte*>(&answer);
      collected.insert(collected.end(), start, start + answer.nlmsg_len);
      collected.resize(static_cast<std::size_t>(NLMSG_ALIGN(static_cast<unsigned>(collected.size()))));
    });
  }
  return interrupted ? DumpResult::kInterrupted : DumpResult::kComplete;
}

void NetlinkSocket::dump(Message message, const std::string& operation,
                         const std::function<void(const nlmsghdr&)>& each) {
  message.head().nlmsg_flags |= NLM_F_DUMP;
  std::vector<std::byte> collected;
  for (int tries = 0; try_dump(message, operation, collected) == DumpResult::kInterrupted; ++tries) {
    if (tries == kDumpTries) {
      throw_error(EAGAIN, operation, "the table kept changing");
    }
    collected.clear();
  }
  for_each_message(collected, each);
}

}  // namespace cats::kernel
