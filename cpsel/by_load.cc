#include "cpsel/by_load.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

namespace cats::cpsel {
namespace {

constexpr std::size_t kFew = 256;  // sorted by comparison
constexpr int kDigit = 11;         // bits
constexpr std::uint64_t kDigits = 1u << kDigit;

struct Keyed {
  std::uint64_t key;
  std::uint32_t candidate;
};

// Ascends as the numbers do: of negative ones all bits are turned, of others the sign.
std::uint64_t key_of(double load) {
  const auto bits = std::bit_cast<std::uint64_t>(load + 0.0);  // −0 is 0
  return (bits >> 63) != 0 ? ~bits : bits | std::uint64_t{1} << 63;
}

// Radix sort by the lowest digit first, which keeps the order of equals; a digit that all share costs nothing.
void sort(std::vector<Keyed>& all) {
  std::vector<Keyed> other(all.size());
  for (int shift = 0; shift < 64; shift += kDigit) {
    std::array<std::uint32_t, kDigits> begin{};
    for (const Keyed& one : all) ++begin[one.key >> shift & (kDigits - 1)];
    if (begin[all.front().key >> shift & (kDigits - 1)] == all.size()) continue;
    std::uint32_t sum = 0;
    for (std::uint32_t& one : begin) sum += std::exchange(one, sum);
    for (const Keyed& one : all) other[begin[one.key >> shift & (kDigits - 1)]++] = one;
    all.swap(other);
  }
}

}  // namespace

std::vector<Ranked> by_load(std::span<const Candidate> candidates) {
  std::vector<Keyed> keyed(candidates.size());
  for (std::uint32_t i = 0; i < candidates.size(); ++i) keyed[i] = {key_of(candidates[i].load), i};
  if (keyed.size() <= kFew)
    std::stable_sort(keyed.begin(), keyed.end(), [](const Keyed& a, const Keyed& b) { return a.key < b.key; });
  else
    sort(keyed);
  std::vector<Ranked> ranked(keyed.size());
  for (std::size_t i = 0; i < keyed.size(); ++i) ranked[i] = {candidates[keyed[i].candidate].load, keyed[i].candidate};
  return ranked;
}

}  // namespace cats::cpsel
