#include "suite/report/model.h"

namespace cats::suite {

std::optional<double> TrialResult::value(std::string_view figure) const {
  if (error) return std::nullopt;
  for (const auto& [figure_name, value] : figures)
    if (figure_name == figure) return value;
  return std::nullopt;
}

const Figure* TestResult::find(std::string_view figure) const {
  for (const auto& [figure_name, value] : figures)
    if (figure_name == figure) return &value;
  return nullptr;
}

std::vector<double> TestResult::values(std::string_view figure) const {
  std::vector<double> values;
  for (const TrialResult& trial : trials)
    if (const auto value = trial.value(figure)) values.push_back(*value);
  return values;
}

int exit_status(const Report& report) {
  Verdict whole = report.tests.empty() ? Verdict::error : Verdict::not_applicable;
  for (const TestResult& test : report.tests) whole = worst(whole, test.verdict);
  switch (whole) {
    case Verdict::pass:
    case Verdict::not_applicable:
      return 0;
    case Verdict::fail:
    case Verdict::inconclusive:
      return 1;
    case Verdict::error:
      break;
  }
  return 3;
}

}  // namespace cats::suite
