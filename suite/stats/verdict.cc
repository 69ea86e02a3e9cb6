#include "suite/stats/verdict.h"

#include <array>
#include <stdexcept>

namespace cats::suite {
namespace {

// By rising weight.
constexpr std::array<std::pair<Verdict, std::string_view>, 5> kNames{{{Verdict::not_applicable, "not_applicable"},
                                                                      {Verdict::pass, "pass"},
                                                                      {Verdict::inconclusive, "inconclusive"},
                                                                      {Verdict::error, "error"},
                                                                      {Verdict::fail, "fail"}}};

std::size_t weight(Verdict verdict) {
  for (std::size_t i = 0; i < kNames.size(); ++i)
    if (kNames[i].first == verdict) return i;
  throw std::logic_error("a verdict without a name");
}

}  // namespace

std::string_view name(Verdict verdict) { return kNames[weight(verdict)].second; }

std::optional<Verdict> parse_verdict(std::string_view text) {
  for (const auto& [verdict, word] : kNames)
    if (word == text) return verdict;
  return std::nullopt;
}

Verdict worst(Verdict a, Verdict b) { return weight(a) > weight(b) ? a : b; }

namespace stats {

bool Bound::holds(double x) const {
  if (op == "<=") return x <= value;
  if (op == ">=") return x >= value;
  if (op == "<") return x < value;
  if (op == ">") return x > value;
  if (op == "==") return x == value;
  throw std::logic_error("bound with operator " + op);
}

Verdict judge(double value, const std::optional<Interval>& interval, const Bound& bound) {
  if (bound.op == "==" || !interval) return bound.holds(value) ? Verdict::pass : Verdict::fail;
  const bool lo = bound.holds(interval->lo);
  const bool hi = bound.holds(interval->hi);
  if (lo && hi) return Verdict::pass;
  if (!lo && !hi) return Verdict::fail;
  return Verdict::inconclusive;
}

}  // namespace stats
}  // namespace cats::suite
