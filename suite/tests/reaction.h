// How the C-PS answered a load step: which decision left the loaded instance, on the strength of which sample, and what
// each stage between the step and the kernel's acknowledgement took. Spec 5.3; docs/tests.md.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "suite/report/run_data.h"
#include "suite/tests/steering.h"

namespace cats::suite {

// The stages of a reaction in causal order: step → end of the sampling window → update sent → update received by the
// listener → decision of the decider → acknowledged by the ingress' kernel. Where listener and decider are two nodes
// `decision` holds the order between them (I1), where decider and ingress are, `programming` does.
inline constexpr std::array<std::string_view, 5> kStages{"sampling", "waiting", "distribution", "decision",
                                                         "programming"};

// One load step as one ingress answered it.
struct Reaction {
  LoadStep step;
  std::string ingress;
  // Until the first decision that names another instance and saw a sample whose window ended after the step; nothing
  // when there was none while the load lasted. By kStages, in ns: their sum is the reaction.
  std::optional<std::array<std::int64_t, kStages.size()>> stages;
  // The draft's wording: from the last decision that names the loaded instance to the first that names another, in the
  // kernel.
  std::optional<std::int64_t> delta_t_ns;
  // It left the loaded instance before a sample whose window ended after the step had arrived.
  bool early = false;

  std::int64_t total_ns() const;  // of the stages; stages must be there
};

// By step, then ingress. Throws MeasurementError when an update that a decision used was not logged where it was sent
// or received.
std::vector<Reaction> reactions(const RunData& data, const Trial& trial);

// Changes of the selection by a decision whose inputs tell nothing that the decision before it did not have, since the
// trial's first phase "stable" began. That the controller was lost or came back is something to be told.
int blind_switches(const RunData& data, const Trial& trial);

// Receipt by a listener − sending of every update sent since the trial's first phase "stable" began, in ms.
std::vector<double> distribution_delays_ms(const RunData& data, const Trial& trial);

}  // namespace cats::suite
