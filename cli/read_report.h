// The report of a run, for every command that looks at one again.
#pragma once

#include <string>

#include "suite/report/model.h"

namespace cats::cli {

// Of a run directory, or its report.json itself. Throws UsageError when there is none, or one that cannot be read.
suite::Report read_report(const std::string& run);

}  // namespace cats::cli
