// A scenario's declared bound and whether it held: one line of report.json's `bounds` (docs/report.md).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "suite/stats/verdict.h"

namespace cats::suite {

struct BoundResult {
  std::string text;  // as declared
  std::string test, figure;
  nlohmann::ordered_json conditions = nlohmann::ordered_json::object();  // of the entry; empty when there is none
  stats::Bound bound;                                                    // in the figure's unit
  std::string unit;
  std::optional<double> value;
  std::optional<stats::Interval> ci95;
  Verdict verdict = Verdict::error;
  std::string reason;  // unless it passed

  bool operator==(const BoundResult&) const = default;
};

nlohmann::ordered_json to_json(const BoundResult& result);
BoundResult bound_from_json(const nlohmann::ordered_json& json);

// For a terminal, a line per bound and entry.
std::string bound_table(const std::vector<BoundResult>& bounds);

// 0: all hold; 1: one does not; 3: none is seen not to hold, but one was inconclusive or could not be measured.
int verify_status(const std::vector<BoundResult>& bounds);

}  // namespace cats::suite
