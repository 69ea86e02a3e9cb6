#include "suite/report/samples_csv.h"

#include <charconv>

#include "base/error.h"

namespace cats::suite {
namespace {

std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> fields;
  for (std::size_t start = 0;;) {
    const std::size_t comma = line.find(',', start);
    fields.push_back(line.substr(start, comma - start));
    if (comma == std::string_view::npos) return fields;
    start = comma + 1;
  }
}

std::string_view line_at(const Lines& lines, std::size_t at) {
  return std::string_view(lines.text).substr(at, lines.text.find('\n', at) - at);
}

}  // namespace

CsvTable::CsvTable(const std::filesystem::path& path, const std::vector<std::string_view>& wanted,
                   std::string_view time, const std::vector<Period>& periods) {
  const Lines header = read_first_line(path);
  if (!header.text.empty())
    for (const std::string_view name : split(line_at(header, 0))) columns_.emplace(name, columns_.size());
  for (const std::string_view column : wanted)
    if (!columns_.contains(column)) throw UsageError(fmt::format("{}: no column {}", path.string(), column));
  const auto time_of = [&](const Lines& line) { return integer(row_of(line, 0), time); };
  for (const Period& period : periods) read(read_.emplace_back(read_lines(path, period, time_of, header.text.size())));
}

CsvTable::Row CsvTable::row_of(const Lines& lines, std::size_t at) const {
  Row row{&lines, at, split(line_at(lines, at))};
  if (row.fields.size() != columns_.size())
    throw UsageError(
        fmt::format("{}: {} fields, the header names {}", lines.where(at), row.fields.size(), columns_.size()));
  return row;
}

void CsvTable::read(const Lines& lines) {
  for (std::size_t at = 0; at < lines.text.size(); at += line_at(lines, at).size() + 1)
    rows_.push_back(row_of(lines, at));
}

std::string_view CsvTable::field(const Row& row, std::string_view column) const {
  return row.fields.at(columns_.find(column)->second);
}

std::int64_t CsvTable::integer(const Row& row, std::string_view column) const {
  const std::string_view field = this->field(row, column);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (error != std::errc() || end != field.data() + field.size())
    throw UsageError(fmt::format("{}: {} is \"{}\", not a whole number", row.lines->where(row.at), column, field));
  return value;
}

std::int64_t CsvTable::integer(std::size_t row, std::string_view column) const {
  return integer(rows_.at(row), column);
}

std::optional<std::int64_t> CsvTable::time(std::size_t row, std::string_view column) const {
  if (field(row, column).empty()) return std::nullopt;
  const std::int64_t ns = integer(row, column);
  return ns == 0 ? std::nullopt : std::optional(ns);
}

}  // namespace cats::suite
