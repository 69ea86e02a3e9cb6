#include "suite/report/samples_csv.h"

#include <charconv>

#include "base/error.h"
#include "base/file.h"

namespace cats::suite {
namespace {

std::vector<std::string> split(std::string_view line) {
  std::vector<std::string> fields;
  for (std::size_t start = 0;;) {
    const std::size_t comma = line.find(',', start);
    fields.emplace_back(line.substr(start, comma - start));
    if (comma == std::string_view::npos) return fields;
    start = comma + 1;
  }
}

}  // namespace

CsvTable::CsvTable(const std::filesystem::path& path, const std::vector<std::string_view>& wanted)
    : file_(path.string()) {
  const std::string content = read_file(path);
  std::string_view rest = content;
  for (std::size_t line = 1;; ++line) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) break;
    std::vector<std::string> fields = split(rest.substr(0, end));
    rest.remove_prefix(end + 1);
    if (line == 1) {
      for (std::size_t i = 0; i < fields.size(); ++i) columns_[fields[i]] = i;
      continue;
    }
    if (fields.size() != columns_.size())
      throw UsageError(
          fmt::format("{}:{}: {} fields, the header names {}", file_, line, fields.size(), columns_.size()));
    rows_.push_back(std::move(fields));
  }
  for (const std::string_view column : wanted)
    if (!columns_.contains(column)) throw UsageError(fmt::format("{}: no column {}", file_, column));
}

const std::string& CsvTable::text(std::size_t row, std::string_view column) const {
  return rows_.at(row).at(columns_.find(column)->second);
}

std::int64_t CsvTable::integer(std::size_t row, std::string_view column) const {
  const std::string& field = text(row, column);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (error != std::errc() || end != field.data() + field.size())
    throw UsageError(fmt::format("{}:{}: {} is \"{}\", not a whole number", file_, row + 2, column, field));
  return value;
}

std::optional<std::int64_t> CsvTable::time(std::size_t row, std::string_view column) const {
  if (text(row, column).empty()) return std::nullopt;
  const std::int64_t ns = integer(row, column);
  return ns == 0 ? std::nullopt : std::optional(ns);
}

}  // namespace cats::suite
