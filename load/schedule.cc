#include <algorithm>

#include <fmt/format.h>

#include "base/ziggurat.h"
#include "load/load.h"

namespace cats::load {

PersistentSchedule::PersistentSchedule(const LoadDescription& load, const std::string& host, unsigned session)
    : load_(*load.persistent),
      end_(load.end()),
      random_(load.seed, fmt::format("load/{}/persistent/{}", host, session)),
      next_(load.start + from_seconds(random_.uniform() * to_seconds(load_.interval))) {}

std::optional<Instant> PersistentSchedule::next() {
  if (next_ >= end_) return std::nullopt;
  const Instant now = next_;
  next_ += load_.arrivals == Arrivals::constant
               ? load_.interval
               : duration_of_ns(static_cast<double>(load_.interval.count()) * standard_exponential(random_));
  return now;
}

ShortSchedule::ShortSchedule(const LoadDescription& load, const std::string& host)
    : end_(load.end()),
      arrivals_(make_arrivals(load.short_sessions->arrivals, load.short_sessions->rate,
                              RandomStream(load.seed, fmt::format("load/{}/short", host)), load.start)) {}

std::optional<Instant> ShortSchedule::next() {
  const auto now = arrivals_->next();
  return now && *now < end_ ? now : std::nullopt;
}

std::vector<Flow> draw_flows(const LoadDescription& load) {
  const FlowLoad& shape = *load.flows;
  const auto opens = make_arrivals(shape.arrivals, shape.rate, RandomStream(load.seed, "load/flows/opens"), load.start);
  RandomStream random(load.seed, "load/flows/lives");
  Distribution lives = distribution_of(shape.duration).begun_anywhere(random);
  std::vector<Flow> flows;
  while (flows.size() < shape.count) {
    const auto start = opens->next();
    if (!start) break;
    flows.push_back({*start, *start + lives.draw_duration(random)});
  }
  return flows;
}

WorkDraws::WorkDraws(const Distribution& work, std::uint64_t seed, const std::string& stream)
    : random_(seed, stream), work_(work.begun_anywhere(random_)) {}

Duration WorkDraws::next() {
  return std::min<Duration>(std::chrono::round<std::chrono::microseconds>(work_.draw_duration(random_)), kMostWork);
}

}  // namespace cats::load
