// `denial-of-service` (docs/tests.md; RFC 8456, 5.3.2): a flood of requests by somebody without a token.
#include "suite/tests/disturbance.h"
#include "suite/tests/tests.h"

namespace cats::suite {
namespace {

class DenialOfService final : public Disturbance {
 public:
  std::string_view name() const override { return "denial-of-service"; }
  std::string_view title() const override {
    return "a flood without a token does not keep the controller from its work";
  }

  const std::vector<scenarios::Parameter>& parameters() const override {
    static const std::vector<scenarios::Parameter> list{
        half_parameter(),
        {"rate", "/s", 2000, 2000, 0.1, 100000, "requests over all connections"},
        {"connections", "none", 50, 50, 1, 10000, "that the requests come over"},
    };
    return list;
  }

 private:
  nlohmann::json command(const Conditions& conditions) const override {
    return {{"do", "flood"},
            {"rate", conditions.number("rate")},
            {"connections", static_cast<std::int64_t>(conditions.number("connections"))}};
  }
};

}  // namespace

const Test& denial_of_service_test() {
  static const DenialOfService test;
  return test;
}

}  // namespace cats::suite
