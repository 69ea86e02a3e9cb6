// Who may ask: bearer tokens (RFC 6750) and how often (429).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/ip.h"

namespace cats::http {

struct Principal {
  std::string name;  // "es1", "controller"
  std::string role;  // "edge-server", "manager", "controller", "ingress", "operator"
};

// Keeps digests, so that neither a look-up's time nor a dump of the memory tells a token.
class Tokens {
 public:
  // 256 random bits from the kernel as 64 hexadecimal digits.
  static std::string generate();

  void add(std::string_view token, Principal principal);
  const Principal* find(std::string_view token) const;  // nullptr: nobody's

 private:
  std::map<std::string, Principal> by_digest_;
};

// A bucket of `burst` requests for each peer, which fills at `per_second`. Forgets peers whose bucket is full.
class RateLimit {
 public:
  RateLimit(double per_second, double burst) : per_second_(per_second), burst_(burst) {}

  bool allow(const IpAddress& peer, Instant now);
  std::size_t peers() const { return buckets_.size(); }

 private:
  struct Bucket {
    double left;
    Instant as_of;
  };

  double left(const Bucket& bucket, Instant now) const;

  double per_second_;
  double burst_;
  std::map<IpAddress, Bucket> buckets_;
  Instant swept_{};
};

}  // namespace cats::http
