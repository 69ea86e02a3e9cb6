// Which entries and figures are compared, and how: report.json's `comparisons`, and those of two runs.
#pragma once

#include <string_view>
#include <vector>

#include "base/error.h"
#include "suite/report/comparison.h"
#include "suite/report/model.h"

namespace cats::suite {

// Entries of the same test that differ only in their algorithm, only in their mode, or only in their engine, two by
// two, in the order of the report. Figures: those the test names (Test::compared_figures(): few, since every further
// comparison costs all of them power), when both entries have them and no exact bound judges them already.
//
// Trials are paired by index: the seeds are equal by construction, and if they are not, nothing is compared. A trial
// that one side lacks drops the pair. p values are adjusted within a test's conditions: every pair of algorithms and
// every compared figure under one combination of parameters is one family.
std::vector<Comparison> compare_entries(const std::vector<TestResult>& entries);

// One figure of two entries, which must both have it. Unpaired (Welch) when the trials do not have the same seeds and
// `may_be_unpaired`; without p_adjusted. The caller names a, b and the conditions.
Comparison compare_figure(const TestResult& a, const TestResult& b, std::string_view figure, bool may_be_unpaired);

// Sets p_adjusted of [first, last), one family.
void adjust(std::vector<Comparison>::iterator first, std::vector<Comparison>::iterator last);

}  // namespace cats::suite
