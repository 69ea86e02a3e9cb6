// A netlink socket inside one namespace: requests with their acknowledgements, several at a time, and dumps. Internal
// to this folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/fd.h"
#include "emulator/kernel/message.h"
#include "emulator/kernel/namespace.h"

namespace cats::kernel {

class NetlinkSocket {
 public:
  NetlinkSocket(const Namespace& ns, int protocol);

  const std::string& namespace_name() const { return namespace_; }

  // Puts a message behind those pending. `operation` names it in errors ("ip link add a"); the namespace is added.
  // Without `acknowledged` no answer is expected (the frame of an nf_tables batch).
  void queue(Message message, std::string operation, bool acknowledged = true);
  std::size_t pending() const { return pending_.size(); }
  // Sends what is pending in one piece and reads every acknowledgement. Throws SystemError for the first that failed.
  void flush();
  void drop() noexcept;

  // Queues one message and flushes.
  void request(Message message, std::string operation);

  // Sends a message whose answer is data (NLM_F_DUMP is added) and hands each one to `each`. A dump that the kernel
  // reports as inconsistent is taken again, so `each` sees nothing before it is complete.
  void dump(Message message, const std::string& operation, const std::function<void(const nlmsghdr&)>& each);

 private:
  struct Pending {
    std::uint32_t sequence;
    std::string operation;
  };
  enum class DumpResult { kComplete, kInterrupted };

  void send(std::span<const std::byte> bytes, const std::string& operation);
  std::span<const std::byte> receive(const std::string& operation);
  DumpResult try_dump(Message& message, const std::string& operation, std::vector<std::byte>& collected);
  [[noreturn]] void throw_error(int error, const std::string& operation, const std::string& extra) const;

  std::string namespace_;
  Fd fd_;
  std::uint32_t sequence_ = 0;
  std::uint32_t first_pending_ = 0;
  std::vector<Pending> pending_;
  std::vector<std::byte> outgoing_;
  std::unique_ptr<std::byte[]> incoming_;
};

}  // namespace cats::kernel
