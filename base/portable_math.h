// exp, log and erfc from additions, multiplications and divisions alone, in a fixed order. IEEE 754 says what each of
// them gives, to the bit; nothing says it of the C library's, whose results differ in the last bit between versions and
// between processors with and without fused multiply-add. So these give the same on every machine, as long as the
// compiler fuses nothing (-ffp-contract=off, cmake/flags.cmake). Within 3 ulp of the exact value, erfc within 5.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <limits>

namespace cats::portable {

namespace detail {

// ln 2 in two parts: the first has so many zeros at its end that its product with an exponent is exact.
inline constexpr double kLn2High = 6.93147180369123816490e-01;
inline constexpr double kLn2Low = 1.90821492927058770002e-10;

// 1/n!, n = 0 … 14
inline constexpr auto kInverseFactorials = [] {
  std::array<double, 15> table{1};
  double factorial = 1;
  for (std::size_t n = 1; n < table.size(); ++n) table[n] = 1 / (factorial *= static_cast<double>(n));
  return table;
}();

// 1/(2i + 3), i = 0 … 10
inline constexpr auto kInverseOdd = [] {
  std::array<double, 11> table{};
  for (std::size_t i = 0; i < table.size(); ++i) table[i] = 1 / static_cast<double>(2 * i + 3);
  return table;
}();

// (−1)^n/(n!·(2n + 1)), n = 0 … 12: of erf's series
inline constexpr auto kErf = [] {
  std::array<double, 13> table{};
  double factorial = 1;
  for (std::size_t n = 0; n < table.size(); ++n) {
    if (n > 0) factorial *= -static_cast<double>(n);
    table[n] = 1 / (factorial * static_cast<double>(2 * n + 1));
  }
  return table;
}();

// Coefficients of Chebyshev's polynomials in u for (1 + 2x)·exp(x²)·erfc(x), 0.5 ≤ x ≤ 28, where u = A − B/(x + 3) goes
// from −1 to 1; from interpolation at 64 nodes with 50 digits.
inline constexpr double kErfcA = 69.0 / 55;
inline constexpr double kErfcB = 434.0 / 55;
inline constexpr std::array<double, 24> kErfc = {
    1.2232758877738734,     -0.059852608489178595,   -0.028412712737120566,   0.017031503492578544,
    -0.005147889380443857,  0.001024695541168935,    -0.00012737885388214903, 5.130457209853139e-06,
    1.2998673081335992e-06, -2.1362528448958494e-07, -6.426017857735834e-09,  4.5036454062111905e-09,
    -7.40109298660481e-11,  -9.514961707153514e-11,  3.3979883030591013e-12,  2.248695655468793e-12,
    -7.182088696854332e-14, -5.933539963885316e-14,  3.6213425728164197e-16,  1.6593563159117904e-15,
    6.399876434880405e-17,  -4.5545709835584233e-17, -4.741453119973089e-18,  1.0908734833338487e-18};

// 2^k, −1022 ≤ k ≤ 1023
constexpr double power_of_two(int k) { return std::bit_cast<double>(static_cast<std::uint64_t>(k + 1023) << 52); }

}  // namespace detail

// x positive and finite.
constexpr double log(double x) {
  int exponent = 0;
  if (x < std::numeric_limits<double>::min()) {
    x *= 0x1p54;
    exponent = -54;
  }
  const auto bits = std::bit_cast<std::uint64_t>(x);
  exponent += static_cast<int>(bits >> 52) - 1023;
  double m = std::bit_cast<double>((bits & 0x000fffffffffffff) | 0x3ff0000000000000);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    ++exponent;
  }
  // ln m = 2·artanh s = 2·(s + s³/3 + s⁵/5 + …), |s| ≤ 0.172
  const double s = (m - 1) / (m + 1);
  const double z = s * s;
  double series = 0;
  for (std::size_t i = detail::kInverseOdd.size(); i-- > 0;) series = (series + detail::kInverseOdd[i]) * z;
  return exponent * detail::kLn2High + (exponent * detail::kLn2Low + (2 * s + 2 * s * series));
}

// 0 and infinity where the result is out of a double's range.
constexpr double exp(double x) {
  if (x > 709.782712893384) return std::numeric_limits<double>::infinity();
  if (x < -745.2) return 0;
  const int k = static_cast<int>(x * 1.4426950408889634 + (x < 0 ? -0.5 : 0.5));
  const double r = (x - k * detail::kLn2High) - k * detail::kLn2Low;  // |r| ≤ 0.35
  double series = 0;
  for (std::size_t n = detail::kInverseFactorials.size(); n-- > 0;) series = series * r + detail::kInverseFactorials[n];
  if (k < -1022) return series * detail::power_of_two(k + 200) * detail::power_of_two(-200);
  return k > 1023 ? series * 2 * detail::power_of_two(k - 1) : series * detail::power_of_two(k);
}

// The complementary error function, 2/√π · ∫ₓ^∞ exp(−t²) dt. Denormal from x = 26.5 on, 0 from 28.
constexpr double erfc(double x) {
  constexpr double kTwoOverRootPi = 1.1283791670955126;
  if (x < -0.5) return x < -6 ? 2 : 2 - erfc(-x);
  if (x < 0.5) {
    double series = 0;
    for (std::size_t n = detail::kErf.size(); n-- > 0;) series = series * (x * x) + detail::kErf[n];
    return 1 - kTwoOverRootPi * x * series;
  }
  if (!(x < 28)) return 0;
  const double u = detail::kErfcA - detail::kErfcB / (x + 3);
  double sum = 0;  // Clenshaw's recurrence
  double last = 0;
  for (std::size_t n = detail::kErfc.size(); n-- > 1;) {
    const double next = 2 * u * sum - last + detail::kErfc[n];
    last = sum;
    sum = next;
  }
  const double scaled = (u * sum - last + detail::kErfc[0]) / (1 + 2 * x);
  // The square of the first 26 bits of x is exact.
  const double high = std::bit_cast<double>(std::bit_cast<std::uint64_t>(x) & 0xfffffffff8000000);
  return exp(-(high * high)) * (exp(-((x - high) * (x + high))) * scaled);
}

}  // namespace cats::portable
