// What the entries of a test differ in: the keys that a run studied, and their values as they were written.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "suite/report/model.h"

namespace cats::suite::plot {

// "100ms" is 0.1 "s", "30 %" is 30 "%", "20/s" is 20 "/s", "4" is 4 "". Nothing for words.
struct Quantity {
  double value = 0;
  std::string unit;
};
std::optional<Quantity> quantity_of(std::string_view text);

struct StudiedKey {
  std::string name;
  std::vector<std::string> values;  // distinct, in the order of the report
  std::optional<std::string> unit;  // of all of them: they are numbers of one unit
};

struct StudiedEntry {
  const TestResult* result = nullptr;         // into the report, which must outlive this
  std::map<std::string, std::string> values;  // by key; of algorithm, interval, mode and engine also unless studied
  // "" when the entry has no such key.
  std::string value(const std::string& key) const;
};

struct Study {
  std::string test;
  std::vector<StudiedEntry> entries;  // in the order of the report
  std::vector<StudiedKey> keys;       // in which they differ; empty: nothing was studied

  const StudiedKey* find(std::string_view key) const;
};

// Of each test of the report, in its order.
std::vector<Study> studies_of(const Report& report);

}  // namespace cats::suite::plot
