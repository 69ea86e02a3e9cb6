#include "suite/report/model.h"

namespace cats::suite {

const Figure* TestResult::find(std::string_view figure) const {
  for (const auto& [figure_name, value] : figures)
    if (figure_name == figure) return &value;
  return nullptr;
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
