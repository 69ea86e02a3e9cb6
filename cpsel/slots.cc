#include "cpsel/slots.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>

namespace cats::cpsel {

std::vector<std::size_t> slot_counts(std::span<const double> weights, std::size_t slots) {
  std::vector<std::size_t> counts(weights.size(), 0);
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  if (!(total > 0)) {
    return counts;
  }
  std::vector<double> remainders(weights.size());
  std::size_t given = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const double exact = weights[i] / total * static_cast<double>(slots);
    counts[i] = std::min(static_cast<std::size_t>(std::floor(exact)), slots - given);
    remainders[i] = weights[i] > 0 ? exact - static_cast<double>(counts[i]) : -1;
    given += counts[i];
  }
  std::vector<std::size_t> order(weights.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return remainders[a] > remainders[b]; });
  for (std::size_t i = 0; given < slots; ++i, ++given) {
    ++counts[order[i]];
  }
  return counts;
}

// Each step credits every instance with its count, takes the one with the most credit and charges it the sum of all.
std::vector<std::optional<std::size_t>> smooth_slots(std::span<const double> weights, std::size_t slots) {
  const std::vector<std::size_t> counts = slot_counts(weights, slots);
  std::vector<std::optional<std::size_t>> sequence(slots);
  const auto total = static_cast<std::int64_t>(std::accumulate(counts.begin(), counts.end(), std::size_t{0}));
  if (total == 0) {
    return sequence;
  }
  std::vector<std::int64_t> credit(counts.size(), 0);
  for (std::optional<std::size_t>& slot : sequence) {
    for (std::size_t i = 0; i < counts.size(); ++i) {
      credit[i] += static_cast<std::int64_t>(counts[i]);
    }
    const auto most = std::max_element(credit.begin(), credit.end());
    *most -= total;
    slot = static_cast<std::size_t>(most - credit.begin());
  }
  return sequence;
}

}  // namespace cats::cpsel
