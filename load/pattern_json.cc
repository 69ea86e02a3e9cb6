#include "load/pattern_json.h"

#include <algorithm>
#include <initializer_list>
#include <stdexcept>

namespace cats::load {
namespace {

// The one whose word it is; the first, and a problem, when it is none's.
template <class E>
E one_of_words(JsonFields& fields, const char* key, std::initializer_list<E> all) {
  const auto word = fields.get<std::string>(key);
  const auto found = std::ranges::find_if(all, [&](E each) { return to_string(each) == word; });
  if (found != all.end()) return *found;
  if (!word.empty()) fields.problem(key, "is \"" + word + "\", which is none");
  return *all.begin();
}

void read_shape(JsonFields& fields, ArrivalPattern& pattern) {
  switch (pattern.process) {
    case Arrivals::poisson:
    case Arrivals::constant:
      return;
    case Arrivals::modulated:
      for (JsonFields& state : fields.objects("states"))
        pattern.states.push_back({state.get<double>("level"), state.get<Duration>("stay_ns")});
      return;
    case Arrivals::daily:
      pattern.period = fields.get<Duration>("period_ns");
      for (JsonFields& point : fields.objects("curve"))
        pattern.curve.push_back({point.get<Duration>("at_ns"), point.get<double>("level")});
      return;
    case Arrivals::trace:
      pattern.file = fields.get<std::string>("trace");
      pattern.repeat = fields.maybe<Duration>("repeat_ns");
      return;
  }
}

}  // namespace

ArrivalPattern read_arrivals(JsonFields& fields) {
  using enum Arrivals;
  ArrivalPattern pattern = one_of_words(fields, "arrivals", {poisson, constant, modulated, daily, trace});
  read_shape(fields, pattern);
  try {
    if (pattern.process != trace) make_arrivals(pattern, 1, RandomStream(0, ""), Instant());
  } catch (const std::invalid_argument& error) {
    fields.problem("arrivals", std::string("cannot be: ") + error.what());
  }
  return pattern;
}

void write_arrivals(const ArrivalPattern& pattern, nlohmann::ordered_json& object) {
  object["arrivals"] = to_string(pattern.process);
  for (const ArrivalPattern::State& state : pattern.states)
    object["states"].push_back({{"level", state.level}, {"stay_ns", state.stay.count()}});
  if (pattern.process == Arrivals::daily) object["period_ns"] = pattern.period.count();
  for (const ArrivalPattern::Point& point : pattern.curve)
    object["curve"].push_back({{"at_ns", point.at.count()}, {"level", point.level}});
  if (pattern.process == Arrivals::trace) object["trace"] = pattern.file;
  if (pattern.repeat) object["repeat_ns"] = pattern.repeat->count();
}

RandomDuration read_random_duration(JsonFields& fields) {
  using enum RandomDuration::Law;
  RandomDuration duration;
  duration.law = one_of_words(fields, "distribution", {deterministic, exponential, log_normal, pareto, trace});
  if (duration.law == trace) {
    duration.file = fields.get<std::string>("trace");
    return duration;
  }
  duration.mean = fields.get<Duration>("mean_ns");
  if (duration.law == log_normal) duration.deviation = fields.get<Duration>("deviation_ns");
  if (duration.law == pareto) duration.shape = fields.get<double>("shape");
  try {
    distribution_of(duration);
  } catch (const std::invalid_argument& error) {
    fields.problem("distribution", std::string("cannot be: ") + error.what());
  }
  return duration;
}

nlohmann::ordered_json to_json(const RandomDuration& duration) {
  nlohmann::ordered_json json = {{"distribution", to_string(duration.law)}};
  if (duration.law == RandomDuration::Law::trace) {
    json["trace"] = duration.file;
    return json;
  }
  json["mean_ns"] = duration.mean.count();
  if (duration.law == RandomDuration::Law::log_normal) json["deviation_ns"] = duration.deviation.count();
  if (duration.law == RandomDuration::Law::pareto) json["shape"] = duration.shape;
  return json;
}

}  // namespace cats::load
