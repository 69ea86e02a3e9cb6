// The modes side by side: how long each takes to steer, where the time goes, and how evenly it steers.
#pragma once

#include <string>
#include <vector>

#include "suite/report/model.h"

namespace cats::suite {

// For a terminal: a column per mode, a block per test whose entries differ in nothing but the mode. Rows, as far as
// they were measured: delta_t_ms, reaction_ms with its stages and each stage's share of it, steering_delay_ms,
// bias_ratio, var. "" when no such entries have one of these figures.
std::string modes_table(const std::vector<TestResult>& entries);

}  // namespace cats::suite
