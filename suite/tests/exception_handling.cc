// `exception-handling` (docs/tests.md; RFC 8456, 5.3.1): malformed messages change nothing, and hinder nothing.
#include "suite/tests/disturbance.h"
#include "suite/tests/tests.h"

namespace cats::suite {
namespace {

class ExceptionHandling final : public Disturbance {
 public:
  std::string_view name() const override { return "exception-handling"; }
  std::string_view title() const override { return "malformed messages to the controller change and hinder nothing"; }

  const std::vector<scenarios::Parameter>& parameters() const override {
    static const std::vector<scenarios::Parameter> list{
        half_parameter(),
        {"rate", "/s", 60, 60, 0.1, 100000, "malformed messages of all six kinds together"},
    };
    return list;
  }

 private:
  nlohmann::json command(const Conditions& conditions) const override {
    return {{"do", "bad_messages"}, {"rate", conditions.number("rate")}};
  }
};

}  // namespace

const Test& exception_handling_test() {
  static const ExceptionHandling test;
  return test;
}

}  // namespace cats::suite
