#include "http/tokens.h"

#include <algorithm>
#include <array>
#include <sys/random.h>

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"

namespace cats::http {
namespace {

constexpr Duration kSweepEvery = std::chrono::seconds(10);

}  // namespace

std::string Tokens::generate() {
  std::array<unsigned char, 32> random;
  if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size()))
    throw SystemError(errno, "getrandom");
  std::string token;
  for (const unsigned char octet : random) token += fmt::format("{:02x}", octet);
  return token;
}

void Tokens::add(std::string_view token, Principal principal) {
  by_digest_.insert_or_assign(sha256(token), std::move(principal));
}

const Principal* Tokens::find(std::string_view token) const {
  const auto found = by_digest_.find(sha256(token));
  return found == by_digest_.end() ? nullptr : &found->second;
}

double RateLimit::left(const Bucket& bucket, Instant now) const {
  return std::min(burst_, bucket.left + per_second_ * to_seconds(now - bucket.as_of));
}

bool RateLimit::allow(const IpAddress& peer, Instant now) {
  if (now - swept_ >= kSweepEvery) {
    std::erase_if(buckets_, [&](const auto& entry) { return left(entry.second, now) >= burst_; });
    swept_ = now;
  }
  const auto [entry, is_new] = buckets_.try_emplace(peer, Bucket{burst_, now});
  Bucket& bucket = entry->second;
  bucket = {left(bucket, now), now};
  if (bucket.left < 1) return false;
  bucket.left -= 1;
  return true;
}

}  // namespace cats::http
