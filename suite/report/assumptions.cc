#include "suite/report/assumptions.h"

#include <algorithm>
#include <array>

namespace cats::suite {
namespace {

constexpr Assumption kBudget{"one budget for all CPUs",
                             "a site's threads share a quota's period evenly, and what is left of it is lost"};
constexpr Assumption kNoJitter{"no jitter", "timers fire, and processes go on, at their nanosecond"};
constexpr Assumption kWindow{"FRR's window",
                             "each router tells what has changed a constant time after the first change"};
constexpr Assumption kReceipt{"constant receipt",
                              "from an UPDATE's arrival to a router's table it takes 350 us at any load"};
constexpr Assumption kAgents{"agents' constant times",
                             "collecting and deciding take the same time for every update, at any load"};
constexpr Assumption kProgramming{"constant programming",
                                  "a decision is in the flow table a constant time after it was made"};
constexpr Assumption kSessionTable{"exact session timer",
                                   "an entry is gone exactly its timer after the connection was closed"};
constexpr Assumption kHash{"another multipath hash",
                           "the same connections go to other sites than by the kernel's hash"};
constexpr Assumption kCommands{"commands take no time", "a load step meets another moment of the interval T"};
constexpr Assumption kAccounting{"exact accounting",
                                 "CPU time is known at every instant, not when the kernel has summed it up"};

constexpr std::array kAll{kBudget,      kNoJitter,     kWindow, kReceipt,  kAgents,
                          kProgramming, kSessionTable, kHash,   kCommands, kAccounting};

struct Rule {
  std::string_view test;
  std::string_view figure;  // with '*' at one end: whatever stands there
  const Assumption* assumption;
  std::string_view mode = {};       // only of entries in that mode; empty: of any
  std::string_view algorithm = {};  // likewise
};

constexpr std::string_view kDistributed = "distributed";

// The first that fits. Only what the assumption touches directly: a sum of stages is not explained by one of them.
constexpr std::array kRules{
    Rule{"collection", "collection_error_points", &kAccounting},
    Rule{"collection", "published_error_points", &kAccounting},
    Rule{"metric-distribution", "interval_error_ms*", &kNoJitter},
    Rule{"metric-distribution", "age_ms.max", &kNoJitter},
    Rule{"metric-distribution", "distribution_delay_ms", &kWindow, kDistributed},
    Rule{"metric-distribution", "distribution_delay_ms.bgp", &kWindow},
    Rule{"metric-distribution", "distribution_delay_ms.*", &kReceipt, kDistributed},
    Rule{"session-continuity", "longest_stall_ms", &kNoJitter},
    Rule{"session-continuity", "steering_delay_ms", &kCommands},
    Rule{"session-continuity", "loaded_share", &kCommands},
    Rule{"session-continuity", "aging_error_ms", &kSessionTable},
    Rule{"service-latency", "*.p99.9", &kNoJitter},
    Rule{"service-latency", "latency_ms.*", &kBudget},
    Rule{"service-latency", "sla_share.*", &kBudget},
    Rule{"service-latency", "reaction_ms.waiting", &kAgents},
    Rule{"service-latency", "reaction_ms.distribution", &kWindow, kDistributed},
    Rule{"service-latency", "reaction_ms.decision", &kAgents},
    Rule{"service-latency", "reaction_ms.programming", &kProgramming},
    Rule{"utilization", "*.ecmp", &kHash},
    Rule{"utilization", "bias_ratio", &kHash},
    Rule{"utilization", "offered_bias_ratio", &kHash},
    Rule{"lb-variance", "var*", &kHash, {}, "ecmp"},
    Rule{"lb-variance", "imbalance*", &kHash, {}, "ecmp"},
    Rule{"lb-variance", "peak_*", &kHash, {}, "ecmp"},
    Rule{"lb-variance", "flows.*", &kHash, {}, "ecmp"},
};

bool fits(std::string_view pattern, std::string_view figure) {
  if (pattern.starts_with('*')) return figure.ends_with(pattern.substr(1));
  if (pattern.ends_with('*')) return figure.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern == figure;
}

}  // namespace

std::span<const Assumption> assumptions() { return kAll; }

const Assumption* assumption_for(const TestResult& entry, std::string_view figure) {
  const auto rule = std::ranges::find_if(kRules, [&](const Rule& one) {
    return one.test == entry.name && fits(one.figure, figure) && (one.mode.empty() || one.mode == entry.mode) &&
           (one.algorithm.empty() || one.algorithm == entry.algorithm);
  });
  return rule == kRules.end() ? nullptr : rule->assumption;
}

}  // namespace cats::suite
