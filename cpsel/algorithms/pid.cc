// The draft names a PID controller and defines nothing; this one is pid-a80's with gains per update instead of per
// second, and an integral: correction = kp·e + ki·Σe + kd·Δe. It settles where load follows weights within one update
// as long as kd < 1 − kp/2.
#include "cpsel/pid_weights.h"

namespace cats::cpsel::algorithms_of {
namespace {

std::optional<std::string> warning(const Parameters& p, Duration /*interval*/) {
  if (!pid_thrashes(p.at("kp"), p.at("kd"))) return std::nullopt;
  return fmt::format("pid: kd = {:.3g} is not below 1 − kp/2 = {:.3g}: where load follows weights, weights swing",
                     p.at("kd"), 1 - p.at("kp") / 2);
}

}  // namespace

AlgorithmInfo pid() {
  return {.name = "pid",
          .help = "weights moved by a PID controller towards equal loads, gains by update",
          .parameters = {{"kp", "none", 0.1, 0, 10, "gain of the error"},
                         {"ki", "none", 0, 0, 10, "gain of the sum of errors"},
                         {"kd", "none", 0.3, 0, 10, "gain of the error's change"},
                         {"sum_limit", "none", 1, 0, 100, "the sum of errors stays within ± this"}},
          .make =
              [](const Parameters& p) {
                return std::make_unique<PidWeights>(
                    [kp = p.at("kp"), ki = p.at("ki"), kd = p.at("kd")](const PidStep& step) {
                      return kp * step.error + ki * step.sum + kd * step.change;
                    },
                    p.at("sum_limit"));
              },
          .warning = warning};
}

}  // namespace cats::cpsel::algorithms_of
