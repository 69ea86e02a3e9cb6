#include "suite/stats/sign_flip.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "base/random.h"

namespace cats::suite::stats {
namespace {

// Every signed sum of `magnitudes`, ascending: each magnitude merges the list shifted down with the list shifted up.
std::vector<double> signed_sums(std::span<const double> magnitudes) {
  std::vector<double> sums{0};
  std::vector<double> down, up;
  for (const double magnitude : magnitudes) {
    down.clear();
    up.clear();
    for (const double sum : sums) {
      down.push_back(sum - magnitude);
      up.push_back(sum + magnitude);
    }
    sums.resize(down.size() + up.size());
    std::merge(down.begin(), down.end(), up.begin(), up.end(), sums.begin());
  }
  return sums;
}

// The share of sign patterns with a sum ≥ `least` > 0, twice for the other tail.
double exact(std::span<const double> magnitudes, double least) {
  const std::size_t half = magnitudes.size() / 2;
  const std::vector<double> first = signed_sums(magnitudes.first(half));
  const std::vector<double> second = signed_sums(magnitudes.subspan(half));
  std::uint64_t count = 0;
  std::size_t below = second.size();  // second[below…] reach `least` together with the current sum
  for (const double sum : first) {
    while (below > 0 && sum + second[below - 1] >= least) --below;
    count += second.size() - below;
  }
  return 2 * static_cast<double>(count) / std::ldexp(1.0, static_cast<int>(magnitudes.size()));
}

double drawn(std::span<const double> magnitudes, double least) {
  // The signed sums of each eight magnitudes by their sign bits, so that a pattern costs one look-up per eight.
  std::vector<std::array<double, 256>> tables((magnitudes.size() + 7) / 8);
  for (std::size_t i = 0; i < tables.size() * 8; ++i) {
    const double magnitude = i < magnitudes.size() ? magnitudes[i] : 0;
    for (std::size_t bits = 0; bits < 256; ++bits)
      tables[i / 8][bits] = (i % 8 == 0 ? 0 : tables[i / 8][bits]) + ((bits >> (i % 8)) & 1 ? magnitude : -magnitude);
  }
  RandomStream stream(0, "sign-flip");
  int extreme = 0;
  for (int draw = 0; draw < kSignFlipDraws; ++draw) {
    double sum = 0;
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < tables.size(); ++i, bits >>= 8) {
      if (i % 8 == 0) bits = stream.bits();
      sum += tables[i][bits & 0xff];
    }
    if (std::abs(sum) >= least) ++extreme;
  }
  return (extreme + 1.0) / (kSignFlipDraws + 1.0);
}

}  // namespace

double sign_flip_p(std::span<const double> differences) {
  if (differences.empty()) throw std::invalid_argument("sign-flip test of no differences");
  std::vector<double> magnitudes;
  magnitudes.reserve(differences.size());
  for (const double difference : differences) magnitudes.push_back(std::abs(difference));
  const double rounding = 1e-12 * std::accumulate(magnitudes.begin(), magnitudes.end(), 0.0);
  const double observed = std::abs(std::accumulate(differences.begin(), differences.end(), 0.0));
  const double least = observed - rounding;
  if (least <= 0) return 1;
  return magnitudes.size() <= kExactPairs ? exact(magnitudes, least) : drawn(magnitudes, least);
}

}  // namespace cats::suite::stats
