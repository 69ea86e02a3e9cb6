// Test traffic of an edge server manager (docs/control.md, `burst`): updates that no edge server sent, at a steady
// rate, for tests that load whoever follows the manager.
#pragma once

#include <cstddef>
#include <cstdint>

#include <nlohmann/json.hpp>

#include "base/argument.h"
#include "base/clock.h"

namespace cats::collectors {

struct SyntheticBurst {
  // Sequence numbers are beyond those of any edge server.
  static constexpr std::uint32_t kFirstSequence = 1'000'000'000;
  static constexpr double kHighestRate = 1'000'000;
  static constexpr Duration kLongest = std::chrono::seconds(25);

  double rate = 0;        // updates a second
  std::size_t batch = 0;  // updates of an event, each of another instance
  Duration length{};
  Instant start;
  std::uint32_t first = kFirstSequence;
  std::uint64_t messages = 0;  // events that were published
  Duration late{};             // longest time from when an event was due to when it was published

  // Of the command. Throws UsageError naming the argument.
  static SyntheticBurst of(const nlohmann::json& request, std::size_t instances) {
    SyntheticBurst burst;
    burst.rate = argument<double>(request, "rate");
    burst.batch = argument<std::size_t>(request, "batch");
    burst.length = Duration(argument<std::int64_t>(request, "duration_ns"));
    if (!(burst.rate > 0 && burst.rate <= kHighestRate)) throw UsageError("\"rate\": is not above 0 and up to 1000000");
    if (burst.batch == 0 || burst.batch > instances)
      throw UsageError(fmt::format("\"batch\": {} is not from 1 to {}, an instance each", burst.batch, instances));
    if (burst.length <= Duration(0) || burst.length > kLongest) throw UsageError("\"duration_ns\": is not up to 25 s");
    return burst;
  }

  Instant end() const { return start + length; }
  // When the next event is.
  Instant due() const {
    return start + from_seconds(static_cast<double>(batch) / rate) * static_cast<std::int64_t>(messages);
  }
  // The event `burst`, and the reply.
  nlohmann::ordered_json to_json() const {
    return {{"rate", rate},           {"batch", batch},
            {"messages", messages},   {"updates", messages * batch},
            {"first_seq", first},     {"started_ns", to_ns(start)},
            {"late_ns", late.count()}};
  }
};

}  // namespace cats::collectors
