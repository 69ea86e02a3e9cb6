#include <algorithm>

#include "base/json_fields.h"
#include "load/load.h"
#include "load/pattern_json.h"
#include "load/trace.h"

namespace cats::load {
namespace {

Arrivals evenly_or_not(JsonFields& fields) {
  const auto word = fields.get<std::string>("arrivals");
  if (word == "poisson") return Arrivals::poisson;
  if (word != "constant" && !word.empty()) fields.problem("arrivals", "is \"" + word + "\", not poisson or constant");
  return Arrivals::constant;
}

PersistentLoad persistent(JsonFields& fields) {
  PersistentLoad load{fields.get<unsigned>("sessions"), fields.get<Duration>("interval_ns"), evenly_or_not(fields)};
  if (load.interval <= Duration::zero()) fields.problem("interval_ns", "is not above 0");
  return load;
}

ShortLoad short_sessions(JsonFields& fields) {
  ShortLoad load{fields.get<double>("rate"), read_arrivals(fields), fields.get<unsigned>("requests", 1),
                 fields.get<Duration>("gap_ns", Duration::zero())};
  if (!(load.rate > 0)) fields.problem("rate", "is not above 0");
  if (load.requests == 0) fields.problem("requests", "is 0");
  return load;
}

// The object of that name, or else what stands in its place.
template <class Plain>
RandomDuration drawn(JsonFields& fields, const char* name, Plain plain) {
  if (!fields.has(name)) return plain();
  auto inner = fields.object(name);
  if (inner) return read_random_duration(*inner);
  fields.problem(name, "is null");
  return {};
}

FlowLoad flows(JsonFields& fields) {
  FlowLoad load;
  load.count = fields.get<unsigned>("count");
  load.hosts = fields.get<unsigned>("hosts");
  load.host = fields.get<unsigned>("host");
  load.rate = fields.get<double>("rate");
  load.arrivals = read_arrivals(fields);
  load.duration = drawn(fields, "duration", [&fields] {
    const auto mean = fields.get<Duration>("duration_ns");
    if (mean <= Duration::zero()) fields.problem("duration_ns", "is not above 0");
    return RandomDuration::exponential(mean);
  });
  load.gap = fields.get<Duration>("gap_ns");
  if (load.count == 0) fields.problem("count", "is 0");
  if (load.host >= load.hosts) fields.problem("host", "is not below \"hosts\"");
  if (!(load.rate > 0)) fields.problem("rate", "is not above 0");
  if (load.gap <= Duration::zero()) fields.problem("gap_ns", "is not above 0");
  return load;
}

SourcePorts source_ports(JsonFields& fields) {
  SourcePorts ports{fields.get<std::uint16_t>("first"), fields.get<std::uint16_t>("count")};
  if (ports.first == 0) fields.problem("first", "is 0");
  if (ports.count == 0) fields.problem("count", "is 0");
  if (ports.first + ports.count > 65536) fields.problem("count", "goes beyond port 65535");
  return ports;
}

}  // namespace

Expected<LoadDescription> parse_load(const nlohmann::json& json) {
  JsonFields fields(json, "load");
  static_cast<void>(fields.maybe<std::string>("do"));
  LoadDescription load;
  load.trial = fields.get<std::string>("trial");
  const bool plain = std::ranges::none_of(load.trial, [](char c) { return c == ',' || c == '"' || c < ' '; });
  if (load.trial.empty() || !plain)
    fields.problem("trial", "is empty or holds a comma, a quote or a control character");
  load.seed = fields.get<std::uint64_t>("seed");
  load.service = fields.get<IpAddress>("service");
  load.port = fields.get<std::uint16_t>("port");
  if (auto inner = fields.object("persistent")) load.persistent = persistent(*inner);
  if (auto inner = fields.object("short")) load.short_sessions = short_sessions(*inner);
  if (auto inner = fields.object("flows")) load.flows = flows(*inner);
  if (auto inner = fields.object("source_ports")) load.source_ports = source_ports(*inner);
  load.work = drawn(fields, "work", [&fields] {
    const auto work_us = fields.get<std::uint32_t>("work_us");
    return RandomDuration::fixed(std::chrono::microseconds(work_us));
  });
  if (load.work.mean > kMostWork) fields.problem("work", fmt::format("is above {} s", to_seconds(kMostWork)));
  load.timeout = fields.get<Duration>("timeout_ns");
  load.start = fields.get<Instant>("start_ns");
  load.duration = fields.get<Duration>("duration_ns");
  if (load.timeout <= Duration::zero()) fields.problem("timeout_ns", "is not above 0");
  if (load.duration <= Duration::zero()) fields.problem("duration_ns", "is not above 0");
  if (const auto wrong = fields.finish()) return fail("{}", *wrong);
  return load;
}

nlohmann::ordered_json to_json(const LoadDescription& load) {
  nlohmann::ordered_json json = {
      {"trial", load.trial}, {"seed", load.seed}, {"service", load.service.str()}, {"port", load.port}};
  if (const auto& p = load.persistent)
    json["persistent"] = {
        {"sessions", p->sessions}, {"interval_ns", p->interval.count()}, {"arrivals", to_string(p->arrivals)}};
  if (const auto& s = load.short_sessions) {
    auto& object = json["short"] = {{"rate", s->rate}};
    write_arrivals(s->arrivals, object);
    object["requests"] = s->requests;
    object["gap_ns"] = s->gap.count();
  }
  if (const auto& f = load.flows) {
    auto& object = json["flows"] = {{"count", f->count}, {"hosts", f->hosts}, {"host", f->host}, {"rate", f->rate}};
    write_arrivals(f->arrivals, object);
    if (f->duration.law == RandomDuration::Law::exponential)
      object["duration_ns"] = f->duration.mean.count();
    else
      object["duration"] = to_json(f->duration);
    object["gap_ns"] = f->gap.count();
  }
  if (const auto& ports = load.source_ports) json["source_ports"] = {{"first", ports->first}, {"count", ports->count}};
  if (load.work.law == RandomDuration::Law::deterministic)
    json["work_us"] = std::chrono::round<std::chrono::microseconds>(load.work.mean).count();
  else
    json["work"] = to_json(load.work);
  json["timeout_ns"] = load.timeout.count();
  json["start_ns"] = to_ns(load.start);
  json["duration_ns"] = load.duration.count();
  return json;
}

namespace {

Expected<void> read(RandomDuration& duration, const std::filesystem::path& run_directory) {
  if (duration.law != RandomDuration::Law::trace) return {};
  auto values = read_values(run_directory / duration.file);
  if (!values) return fail("{}", values.error().message);
  duration.set_values(std::move(*values));
  return {};
}

Expected<void> read(ArrivalPattern& pattern, const std::filesystem::path& run_directory) {
  if (pattern.process != Arrivals::trace) return {};
  auto trace = read_trace(run_directory / pattern.file);
  if (!trace) return fail("{}", trace.error().message);
  const Duration last = trace->times->empty() ? Duration{} : trace->times->back();
  if (trace->times->empty() || (pattern.repeat ? *pattern.repeat <= last : last == Duration::zero()))
    return fail("{}: no times, or they end at 0 s, or not before repeat_ns", pattern.file);
  pattern.times = std::move(trace->times);
  return {};
}

}  // namespace

Expected<void> read_traces(LoadDescription& load, const std::filesystem::path& run_directory) {
  if (auto done = read(load.work, run_directory); !done) return done;
  if (load.short_sessions)
    if (auto done = read(load.short_sessions->arrivals, run_directory); !done) return done;
  if (!load.flows) return {};
  if (auto done = read(load.flows->duration, run_directory); !done) return done;
  ArrivalPattern& opens = load.flows->arrivals;
  if (auto done = read(opens, run_directory); !done) return done;
  if (opens.times != nullptr && !opens.repeat && opens.times->size() < load.flows->count)
    return fail("{}: {} times for {} flows", opens.file, opens.times->size(), load.flows->count);
  return {};
}

}  // namespace cats::load
