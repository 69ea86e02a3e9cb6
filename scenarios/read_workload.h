// The section `workload` of a scenario.
#pragma once

#include <string>
#include <vector>

#include "base/yaml.h"
#include "scenarios/scenario.h"
#include "scenarios/trace_files.h"

namespace cats::scenarios {

Workload read_workload(const yaml::Reader& reader, TraceFiles& traces);

// `arrivals` of `short`: a process, alone or as a map. Files that it names are added to `used`.
load::ArrivalPattern read_arrivals(const yaml::Reader& reader, load::Arrivals fallback, TraceFiles& traces,
                                   std::vector<Trace>& used);
// `work`: a duration, which means `plain` with it as its mean, or a map.
load::RandomDuration read_random_duration(const yaml::Reader& reader, const load::RandomDuration& plain, Duration least,
                                          Duration most, TraceFiles& traces, std::vector<Trace>& used);

// What makes its figures hard to read.
void warn_of_workload(const Workload& workload, std::vector<std::string>& warnings);

}  // namespace cats::scenarios
