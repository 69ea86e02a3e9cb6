// How a load's arrivals and durations are drawn, as scenarios (`workload` of docs/scenario-format.md) and load
// descriptions say it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "load/arrival_process.h"
#include "load/distribution.h"

namespace cats::load {

// The folder of a run directory with copies of the traces that its loads play.
inline constexpr const char* kTraces = "traces";
// "/somewhere/bursts.csv" → "traces/bursts.csv"
std::string in_run_directory(const std::string& trace);

enum class Arrivals : std::uint8_t { poisson, constant, modulated, daily, trace };
const char* to_string(Arrivals arrivals);  // "poisson"

// When things arrive whose mean rate is given beside it. Levels are relative to each other: a level that is twice
// another is twice its rate.
struct ArrivalPattern {
  struct State {
    double level = 0;  // ≥ 0, one of them above 0
    Duration stay{};   // mean, exponential; above 0
  };
  struct Point {
    Duration at{};     // ascending, below `period`
    double level = 0;  // ≥ 0, one of them above 0
  };

  Arrivals process = Arrivals::poisson;
  std::vector<State> states = {};                                // of modulated, visited in turn
  Duration period{};                                             // of daily: how long a day takes
  std::vector<Point> curve = {};                                 // of daily, straight between its points
  std::string file = {};                                         // of trace
  std::optional<Duration> repeat = {};                           // of trace: it is played again every so often
  std::shared_ptr<const std::vector<Duration>> times = nullptr;  // of trace, once it was read

  ArrivalPattern() = default;
  ArrivalPattern(Arrivals one) : process(one) {}  // implicit: a process that needs nothing but a rate
};

// `rate` is the mean per second: a trace is played faster or slower so that it is (mean_rate). Throws
// std::invalid_argument for what is out of range, or a trace that was not read.
std::unique_ptr<ArrivalProcess> make_arrivals(const ArrivalPattern& pattern, double rate, RandomStream random,
                                              Instant begin);
// The mean rate of a trace per second, up to `repeat` or else its last time; that must be above 0.
double mean_rate(const std::vector<Duration>& times, const std::optional<Duration>& repeat);

struct RandomDuration {
  enum class Law : std::uint8_t { deterministic, exponential, log_normal, pareto, trace };

  Law law = Law::deterministic;
  Duration mean{};        // of a trace that of its values, once it was read
  Duration deviation{};   // of log_normal: standard deviation of the duration, above 0
  double shape = 0;       // of pareto, above 1; no variance up to 2
  std::string file = {};  // of trace
  std::shared_ptr<const std::vector<double>> values = nullptr;  // of trace, once it was read: seconds

  static RandomDuration fixed(Duration value);
  static RandomDuration exponential(Duration mean);
  void set_values(std::shared_ptr<const std::vector<double>> read);  // of a trace; not empty
};
const char* to_string(RandomDuration::Law law);  // "log-normal"

// In seconds. Throws as make_arrivals.
Distribution distribution_of(const RandomDuration& duration);

// For people: "200us", "pareto with mean 200us and shape 1.5"; "poisson",
// "modulated: 1 for 2s, 10 for 200ms".
std::string text_of(const RandomDuration& duration);
std::string text_of(const ArrivalPattern& pattern);

}  // namespace cats::load
