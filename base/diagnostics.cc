#include "base/diagnostics.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "base/error.h"

namespace cats {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string Place::str() const { return line == 0 ? file : fmt::format("{}:{}:{}", file, line, column); }

std::string Diagnostics::str() const {
  auto sorted = list_;
  std::ranges::stable_sort(sorted, {},
                           [](const Diagnostic& d) { return std::tuple(d.place.file, d.place.line, d.place.column); });
  std::string text;
  for (const auto& diagnostic : sorted) text += diagnostic.str() + '\n';
  if (!text.empty()) text.pop_back();
  return text;
}

void Diagnostics::throw_if_any() const {
  if (!empty()) throw UsageError(str());
}

std::string did_you_mean(std::string_view word, std::span<const std::string> candidates) {
  const auto best = std::ranges::min_element(candidates, {}, [&](const auto& c) { return edit_distance(word, c); });
  if (best == candidates.end() || edit_distance(word, *best) > std::min<std::size_t>(2, word.size() / 2)) return "";
  return fmt::format(", did you mean \"{}\"?", *best);
}

std::string one_of(std::span<const std::string> candidates) {
  std::string text;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (i > 0) text += i + 1 == candidates.size() ? " or " : ", ";
    text += candidates[i];
  }
  return text;
}

}  // namespace cats
