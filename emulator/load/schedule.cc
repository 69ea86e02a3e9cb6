#include <fmt/format.h>

#include "emulator/load/load.h"

namespace cats::load {

PersistentSchedule::PersistentSchedule(const LoadDescription& load, const std::string& host, unsigned session)
    : load_(*load.persistent),
      end_(load.end()),
      random_(load.seed, fmt::format("load/{}/persistent/{}", host, session)),
      next_(load.start + from_seconds(random_.uniform() * to_seconds(load_.interval))) {}

std::optional<Instant> PersistentSchedule::next() {
  if (next_ >= end_) return std::nullopt;
  const Instant now = next_;
  next_ += load_.arrivals == Arrivals::constant ? load_.interval
                                                : from_seconds(random_.exponential(to_seconds(load_.interval)));
  return now;
}

ShortSchedule::ShortSchedule(const LoadDescription& load, const std::string& host)
    : load_(*load.short_sessions),
      start_(load.start),
      end_(load.end()),
      random_(load.seed, fmt::format("load/{}/short", host)),
      at_(load_.arrivals == Arrivals::constant ? random_.uniform() / load_.rate : random_.exponential(1 / load_.rate)) {
}

std::optional<Instant> ShortSchedule::next() {
  const Instant now = start_ + from_seconds(at_);
  if (now >= end_) return std::nullopt;
  at_ += load_.arrivals == Arrivals::constant ? 1 / load_.rate : random_.exponential(1 / load_.rate);
  return now;
}

std::vector<Flow> draw_flows(const LoadDescription& load) {
  const FlowLoad& shape = *load.flows;
  RandomStream opens(load.seed, "load/flows/opens");
  RandomStream lives(load.seed, "load/flows/lives");
  const bool constant = shape.arrivals == Arrivals::constant;
  std::vector<Flow> flows;
  double at = constant ? opens.uniform() / shape.rate : opens.exponential(1 / shape.rate);
  for (unsigned i = 0; i < shape.count; ++i) {
    const Instant start = load.start + from_seconds(at);
    flows.push_back({start, start + from_seconds(lives.exponential(to_seconds(shape.duration)))});
    at += constant ? 1 / shape.rate : opens.exponential(1 / shape.rate);
  }
  return flows;
}

}  // namespace cats::load
