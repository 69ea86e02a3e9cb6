#include "suite/report/modes_table.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include <fmt/format.h>

namespace cats::suite {
namespace {

constexpr std::string_view kReaction = "reaction_ms";
constexpr std::array<std::string_view, 10> kCompared{"delta_t_ms",
                                                     kReaction,
                                                     "reaction_ms.sampling",
                                                     "reaction_ms.waiting",
                                                     "reaction_ms.distribution",
                                                     "reaction_ms.decision",
                                                     "reaction_ms.programming",
                                                     "steering_delay_ms",
                                                     "bias_ratio",
                                                     "var"};

// Entries of one test that differ in nothing but the mode.
using Block = std::vector<const TestResult*>;

struct Line {
  std::string label;
  std::vector<std::string> cells;  // by mode; none for a heading
};

bool alike_but_for_mode(const TestResult& a, const TestResult& b) {
  const auto studied = [](const TestResult& entry) {
    nlohmann::ordered_json rest = entry.study;
    rest.erase("mode");
    return rest;
  };
  return a.name == b.name && a.engine == b.engine && a.algorithm == b.algorithm && a.interval_ms == b.interval_ms &&
         a.parameters == b.parameters && a.metrics == b.metrics && studied(a) == studied(b);
}

// In the order of the report.
std::vector<Block> blocks_of(const std::vector<TestResult>& entries) {
  std::vector<Block> blocks;
  for (const TestResult& entry : entries) {
    const auto same = [&](const Block& block) {
      return alike_but_for_mode(*block.front(), entry) &&
             std::ranges::none_of(block, [&](const TestResult* one) { return one->mode == entry.mode; });
    };
    const auto block = std::ranges::find_if(blocks, same);
    if (block == blocks.end())
      blocks.push_back({&entry});
    else
      block->push_back(&entry);
  }
  std::erase_if(blocks, [](const Block& block) { return block.size() < 2; });
  return blocks;
}

std::optional<double> value_in(const TestResult& entry, std::string_view figure) {
  const Figure* found = entry.find(figure);
  return found == nullptr ? std::nullopt : found->value;
}

std::string cell(const TestResult* entry, std::string_view figure) {
  if (entry == nullptr) return "";
  const auto value = value_in(*entry, figure);
  if (!value) return "not measured";
  std::string text = *value < 1000 ? fmt::format("{:.4g}", *value) : fmt::format("{:.0f}", *value);
  if (figure == kReaction || !figure.starts_with(kReaction)) return text;
  if (const auto whole = value_in(*entry, kReaction); whole && *whole > 0)
    text += fmt::format(" ({:.0f} %)", 100 * *value / *whole);
  return text;
}

std::string label_of(std::string_view figure) {
  if (figure == kReaction || !figure.starts_with(kReaction)) return fmt::format("  {}", figure);
  return fmt::format("    {}", figure.substr(kReaction.size() + 1));
}

std::string heading_of(const TestResult& entry) {
  std::string text = fmt::format("{}, {}, T = {:.4g} ms", entry.name, entry.algorithm, entry.interval_ms);
  for (const auto& [key, value] : entry.study.items())
    if (key != "algorithm" && key != "interval" && key != "mode")
      text += fmt::format(", {} {}", key, value.is_string() ? value.get<std::string>() : value.dump());
  return text;
}

void add_block(const Block& block, const std::vector<std::string>& modes, std::vector<Line>& lines) {
  std::vector<Line> rows;
  for (const std::string_view figure : kCompared) {
    if (std::ranges::none_of(block, [&](const TestResult* entry) { return value_in(*entry, figure).has_value(); }))
      continue;
    Line& row = rows.emplace_back(Line{label_of(figure), {}});
    for (const std::string& mode : modes) {
      const auto entry = std::ranges::find(block, mode, &TestResult::mode);
      row.cells.push_back(cell(entry == block.end() ? nullptr : *entry, figure));
    }
  }
  if (rows.empty()) return;
  lines.push_back({heading_of(*block.front()), {}});
  lines.insert(lines.end(), rows.begin(), rows.end());
}

}  // namespace

std::string modes_table(const std::vector<TestResult>& entries) {
  const std::vector<Block> blocks = blocks_of(entries);
  std::vector<std::string> modes;
  for (const Block& block : blocks)
    for (const TestResult* entry : block)
      if (std::ranges::find(modes, entry->mode) == modes.end()) modes.push_back(entry->mode);
  std::vector<Line> lines{{"", modes}};
  for (const Block& block : blocks) add_block(block, modes, lines);
  if (lines.size() == 1) return "";
  std::size_t label = 0;
  std::vector<std::size_t> widths(modes.size());
  for (const Line& line : lines) {
    if (!line.cells.empty()) label = std::max(label, line.label.size());
    for (std::size_t i = 0; i < line.cells.size(); ++i) widths[i] = std::max(widths[i], line.cells[i].size());
  }
  std::string out;
  for (const Line& line : lines) {
    std::string text = fmt::format("  {:<{}}", line.label, label);
    for (std::size_t i = 0; i < line.cells.size(); ++i) text += fmt::format("  {:<{}}", line.cells[i], widths[i]);
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + "\n";
  }
  return out;
}

}  // namespace cats::suite
