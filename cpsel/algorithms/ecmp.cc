// The baseline without a C-PS: the router's own multipath route hashes each flow onto a next hop.
#include "cpsel/registry.h"

namespace cats::cpsel::algorithms_of {
namespace {

class Ecmp final : public Algorithm {
  Choice choose(const Snapshot&) override { return {true, {}}; }
};

}  // namespace

AlgorithmInfo ecmp() {
  return {.name = "ecmp",
          .help = "the kernel's multipath route: a hash of the 5-tuple, no C-PS",
          .parameters = {},
          .ignores_metrics = true,
          .equal_weights = true,
          .make = [](const Parameters&) { return std::make_unique<Ecmp>(); }};
}

}  // namespace cats::cpsel::algorithms_of
