// Rows of samples/*.csv by column name.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/lines.h"

namespace cats::suite {

class CsvTable {
 public:
  // Reads the rows whose `time` is in `periods` (base/lines.h: of the periods' ends the file must be in order). Throws
  // UsageError naming the file and the line (a row with too few or too many fields) or a column of `wanted` that the
  // header lacks; `time` is one of them. A torn last line (a killed writer) is dropped.
  CsvTable(const std::filesystem::path& path, const std::vector<std::string_view>& wanted, std::string_view time,
           const std::vector<Period>& periods);
  CsvTable(const CsvTable&) = delete;
  CsvTable& operator=(const CsvTable&) = delete;

  std::size_t rows() const { return rows_.size(); }
  std::string text(std::size_t row, std::string_view column) const { return std::string(field(row, column)); }
  // Throws UsageError naming file, line and column when it is no whole number.
  std::int64_t integer(std::size_t row, std::string_view column) const;
  // Nothing for an empty field or 0.
  std::optional<std::int64_t> time(std::size_t row, std::string_view column) const;

 private:
  struct Row {
    const Lines* lines = nullptr;
    std::size_t at = 0;  // in their text
    std::vector<std::string_view> fields;
  };

  Row row_of(const Lines& lines, std::size_t at) const;
  void read(const Lines& lines);
  std::string_view field(const Row& row, std::string_view column) const;
  std::string_view field(std::size_t row, std::string_view column) const { return field(rows_.at(row), column); }
  std::int64_t integer(const Row& row, std::string_view column) const;

  std::map<std::string, std::size_t, std::less<>> columns_;
  std::deque<Lines> read_;  // what the rows look at
  std::vector<Row> rows_;
};

}  // namespace cats::suite
