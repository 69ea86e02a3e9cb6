// The paired permutation test (spec: "exact sign-flip test"): were a and b the same, each difference would have had
// either sign with equal chance.
#pragma once

#include <cstddef>
#include <span>

namespace cats::suite::stats {

// Up to so many pairs every one of the 2^n sign patterns is counted; the two halves of the pairs are enumerated and
// joined, which costs 2^(n/2) instead of 2^n. Beyond, kSignFlipDraws patterns are drawn with a fixed seed, and
// p = (as extreme + 1) / (draws + 1), which is valid (never below what the exact test would keep) and the same each
// time.
inline constexpr std::size_t kExactPairs = 30;
inline constexpr int kSignFlipDraws = 99'999;

// Two-sided: the share of sign patterns whose sum is at least as far from 0 as the observed one. In (0, 1]; the least
// that n pairs can give is 2^(1−n). Sums that differ by rounding alone are equal. Wants at least one difference.
double sign_flip_p(std::span<const double> differences);

}  // namespace cats::suite::stats
