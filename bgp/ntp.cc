#include <limits>

#include "bgp/edge_metadata.h"

namespace cats::bgp {
namespace {

constexpr std::uint64_t ns_per_s = 1'000'000'000;
constexpr std::int64_t unix_to_ntp_s = 2'208'988'800;  // 1900 to 1970
constexpr std::int64_t era_s = std::int64_t{1} << 32;

// 2³² parts of a second from nanoseconds below one second, and back (possibly a whole second). Each way errs by less
// than half a nanosecond, so a round trip is exact.
std::uint64_t fraction_from_ns(std::uint64_t ns) { return ((ns << 32) + ns_per_s / 2) / ns_per_s; }
std::uint64_t ns_from_fraction(std::uint64_t fraction) {
  return (fraction * ns_per_s + (std::uint64_t{1} << 31)) >> 32;
}

}  // namespace

std::uint64_t ntp_from_unix_ns(std::int64_t unix_ns) {
  const auto unit = static_cast<std::int64_t>(ns_per_s);
  std::int64_t seconds = unix_ns / unit;
  std::int64_t ns = unix_ns % unit;
  if (ns < 0) {
    ns += unit;
    --seconds;
  }
  return static_cast<std::uint64_t>(seconds + unix_to_ntp_s) << 32 | fraction_from_ns(static_cast<std::uint64_t>(ns));
}

std::int64_t unix_ns_from_ntp(std::uint64_t ntp) {
  auto seconds = static_cast<std::int64_t>(ntp >> 32);
  if (ntp >> 63 == 0) {
    seconds += era_s;
  }
  const auto ns = static_cast<std::int64_t>(ns_from_fraction(ntp & 0xffffffff));
  return (seconds - unix_to_ntp_s) * static_cast<std::int64_t>(ns_per_s) + ns;
}

std::uint64_t ntp_from_duration(Duration duration) {
  if (duration.count() <= 0) {
    return 0;
  }
  const auto ns = static_cast<std::uint64_t>(duration.count());
  if (ns / ns_per_s > 0xffffffff) {
    return std::numeric_limits<std::uint64_t>::max();
  }
  return (ns / ns_per_s) << 32 | fraction_from_ns(ns % ns_per_s);
}

Duration duration_from_ntp(std::uint64_t ntp) {
  const std::uint64_t ns = (ntp >> 32) * ns_per_s + ns_from_fraction(ntp & 0xffffffff);
  return Duration(static_cast<std::int64_t>(ns));
}

}  // namespace cats::bgp
