// The parts of a simulated run: every planned trial has a world of its own, that begins at a virtual time of its own
// and writes into a directory of its own. So trials can be taken at the same time, by any thread of any process, and
// what they wrote is put together in the order of the plan (docs/decisions/0009-parts.md).
//
//   RUN/parts/<entry>.<index>/{events,samples}   complete: as the part's world wrote them
//   RUN/parts/<entry>.<index>.begun/             not complete
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "suite/trials.h"

namespace cats::suite {

struct PlannedPart {
  std::size_t number = 0;  // position in the plan
  PlannedTrial trial;
  Instant begins;  // virtual time of its world
  Instant ends;    // the next part begins then
};

// Of the plan alone: the parts' times ascend without overlapping, each with room for all attempts of its trial. They
// are multiples of sim::kWorldBegins when `begins` is one, so that whatever recurs in a divisor of that meets every
// world in the same way. Throws UsageError when virtual time ends before the plan does (292 years).
std::vector<PlannedPart> parts_of(const std::vector<PlannedTrial>& plan, Instant begins);

// The part's directory below RUN/parts: of a complete part, and of one that is not.
inline constexpr const char* kBegunExtension = ".begun";
std::string directory_name(const PlannedTrial& trial);
std::string begun_name(const PlannedTrial& trial);

// Where parts are taken.
struct PartPlace {
  std::filesystem::path run_directory;  // with the traces that the scenario plays
  std::filesystem::path parts;
  std::filesystem::path catsd = {};  // the program in which libraries of the user's run
};

// Takes the part's trial, with all attempts, into `parts`/<begun_name>, and gives it the final name. A
// MeasurementError, also that the part needs more than its room, is in the part's log then (`run_failed`). Throws
// Interrupted, UsageError, SystemError; what is there then is not complete.
void take_part(const PlannedPart& part, const PartPlace& place);

// What the log of a complete part says.
struct PartOutcome {
  std::vector<std::string> voided;    // a line for each attempt that does not count
  std::optional<std::string> failed;  // why nothing of the plan after this part counts
};
PartOutcome outcome_of(const std::filesystem::path& part);

}  // namespace cats::suite
