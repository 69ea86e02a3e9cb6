#include "base/random.h"

#include "base/portable_math.h"

namespace cats {

std::uint64_t mix64(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

RandomStream::RandomStream(std::uint64_t seed, std::string_view name) : state_{} {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a over the name
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  std::uint64_t x = mix64(seed) ^ hash;
  for (auto& word : state_) word = x = mix64(x);
}

double RandomStream::uniform(double lo, double hi) { return lo + (hi - lo) * uniform(); }

std::uint64_t RandomStream::below(std::uint64_t n) {
  const std::uint64_t limit = UINT64_MAX - UINT64_MAX % n;
  std::uint64_t x = bits();
  while (x >= limit) x = bits();
  return x % n;
}

double RandomStream::exponential(double mean) { return -mean * portable::log(1 - uniform()); }

}  // namespace cats
