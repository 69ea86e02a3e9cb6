// A simulated run's other processes under mpirun: they take the parts that rank 0 gives them, in a directory of their
// own that is removed at the end, and bring it what the parts wrote. They print nothing.
#pragma once

#include <filesystem>

#include "suite/ranks/ranks.h"

namespace cats::suite {

// Until rank 0 says that nothing is left to do. `threads`: 0 means default_threads(); `catsd` is the program in which
// libraries of the user's run. Throws Interrupted, UsageError, SystemError.
void work_for_rank_0(Ranks& ranks, unsigned threads, const std::filesystem::path& catsd);

}  // namespace cats::suite
