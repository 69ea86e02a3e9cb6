// Queueing theory's results that the simulator is held to. λ arrivals and μ services per second.
#pragma once

#include <cmath>

namespace cats::sim::test {

// Erlang's C: the share of jobs that wait, in M/M/c.
inline double erlang_c(int c, double offered) {
  double blocked = 1;  // Erlang's B, by its recurrence
  for (int i = 1; i <= c; ++i) blocked = offered * blocked / (i + offered * blocked);
  return blocked / (1 - offered / c * (1 - blocked));
}

inline double mmc_wait(int c, double lambda, double mu) { return erlang_c(c, lambda / mu) / (c * mu - lambda); }

// The chance of n jobs in M/M/c/K.
inline double mmck_chance(int c, int k, double offered, int n) {
  const auto weight = [&](int jobs) {
    double w = 1;
    for (int i = 1; i <= jobs; ++i) w *= offered / std::min(i, c);
    return w;
  };
  double sum = 0;
  for (int i = 0; i <= k; ++i) sum += weight(i);
  return weight(n) / sum;
}

// Pollaczek and Khinchine: the mean wait in M/G/1, first come first served.
inline double mg1_wait(double lambda, double mean, double deviation) {
  return lambda * (mean * mean + deviation * deviation) / (2 * (1 - lambda * mean));
}

// The mean sojourn in E_k/M/1, where gaps are sums of k exponentials: σ solves σ = A*(μ(1−σ)).
inline double ekm1_sojourn(int k, double lambda, double mu) {
  double sigma = 0.5;
  for (int i = 0; i < 1000; ++i) sigma = std::pow(k * lambda / (k * lambda + mu * (1 - sigma)), k);
  return 1 / (mu * (1 - sigma));
}

// The better of two stations drawn at random, many stations (Mitzenmacher; Vvedenskaya, Dobrushin, Karpelevich), μ = 1.
inline double two_choices_sojourn(double rho) {
  double sum = 0;
  for (int i = 1; i <= 10; ++i) sum += std::pow(rho, std::pow(2, i) - 2);
  return sum;
}

}  // namespace cats::sim::test
