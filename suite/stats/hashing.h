// What uniform hashing makes of F flows on N sites: the bands of theory that stand beside a measured spread
// (docs/tests.md, `lb-variance`). The spread of counts nᵢ is Σ|nᵢ − F/N| / F, the draft's var_alg.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace cats::suite::stats {

// Of given counts; 0 when they are all 0. The quotient of two whole numbers, so that other programs get the same
// digits.
double spread(std::span<const std::int64_t> counts);

// Mean spread of uniform hashing: 2ν·C(F,ν)·p^ν·q^(F−ν+1)/(Fp), p = 1/N, q = 1 − p, ν = ⌊F/N⌋ + 1.
double hash_mean(std::int64_t flows, std::int64_t sites);
double round_robin_floor(std::int64_t flows, std::int64_t sites);  // 2r(N − r)/(NF), r = F mod N
double worst_spread(std::int64_t sites);                           // 2(N − 1)/N: all at one site

struct HashBand {
  double sd = 0;
  double p5 = 0, p95 = 0;  // nearest rank
  std::string method;      // "exact", or how many simulated rounds
};
// Summed over all outcomes where there are at most two million, else simulated with a fixed seed.
HashBand hash_band(std::int64_t flows, std::int64_t sites);

// Mean of Σ|nᵢ − F·wᵢ| / F under uniform hashing; the weights sum to 1.
double hash_imbalance_mean(std::int64_t flows, std::span<const double> weights);

}  // namespace cats::suite::stats
