#include <fmt/format.h>

#include "scenarios/catalogue.h"

namespace cats::scenarios {
namespace {

std::string describe(const std::vector<Parameter>& parameters) {
  std::string text;
  for (const auto& p : parameters)
    text += fmt::format("    {:<20} {} ({} to {}{}): {}\n", p.key(), p.text(p.value), p.text(p.lo), p.text(p.hi),
                        p.quick == p.value ? "" : ", quick " + p.text(p.quick), p.help);
  return text;
}

}  // namespace

std::string describe(const Catalogue& catalogue) {
  std::string text = "tests\n";
  for (const auto& test : catalogue.tests)
    text += fmt::format("  {}: {}\n{}", test.name, test.help, describe(test.parameters));
  text += "algorithms\n";
  for (const auto& algorithm : catalogue.algorithms)
    text += fmt::format("  {}: {}\n{}", algorithm.name, algorithm.help, describe(algorithm.parameters));
  text += "faults\n";
  for (const auto& fault : catalogue.faults)
    text += fmt::format("  {} ({}): {}\n{}", fault.kind, fault.role, fault.help, describe(fault.parameters));
  return text;
}

}  // namespace cats::scenarios
