#include "scenarios/values.h"

#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace cats::scenarios {
namespace {

constexpr double kMostCores = 64;

struct BitRateUnit {
  std::string_view name;
  double bits_per_s;
};
constexpr std::array kBitRateUnits{BitRateUnit{"Gbit/s", 1e9}, BitRateUnit{"Mbit/s", 1e6}, BitRateUnit{"kbit/s", 1e3},
                                   BitRateUnit{"bit/s", 1}};
constexpr double kLeastBitRate = 1e3, kMostBitRate = 1e12;

}  // namespace

std::pair<std::optional<double>, std::string_view> split_quantity(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !std::isfinite(number)) return {std::nullopt, text};
  std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  return {number, unit};
}

Duration read_duration(const yaml::Reader& reader, Duration fallback, Duration lo, Duration hi) {
  const Duration value = reader.duration(fallback);
  const bool read = reader.present() && yaml::parse_duration(reader.text()).has_value();
  if (!read || (lo <= value && value <= hi)) return value;
  reader.complain(
      fmt::format("{} is out of range: allowed are {} to {}", reader.text(), yaml::to_text(lo), yaml::to_text(hi)));
  return fallback;
}

double read_rate(const yaml::Reader& reader, double fallback, double lo, double hi) {
  if (!reader.present()) return fallback;
  const std::string text = reader.text();
  const auto [number, unit] = split_quantity(text);
  if (number && unit == "/s" && lo <= *number && *number <= hi) return *number;
  reader.complain(number && unit == "/s"
                      ? fmt::format("{} is out of range: allowed are {}/s to {}/s", text, lo, hi)
                      : fmt::format("\"{}\" is not a rate: write a number per second such as 20/s", text));
  return fallback;
}

double read_bit_rate(const yaml::Reader& reader, double fallback) {
  if (!reader.present()) return fallback;
  const std::string text = reader.text();
  const auto [number, written] = split_quantity(text);
  const auto unit = std::ranges::find(kBitRateUnits, written, &BitRateUnit::name);
  if (!number || unit == kBitRateUnits.end()) {
    reader.complain(
        fmt::format("\"{}\" is not a rate of bits: write a number with bit/s, kbit/s, Mbit/s or Gbit/s, such as "
                    "10Mbit/s",
                    text));
    return fallback;
  }
  const double rate = *number * unit->bits_per_s;
  if (kLeastBitRate <= rate && rate <= kMostBitRate) return rate;
  reader.complain(fmt::format("{} is out of range: allowed are {} to {}", text, bit_rate_text(kLeastBitRate),
                              bit_rate_text(kMostBitRate)));
  return fallback;
}

std::string bit_rate_text(double bits_per_s) {
  for (const BitRateUnit& unit : kBitRateUnits)
    if (bits_per_s >= unit.bits_per_s) return fmt::format("{}{}", bits_per_s / unit.bits_per_s, unit.name);
  return fmt::format("{}bit/s", bits_per_s);
}

double read_cores(const yaml::Reader& reader, double fallback) {
  if (!reader.present()) return fallback;
  const std::string text = reader.text();
  const auto [number, unit] = split_quantity(text);
  const double cores = number.value_or(0) / 100;
  if (number && unit == "%" && cores >= 0.01 && cores <= kMostCores) return cores;
  reader.complain(
      fmt::format("\"{}\" is not an amount of CPU: write percent of one core, 1% to {}%", text, kMostCores * 100));
  return fallback;
}

}  // namespace cats::scenarios
