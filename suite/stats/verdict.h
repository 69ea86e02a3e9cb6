// Verdicts: a figure against its bound, from the confidence interval (spec: "verdicts from the interval alone").
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cats::suite {

enum class Verdict { pass, fail, inconclusive, not_applicable, error };

std::string_view name(Verdict verdict);  // "pass", "not_applicable", …
std::optional<Verdict> parse_verdict(std::string_view name);
// The verdict of a whole from its parts: fail (a violation that was seen stays one), then error, then inconclusive,
// then pass; not_applicable only when all are.
Verdict worst(Verdict a, Verdict b);

namespace stats {

struct Interval {
  double lo = 0;
  double hi = 0;

  bool contains(double x) const { return lo <= x && x <= hi; }
  bool operator==(const Interval&) const = default;
};

struct Bound {
  std::string op;  // "<=", ">=", "<", ">", "=="
  double value = 0;

  bool holds(double x) const;
  bool operator==(const Bound&) const = default;
};

// The whole interval within the bound: pass; none of it: fail; else inconclusive. Without an interval the value alone
// is judged. "==" passes only when value and interval are the bound itself.
Verdict judge(double value, const std::optional<Interval>& interval, const Bound& bound);

}  // namespace stats
}  // namespace cats::suite
