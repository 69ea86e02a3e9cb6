// Values with units, beyond those of base/yaml.h. Each reader reports what is wrong and returns the fallback.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/yaml.h"

namespace cats::scenarios {

// "3 points" → 3 and "points"; "20%" → 20 and "%". No number: nullopt. Finite always.
std::pair<std::optional<double>, std::string_view> split_quantity(std::string_view text);

// One of the words that to_string() has for these values of an enumeration.
template <class E>
E read_choice(const yaml::Reader& reader, std::initializer_list<E> allowed, E fallback) {
  std::vector<std::string> words;
  words.reserve(allowed.size());
  for (const E each : allowed) words.emplace_back(to_string(each));
  const auto chosen = std::ranges::find(words, reader.choice(words, to_string(fallback)));
  return chosen == words.end() ? fallback : *(allowed.begin() + (chosen - words.begin()));
}

Duration read_duration(const yaml::Reader& reader, Duration fallback, Duration lo, Duration hi);
// "20/s"
double read_rate(const yaml::Reader& reader, double fallback, double lo, double hi);
// "10Mbit/s" → 1e7: bits per second.
double read_bit_rate(const yaml::Reader& reader, double fallback);
// The same as text, with the unit that leaves at least one before it.
std::string bit_rate_text(double bits_per_s);
// "20%" of one core → 0.2; "150%" is one and a half cores.
double read_cores(const yaml::Reader& reader, double fallback);

}  // namespace cats::scenarios
