#include "load/background.h"

#include "base/json_fields.h"

namespace cats::load {
namespace {

constexpr Duration kTick = std::chrono::milliseconds(100);

ScheduledLoad read_load(JsonFields& fields) {
  ScheduledLoad load;
  const auto shape = fields.get<std::string>("shape");
  load.shape = shape == "ramp"     ? ScheduledLoad::Shape::ramp
               : shape == "square" ? ScheduledLoad::Shape::square
                                   : ScheduledLoad::Shape::step;
  if (shape != "step" && shape != "ramp" && shape != "square")
    fields.problem("shape", "is \"" + shape + "\", not step, ramp or square");
  load.start = fields.get<Duration>("start_ns");
  load.end = fields.maybe<Duration>("end_ns").value_or(Duration::max());
  load.cores = fields.get<double>("cores");
  load.from = fields.get<double>("from");
  load.period = fields.get<Duration>("period_ns");
  load.neighbour = fields.get<bool>("neighbour");
  if (load.start < Duration::zero() || load.end <= load.start) fields.problem("end_ns", "is not after the start");
  if (!(load.cores >= 0 && load.from >= 0)) fields.problem("cores", "is below 0");
  if (load.shape == ScheduledLoad::Shape::ramp && load.end == Duration::max()) fields.problem("end_ns", "is missing");
  if (load.shape == ScheduledLoad::Shape::square && load.period <= Duration::zero())
    fields.problem("period_ns", "is not above 0");
  return load;
}

}  // namespace

double ScheduledLoad::at(Duration since) const {
  if (since < start || since >= end) return 0;
  if (shape == Shape::ramp) return from + (cores - from) * to_seconds(since - start) / to_seconds(end - start);
  if (shape == Shape::square) return (since - start) % period < period / 2 ? cores : 0;
  return cores;
}

Expected<std::vector<ScheduledLoad>> parse_schedule(const nlohmann::json& json) {
  JsonFields fields(json, "");
  static_cast<void>(fields.maybe<std::string>("do"));
  static_cast<void>(fields.maybe<Instant>("start_ns"));
  std::vector<ScheduledLoad> loads;
  for (JsonFields& one : fields.objects("loads")) loads.push_back(read_load(one));
  if (const auto wrong = fields.finish()) return fail("{}", *wrong);
  return loads;
}

void BackgroundSchedule::start(std::vector<ScheduledLoad> loads, Instant begin) {
  loads_ = std::move(loads);
  begin_ = begin;
  timer_->at(begin, [this] { tick(); });
}

void BackgroundSchedule::stop() {
  loads_.clear();
  timer_->cancel();
  set(0, 0);
}

void BackgroundSchedule::tick() {
  const Duration since = scheduler_.now() - begin_;
  double site = 0;
  double neighbour = 0;
  for (const ScheduledLoad& load : loads_) (load.neighbour ? neighbour : site) += load.at(since);
  set(site, neighbour);
  if (loads_.empty()) return;
  timer_->at(begin_ + (since / kTick + 1) * kTick, [this] { tick(); });
}

void BackgroundSchedule::set(double site, double neighbour) {
  if (site == site_ && neighbour == neighbour_) return;
  site_ = site;
  neighbour_ = neighbour;
  changed_(site, neighbour);
}

}  // namespace cats::load
