// `catsbench compare --fail-if`: a condition on how much a figure changed from run A to run B.
//
//   TEST.FIGURE                 every entry of the test that has the figure       lb-variance.imbalance > +10%
//   TEST.ALGORITHM              that algorithm's entries, the primary figure      lb-variance.pid > +10%
//   TEST.ALGORITHM.FIGURE       that algorithm's entries, that figure             lb-variance.pid.peak_load >= 0.05
//
// then >, >=, < or <=, then a signed change: a percentage of A's mean, or a number in the figure's unit (not for
// figures that are ratios). The interval decides: a condition holds only when the whole 95 % interval of the change is
// beyond the threshold, so that noise does not stop a pipeline.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "suite/compare_runs.h"
#include "suite/stats/verdict.h"

namespace cats::suite {

struct FailIf {
  std::string text;  // as written
  std::string test;
  std::string what;    // FIGURE, ALGORITHM or ALGORITHM.FIGURE
  stats::Bound bound;  // of the change; a percentage as a share
  bool relative = false;
};

// The error names the place, from 1, and what is allowed there.
Expected<FailIf> parse_fail_if(std::string_view text);

struct FailIfResult {
  std::string text;
  std::string entry, figure;
  bool held = false;
  std::optional<stats::Interval> change;  // as a share when relative
  std::string reason;                     // why it could not be judged; then `held` is false and `change` empty
};

// One result per entry that the condition is about. The error: it is about none; what there is, with a near miss.
Expected<std::vector<FailIfResult>> judge(const FailIf& condition, const RunComparison& runs);

}  // namespace cats::suite
