// What the tests of the controller's security share (RFC 8456, 5.3): messages that it has to refuse, at a rate, while
// metrics and decisions go on, beside the same without them.
#pragma once

#include "suite/tests/test.h"

namespace cats::suite {

class Disturbance : public Test {
 public:
  std::string_view primary_figure() const override { return "processing_ratio"; }
  std::string_view emulator_only() const override {
    return "what messages that it has to refuse cost a real controller";
  }
  const std::vector<scenarios::FigureDeclaration>& figures() const override;
  Duration length(const scenarios::Scenario& scenario, const Conditions& conditions) const override;
  std::optional<std::string> impossible(const Conditions& conditions) const override;
  void run_trial(const TrialContext& context) const override;
  std::optional<std::string> void_reason(const RunData& data, const Trial& trial,
                                         const Conditions& conditions) const override;
  void analyse(const AnalysisInput& input, TestResult& result, std::vector<Warning>& warnings) const override;

 protected:
  // The command of the REST load that begins it.
  virtual nlohmann::json command(const Conditions& conditions) const = 0;
};

// `measure_s`: how long each of the two halves is.
scenarios::Parameter half_parameter();

}  // namespace cats::suite
