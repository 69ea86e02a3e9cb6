#include "scenarios/bounds.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "base/diagnostics.h"
#include "scenarios/parameters.h"
#include "scenarios/values.h"

namespace cats::scenarios {
namespace {

constexpr std::string_view kExample = "write TEST.FIGURE, one of <= >= < > ==, and a value";

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// "distribution_delay_ms.*" stands for one figure per hop, site or phase.
bool declares(const FigureDeclaration& declaration, std::string_view figure) {
  if (!declaration.name.ends_with(".*")) return declaration.name == figure;
  const std::string_view stem = std::string_view(declaration.name).substr(0, declaration.name.size() - 1);
  return figure.starts_with(stem) && figure.size() > stem.size();
}

Expected<double> value_of(std::string_view text, const FigureDeclaration& figure) {
  const double most = std::numeric_limits<double>::max();
  const auto [number, unit] = split_quantity(text);
  if (figure.unit == "ms" || figure.unit == "s") {
    std::string joined(text);  // "2 s" and "2s" are the same
    std::erase(joined, ' ');
    return parse_value({"x_" + figure.unit, figure.unit, 0, 0, 0, most, ""}, joined);
  }
  if (figure.unit == "1") return parse_value({"x", "share", 0, 0, -most, most, ""}, text);
  if (number && unit.empty()) return *number;
  return parse_value({"x", figure.unit, 0, 0, -most, most, ""}, text);
}

// The scalar's own mistakes are read_bounds's; nothing for what it reports.
std::optional<FigureBound> readable(const yaml::Reader& reader, const Catalogue& catalogue) {
  if (!reader.is_scalar()) return std::nullopt;
  const auto bound = parse_bound(reader.text(), catalogue.tests);
  return bound ? std::optional(*bound) : std::nullopt;
}

}  // namespace

Expected<FigureBound> parse_bound(std::string_view text, const std::vector<TestDeclaration>& tests) {
  FigureBound bound;
  bound.text = text;
  const std::size_t op = text.find_first_of("<>=!");
  if (op == std::string_view::npos) return fail("\"{}\" has no comparison: {}", text, kExample);
  const std::size_t after = std::min(text.find_first_not_of("<>=!", op), text.size());
  bound.op = text.substr(op, after - op);
  constexpr std::array<std::string_view, 5> kOperators{"<=", ">=", "<", ">", "=="};
  if (std::ranges::find(kOperators, bound.op) == kOperators.end())
    return fail("\"{}\": \"{}\" is no comparison: {}", text, bound.op, kExample);
  const std::string_view subject = trimmed(text.substr(0, op));
  const std::size_t dot = subject.find('.');
  if (dot == std::string_view::npos) return fail("\"{}\": \"{}\" is not TEST.FIGURE: {}", text, subject, kExample);
  bound.test = subject.substr(0, dot);
  bound.figure = subject.substr(dot + 1);

  const auto test = std::ranges::find(tests, bound.test, &TestDeclaration::name);
  if (test == tests.end()) {
    std::vector<std::string> names;
    for (const TestDeclaration& one : tests) names.push_back(one.name);
    return fail("\"{}\" is no test: there are {}{}", bound.test, one_of(names), did_you_mean(bound.test, names));
  }
  const auto figure = std::ranges::find_if(test->figures, [&](const auto& one) { return declares(one, bound.figure); });
  if (figure == test->figures.end()) {
    std::vector<std::string> names;
    for (const FigureDeclaration& one : test->figures) names.push_back(one.name);
    return fail("{} has no figure \"{}\": there are {}{}", bound.test, bound.figure, one_of(names),
                did_you_mean(bound.figure, names));
  }
  const std::string_view quantity = trimmed(text.substr(after));
  if (quantity.empty()) return fail("\"{}\" has no value: {}", text, kExample);
  const auto value = value_of(quantity, *figure);
  if (!value) return fail("{}", value.error().message);
  bound.value = *value;
  return bound;
}

std::vector<FigureBound> read_bounds(const yaml::Reader& reader, const Catalogue& catalogue) {
  std::vector<FigureBound> bounds;
  for (const yaml::Reader& element : reader.list()) {
    if (!element.is_scalar()) {
      element.complain("expected a text such as 'collection.collection_error_points <= 3 points'");
      continue;
    }
    auto bound = parse_bound(element.text(), catalogue.tests);
    if (bound)
      bounds.push_back(*std::move(bound));
    else
      element.complain(bound.error().message);
  }
  return bounds;
}

void check_bounds(const yaml::Reader& reader, const Catalogue& catalogue, const std::vector<std::string>& names) {
  if (!reader.present() || !reader.is_list() || names.empty()) return;
  for (const yaml::Reader& element : reader.list()) {
    const auto bound = readable(element, catalogue);
    if (bound && std::ranges::find(names, bound->test) == names.end())
      element.complain(fmt::format("the scenario does not run {}: it runs {}", bound->test, one_of(names)));
  }
}

}  // namespace cats::scenarios
