#include "scenarios/read_workload.h"

#include <algorithm>
#include <utility>

#include "scenarios/values.h"

namespace cats::scenarios {
namespace {

using namespace std::chrono_literals;
using load::ArrivalPattern;
using load::RandomDuration;

constexpr Duration kDay = 24h;
constexpr double kHighestLevel = 1e6;

// Sessions of a kind that are given, and not as `none` (an entry of `tests` takes away what the file has).
bool wanted(const yaml::Reader& sessions) {
  return sessions.present() && (sessions.is_map() || sessions.string() != "none");
}

int read_count(const yaml::Reader& reader, int fallback, int most) {
  return static_cast<int>(reader.integer(fallback, 1, most));
}

// An example of a process that needs more than its name.
const char* example_of(Arrivals process) {
  switch (process) {
    case Arrivals::modulated:
      return "{process: modulated, states: [{level: 1, stay: 2s}, {level: 10, stay: 200ms}]}";
    case Arrivals::daily:
      return "{process: daily, period: 60s, curve: [{at: 4h, level: 1}, {at: 20h, level: 5}]}";
    case Arrivals::trace:
      return "{process: trace, file: arrivals.csv}";
    case Arrivals::poisson:
    case Arrivals::constant:
      break;
  }
  return "";
}

class WorkloadReader {
 public:
  WorkloadReader(TraceFiles& traces, std::vector<Trace>& used) : traces_(traces), used_(used) {}

  ArrivalPattern arrivals(const yaml::Reader& reader, Arrivals fallback) {
    if (!reader.is_map()) return plain_arrivals(reader, fallback);
    using enum Arrivals;
    ArrivalPattern pattern =
        read_choice(reader.open_map().at("process"), {poisson, constant, modulated, daily, trace}, fallback);
    switch (pattern.process) {
      case poisson:
      case constant:
        reader.map({"process"});
        break;
      case modulated:
        read_states(reader.map({"process", "states"}).at("states"), pattern);
        break;
      case daily:
        read_curve(reader.map({"process", "period", "curve"}), pattern);
        break;
      case trace:
        read_times(reader.map({"process", "file", "repeat"}), pattern);
        break;
    }
    return pattern;
  }

  // The mean rate: without one a trace has its own.
  static double mean_rate(const yaml::Reader& reader, const ArrivalPattern& pattern, double fallback) {
    const bool own = pattern.times != nullptr && !reader.present();
    return own ? load::mean_rate(*pattern.times, pattern.repeat) : read_rate(reader, fallback, 0.01, 10000);
  }

  // `plain`: what a duration alone means, and the default.
  RandomDuration duration(const yaml::Reader& reader, RandomDuration plain, Duration least, Duration most) {
    if (!reader.is_map()) {
      plain.mean = read_duration(reader, plain.mean, least, most);
      return plain;
    }
    using enum RandomDuration::Law;
    RandomDuration read;
    read.law = read_choice(reader.open_map().at("distribution"),
                           {deterministic, exponential, log_normal, pareto, trace}, plain.law);
    if (read.law == trace) {
      read_values(reader.map({"distribution", "file"}).at("file"), read, least, most);
      return read;
    }
    const yaml::Map map = read.law == log_normal ? reader.map({"distribution", "mean", "deviation"})
                          : read.law == pareto   ? reader.map({"distribution", "mean", "shape"})
                                                 : reader.map({"distribution", "mean"});
    const Duration smallest = read.law == deterministic ? least : std::max<Duration>(least, 1us);
    read.mean = read_duration(map.at("mean"), std::max<Duration>(plain.mean, 1us), smallest, most);
    if (read.law == log_normal) read.deviation = read_duration(map.at("deviation"), read.mean, 1us, 1h);
    if (read.law == pareto) read.shape = map.at("shape").number(2.5, 1.01, 100);
    return read;
  }

 private:
  static Arrivals plain_arrivals(const yaml::Reader& reader, Arrivals fallback) {
    for (const Arrivals process : {Arrivals::modulated, Arrivals::daily, Arrivals::trace}) {
      if (!reader.present() || reader.text() != to_string(process)) continue;
      reader.complain(fmt::format("\"{}\" needs to know more: write such as {}", reader.text(), example_of(process)));
      return fallback;
    }
    return read_choice(reader, {Arrivals::constant, Arrivals::poisson}, fallback);
  }

  static double read_level(const yaml::Reader& reader) { return reader.number(1, 0, kHighestLevel); }

  template <class Part>
  static void check_levels(const yaml::Reader& list, const std::vector<Part>& parts) {
    if (!list.is_list()) return;
    if (parts.size() < 2) list.complain("write at least two: one alone is poisson");
    if (std::ranges::none_of(parts, [](const Part& part) { return part.level > 0; }))
      list.complain("a level must be above 0");
  }

  static void read_states(const yaml::Reader& list, ArrivalPattern& pattern) {
    for (const yaml::Reader& element : list.list()) {
      const yaml::Map map = element.map({"level", "stay"});
      ArrivalPattern::State& state = pattern.states.emplace_back();
      state.level = read_level(map.at("level"));
      state.stay = read_duration(map.at("stay"), 1s, 1ms, kDay);
    }
    check_levels(list, pattern.states);
  }

  // `at` is a time of the day, which takes `period`.
  static void read_curve(const yaml::Map& map, ArrivalPattern& pattern) {
    pattern.period = read_duration(map.at("period"), 1min, 1s, kDay);
    const double scale = to_seconds(pattern.period) / to_seconds(kDay);
    const yaml::Reader list = map.at("curve");
    for (const yaml::Reader& element : list.list()) {
      const yaml::Map keys = element.map({"at", "level"});
      const yaml::Reader at = keys.at("at");
      ArrivalPattern::Point point;
      point.level = read_level(keys.at("level"));
      point.at = load::duration_of_ns(static_cast<double>(read_duration(at, 0s, 0s, kDay).count()) * scale);
      if (point.at >= pattern.period) at.complain(fmt::format("{} is not within a day: that is 0s", at.text()));
      if (at.present() && !pattern.curve.empty() && point.at <= pattern.curve.back().at)
        at.complain(fmt::format("{} is not after the point before it", at.text()));
      pattern.curve.push_back(point);
    }
    check_levels(list, pattern.curve);
  }

  void read_times(const yaml::Map& map, ArrivalPattern& pattern) {
    const yaml::Reader file = map.at("file");
    const yaml::Reader repeat = map.get("repeat");
    pattern.file = file.string();
    if (repeat.present()) pattern.repeat = read_duration(repeat, 1h, 1ms, kDay);
    pattern.times = traces_.times(file, used_);
    if (pattern.times == nullptr) return;
    const Duration last = pattern.times->back();
    if (pattern.repeat && *pattern.repeat <= last)
      repeat.complain(
          fmt::format("{} is not after the last time of {}, {}", repeat.text(), pattern.file, yaml::to_text(last)));
    if (!pattern.repeat && last == 0s)
      file.complain(
          fmt::format("{}: all its times are 0: write after what time it is played again, as repeat", pattern.file));
  }

  void read_values(const yaml::Reader& file, RandomDuration& read, Duration least, Duration most) {
    read.file = file.string();
    const auto values = traces_.values(file, used_);
    if (values == nullptr) return;
    read.set_values(values);
    const double longest = *std::ranges::max_element(*values);
    if (longest > to_seconds(most))
      file.complain(fmt::format("{} has a value of {} s: allowed are 0 to {} s", read.file, longest, to_seconds(most)));
    else if (read.mean < least)
      file.complain(fmt::format("{} has a mean of {}: allowed is {} or more", read.file, yaml::to_text(read.mean),
                                yaml::to_text(least)));
  }

  TraceFiles& traces_;
  std::vector<Trace>& used_;
};

Workload::Persistent read_persistent(const yaml::Map& map) {
  Workload::Persistent sessions;
  sessions.sessions = read_count(map.at("sessions"), 1, 10000);
  sessions.interval = read_duration(map.at("interval"), 1s, 1ms, 1h);
  sessions.arrivals = read_choice(map.get("arrivals"), {Arrivals::constant, Arrivals::poisson}, Arrivals::constant);
  return sessions;
}

Workload::Short read_short(const yaml::Map& map, WorkloadReader& workload) {
  Workload::Short sessions;
  sessions.arrivals = workload.arrivals(map.get("arrivals"), Arrivals::poisson);
  const bool has_its_own = sessions.arrivals.process == Arrivals::trace;
  sessions.rate = WorkloadReader::mean_rate(has_its_own ? map.get("rate") : map.at("rate"), sessions.arrivals, 1);
  sessions.requests = read_count(map.get("requests"), 1, 10000);
  sessions.interval = read_duration(map.get("interval"), 0s, 0s, 1h);
  return sessions;
}

Workload::Flows read_flows(const yaml::Map& map, WorkloadReader& workload) {
  Workload::Flows flows;
  flows.count = read_count(map.get("count"), flows.count, 20000);
  flows.arrivals = workload.arrivals(map.get("arrivals"), Arrivals::poisson);
  flows.rate = WorkloadReader::mean_rate(map.get("rate"), flows.arrivals, flows.rate);
  flows.duration = workload.duration(map.get("duration"), flows.duration, 1ms, 1h);
  flows.interval = read_duration(map.get("interval"), flows.interval, 1ms, 1h);
  const auto& times = flows.arrivals.times;
  if (times != nullptr && !flows.arrivals.repeat && std::ssize(*times) < flows.count)
    map.get("arrivals")
        .complain(fmt::format("{} has {} times for {} flows: write repeat, or a lower count", flows.arrivals.file,
                              times->size(), flows.count));
  return flows;
}

}  // namespace

Workload read_workload(const yaml::Reader& reader, TraceFiles& traces) {
  const yaml::Map map = reader.map({"persistent", "short", "flows", "work", "timeout"});
  Workload workload;
  WorkloadReader parts(traces, workload.traces);
  if (const yaml::Reader given = map.get("persistent"); wanted(given))
    workload.persistent = read_persistent(given.map({"sessions", "interval", "arrivals"}));
  if (const yaml::Reader given = map.get("short"); wanted(given))
    workload.brief = read_short(given.map({"rate", "arrivals", "requests", "interval"}), parts);
  if (const yaml::Reader given = map.get("flows"))
    workload.flows = read_flows(given.map({"count", "rate", "arrivals", "duration", "interval"}), parts);
  workload.work = parts.duration(map.get("work"), RandomDuration::fixed(200us), 0s, 10s);
  workload.timeout = read_duration(map.get("timeout"), 2s, 10ms, 10min);
  return workload;
}

ArrivalPattern read_arrivals(const yaml::Reader& reader, Arrivals fallback, TraceFiles& traces,
                             std::vector<Trace>& used) {
  return WorkloadReader(traces, used).arrivals(reader, fallback);
}

RandomDuration read_random_duration(const yaml::Reader& reader, const RandomDuration& plain, Duration least,
                                    Duration most, TraceFiles& traces, std::vector<Trace>& used) {
  return WorkloadReader(traces, used).duration(reader, plain, least, most);
}

void warn_of_workload(const Workload& workload, std::vector<std::string>& warnings) {
  const auto look_at = [&](const char* key, const RandomDuration& duration) {
    if (duration.law == RandomDuration::Law::pareto && duration.shape <= 2)
      warnings.push_back(
          fmt::format("workload.{}: a Pareto distribution of shape {:g} has no variance: what few trials measure is "
                      "mostly their longest",
                      key, duration.shape));
  };
  look_at("work", workload.work);
  look_at("flows.duration", workload.flows.duration);
}

}  // namespace cats::scenarios
