// The controller that gRPC's proposal A80 describes: gains per second, so correction = kp·dt·e + kd·Δe/Δt. Its default
// gains swing when load follows weights within one interval: at T = 1 s the slowest root is −1.05, at T = 30 s −2.
#include "cpsel/pid_weights.h"

namespace cats::cpsel::algorithms_of {
namespace {

std::optional<std::string> warning(const Parameters& p, Duration interval) {
  const double t = to_seconds(interval);
  const double kp = p.at("kp") * t;
  const double kd = p.at("kd") / t;
  if (!pid_thrashes(kp, kd)) return std::nullopt;
  return fmt::format(
      "pid-a80: kd/T = {:.3g} is not below 1 − kp·T/2 = {:.3g}: where load follows weights within one interval, "
      "weights "
      "swing",
      kd, 1 - kp / 2);
}

}  // namespace

AlgorithmInfo pid_a80() {
  return {.name = "pid-a80",
          .help = "weights moved by gRPC A80's controller towards equal loads, gains by time",
          .parameters = {{"kp", "none", 0.1, 0, 10, "gain of the error, per second"},
                         {"kd", "none", 1, 0, 10, "gain of the error's slope, in seconds"}},
          .make =
              [](const Parameters& p) {
                return std::make_unique<PidWeights>([kp = p.at("kp"), kd = p.at("kd")](const PidStep& step) {
                  return kp * step.dt_s * step.error + (step.dt_s > 0 ? kd * step.change / step.dt_s : 0);
                });
              },
          .warning = warning};
}

}  // namespace cats::cpsel::algorithms_of
