// Rows of a CSV file with a header, as `samples/` has them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace cats::support {

using Row = std::map<std::string, std::string>;  // by column

inline std::vector<Row> read_csv(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<Row> rows;
  std::vector<std::string> names;
  for (std::string line; std::getline(file, line);) {
    std::vector<std::string> cells;
    std::istringstream stream(line + ",");
    for (std::string cell; std::getline(stream, cell, ',');) cells.push_back(cell);
    if (names.empty()) {
      names = cells;
      continue;
    }
    EXPECT_EQ(cells.size(), names.size()) << line;
    Row row;
    for (std::size_t i = 0; i < std::min(cells.size(), names.size()); ++i) row[names[i]] = cells[i];
    rows.push_back(row);
  }
  return rows;
}

inline std::int64_t number(const Row& row, const std::string& name) { return std::stoll(row.at(name)); }

}  // namespace cats::support
