// A scenario's declared bounds against what was measured.
#pragma once

#include <vector>

#include "scenarios/bounds.h"
#include "suite/report/bound.h"
#include "suite/report/model.h"

namespace cats::suite {

// Each bound against each entry of its test, from the interval as tests judge their own (suite/stats/verdict.h; below
// three trials by the value). A figure that does not apply, or lacks a trial, is not measured: an error, never a pass.
std::vector<BoundResult> judge_bounds(const std::vector<scenarios::FigureBound>& bounds,
                                      const std::vector<TestResult>& entries);

}  // namespace cats::suite
