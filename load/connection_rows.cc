#include "load/connection_rows.h"

#include <fmt/format.h>

namespace cats::load {

ConnectionRows::ConnectionRows(const std::filesystem::path& samples, const std::string& node)
    : file_(samples / (node + ".connections.csv"), "accepted_ns,closed_ns,source,port") {}

void ConnectionRows::add(Instant accepted, Instant closed, const IpAddress& source, std::uint16_t port) {
  if (to_lose_ > 0) {
    --to_lose_;
    return;
  }
  file_.row(fmt::format("{},{},{},{}", to_ns(accepted), to_ns(closed), source, port));
}

}  // namespace cats::load
