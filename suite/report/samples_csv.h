// Rows of samples/*.csv by column name.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cats::suite {

class CsvTable {
 public:
  // Reads the whole file. Throws UsageError naming the file and the line (a row with too few or too many fields) or a
  // column of `wanted` that the header lacks. A torn last line (a killed writer) is dropped.
  CsvTable(const std::filesystem::path& path, const std::vector<std::string_view>& wanted);

  std::size_t rows() const { return rows_.size(); }
  const std::string& text(std::size_t row, std::string_view column) const;
  // Throws UsageError naming file, line and column when it is no whole number.
  std::int64_t integer(std::size_t row, std::string_view column) const;
  // Nothing for an empty field or 0.
  std::optional<std::int64_t> time(std::size_t row, std::string_view column) const;

 private:
  std::string file_;
  std::map<std::string, std::size_t, std::less<>> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace cats::suite
