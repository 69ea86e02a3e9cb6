#include "load/patterns.h"

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "base/yaml.h"

namespace cats::load {
namespace {

std::unique_ptr<ArrivalProcess> modulated(const ArrivalPattern& pattern, double rate, RandomStream random,
                                          Instant begin) {
  double weighted = 0;
  double time = 0;
  for (const ArrivalPattern::State& state : pattern.states) {
    weighted += state.level * to_seconds(state.stay);
    time += to_seconds(state.stay);
  }
  if (!(weighted > 0)) throw std::invalid_argument("modulated arrivals: no level is above 0");
  std::vector<MmppState> states;
  for (const ArrivalPattern::State& state : pattern.states)
    states.push_back({state.level * rate * time / weighted, to_seconds(state.stay)});
  return mmpp_arrivals(std::move(states), random, begin);
}

std::unique_ptr<ArrivalProcess> daily(const ArrivalPattern& pattern, double rate, RandomStream random, Instant begin) {
  const auto& curve = pattern.curve;
  double area = 0;
  for (std::size_t i = 0; i < curve.size(); ++i) {
    const bool last = i + 1 == curve.size();
    const ArrivalPattern::Point& next = curve[last ? 0 : i + 1];
    const Duration length = next.at + (last ? pattern.period : Duration::zero()) - curve[i].at;
    area += (curve[i].level + next.level) / 2 * to_seconds(length);
  }
  if (!(area > 0)) throw std::invalid_argument("daily arrivals: no level is above 0");
  const double mean = area / to_seconds(pattern.period);
  std::vector<CurvePoint> points;
  for (const ArrivalPattern::Point& point : curve) points.push_back({point.at, point.level * rate / mean});
  return curve_arrivals(points, pattern.period, random, begin);
}

std::unique_ptr<ArrivalProcess> played(const ArrivalPattern& pattern, double rate, Instant begin) {
  if (pattern.times == nullptr) throw std::invalid_argument("trace arrivals: the trace was not read");
  const double slower = mean_rate(*pattern.times, pattern.repeat) / rate;
  if (slower == 1) return trace_arrivals(pattern.times, begin, pattern.repeat);
  const auto scaled = [slower](Duration time) { return duration_of_ns(static_cast<double>(time.count()) * slower); };
  auto times = std::make_shared<std::vector<Duration>>();
  for (const Duration time : *pattern.times) times->push_back(scaled(time));
  std::optional<Duration> repeat;
  if (pattern.repeat) repeat = std::max(scaled(*pattern.repeat), times->back() + Duration(1));
  return trace_arrivals(std::move(times), begin, repeat);
}

}  // namespace

std::string in_run_directory(const std::string& trace) {
  return (std::filesystem::path(kTraces) / std::filesystem::path(trace).filename()).string();
}

const char* to_string(Arrivals arrivals) {
  switch (arrivals) {
    case Arrivals::poisson:
      return "poisson";
    case Arrivals::constant:
      return "constant";
    case Arrivals::modulated:
      return "modulated";
    case Arrivals::daily:
      return "daily";
    case Arrivals::trace:
      return "trace";
  }
  return "";
}

const char* to_string(RandomDuration::Law law) {
  switch (law) {
    case RandomDuration::Law::deterministic:
      return "deterministic";
    case RandomDuration::Law::exponential:
      return "exponential";
    case RandomDuration::Law::log_normal:
      return "log-normal";
    case RandomDuration::Law::pareto:
      return "pareto";
    case RandomDuration::Law::trace:
      return "trace";
  }
  return "";
}

std::unique_ptr<ArrivalProcess> make_arrivals(const ArrivalPattern& pattern, double rate, RandomStream random,
                                              Instant begin) {
  switch (pattern.process) {
    case Arrivals::poisson:
      return poisson_arrivals(rate, random, begin);
    case Arrivals::constant:
      return constant_arrivals(rate, random, begin);
    case Arrivals::modulated:
      return modulated(pattern, rate, random, begin);
    case Arrivals::daily:
      return daily(pattern, rate, random, begin);
    case Arrivals::trace:
      break;
  }
  return played(pattern, rate, begin);
}

double mean_rate(const std::vector<Duration>& times, const std::optional<Duration>& repeat) {
  return static_cast<double>(times.size()) / to_seconds(repeat.value_or(times.empty() ? Duration{} : times.back()));
}

RandomDuration RandomDuration::fixed(Duration value) {
  RandomDuration duration;
  duration.mean = value;
  return duration;
}

RandomDuration RandomDuration::exponential(Duration mean) {
  RandomDuration duration = fixed(mean);
  duration.law = Law::exponential;
  return duration;
}

void RandomDuration::set_values(std::shared_ptr<const std::vector<double>> read) {
  values = std::move(read);
  mean = duration_of_ns(distribution_of(*this).mean() * 1e9);
}

Distribution distribution_of(const RandomDuration& duration) {
  const double mean_s = to_seconds(duration.mean);
  switch (duration.law) {
    case RandomDuration::Law::deterministic:
      return Distribution::deterministic(mean_s);
    case RandomDuration::Law::exponential:
      return Distribution::exponential(mean_s);
    case RandomDuration::Law::log_normal:
      return Distribution::lognormal(mean_s, to_seconds(duration.deviation));
    case RandomDuration::Law::pareto:
      return Distribution::pareto(mean_s, duration.shape);
    case RandomDuration::Law::trace:
      break;
  }
  return Distribution::replay(duration.values);
}

std::string text_of(const RandomDuration& duration) {
  std::string mean = yaml::to_text(duration.mean);
  switch (duration.law) {
    case RandomDuration::Law::deterministic:
      return mean;
    case RandomDuration::Law::exponential:
      return "exponential with mean " + mean;
    case RandomDuration::Law::log_normal:
      return fmt::format("log-normal with mean {} and deviation {}", mean, yaml::to_text(duration.deviation));
    case RandomDuration::Law::pareto:
      return fmt::format("pareto with mean {} and shape {:g}", mean, duration.shape);
    case RandomDuration::Law::trace:
      break;
  }
  return fmt::format("{}, with mean {}", duration.file, mean);
}

std::string text_of(const ArrivalPattern& pattern) {
  std::string parts;
  const auto add = [&parts](const std::string& part) { parts += (parts.empty() ? "" : ", ") + part; };
  for (const ArrivalPattern::State& state : pattern.states)
    add(fmt::format("{:g} for {}", state.level, yaml::to_text(state.stay)));
  for (const ArrivalPattern::Point& point : pattern.curve)
    add(fmt::format("{:g} at {}", point.level, yaml::to_text(point.at)));
  if (pattern.process == Arrivals::daily) add("again every " + yaml::to_text(pattern.period));
  if (pattern.process == Arrivals::trace) add(pattern.file);
  if (pattern.repeat) add("again every " + yaml::to_text(*pattern.repeat));
  return to_string(pattern.process) + (parts.empty() ? "" : ": " + parts);
}

}  // namespace cats::load
