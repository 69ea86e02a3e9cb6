#include <algorithm>

#include "base/json_fields.h"
#include "emulator/load/load.h"

namespace cats::load {
namespace {

Arrivals arrivals(JsonFields& fields) {
  const auto word = fields.get<std::string>("arrivals");
  if (word == "poisson") return Arrivals::poisson;
  if (word != "constant" && !word.empty()) fields.problem("arrivals", "is \"" + word + "\", not poisson or constant");
  return Arrivals::constant;
}

const char* word_of(Arrivals arrivals) { return arrivals == Arrivals::poisson ? "poisson" : "constant"; }

PersistentLoad persistent(JsonFields& fields) {
  PersistentLoad load{fields.get<unsigned>("sessions"), fields.get<Duration>("interval_ns"), arrivals(fields)};
  if (load.interval <= Duration::zero()) fields.problem("interval_ns", "is not above 0");
  return load;
}

ShortLoad short_sessions(JsonFields& fields) {
  ShortLoad load{fields.get<double>("rate"), arrivals(fields), fields.get<unsigned>("requests", 1),
                 fields.get<Duration>("gap_ns", Duration::zero())};
  if (!(load.rate > 0)) fields.problem("rate", "is not above 0");
  if (load.requests == 0) fields.problem("requests", "is 0");
  return load;
}

FlowLoad flows(JsonFields& fields) {
  FlowLoad load;
  load.count = fields.get<unsigned>("count");
  load.hosts = fields.get<unsigned>("hosts");
  load.host = fields.get<unsigned>("host");
  load.rate = fields.get<double>("rate");
  load.arrivals = arrivals(fields);
  load.duration = fields.get<Duration>("duration_ns");
  load.gap = fields.get<Duration>("gap_ns");
  if (load.count == 0) fields.problem("count", "is 0");
  if (load.host >= load.hosts) fields.problem("host", "is not below \"hosts\"");
  if (!(load.rate > 0)) fields.problem("rate", "is not above 0");
  if (load.duration <= Duration::zero()) fields.problem("duration_ns", "is not above 0");
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
  load.work_us = fields.get<std::uint64_t>("work_us");
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
        {"sessions", p->sessions}, {"interval_ns", p->interval.count()}, {"arrivals", word_of(p->arrivals)}};
  if (const auto& s = load.short_sessions)
    json["short"] = {
        {"rate", s->rate}, {"arrivals", word_of(s->arrivals)}, {"requests", s->requests}, {"gap_ns", s->gap.count()}};
  if (const auto& f = load.flows)
    json["flows"] = {{"count", f->count},
                     {"hosts", f->hosts},
                     {"host", f->host},
                     {"rate", f->rate},
                     {"arrivals", word_of(f->arrivals)},
                     {"duration_ns", f->duration.count()},
                     {"gap_ns", f->gap.count()}};
  if (const auto& ports = load.source_ports) json["source_ports"] = {{"first", ports->first}, {"count", ports->count}};
  json["work_us"] = load.work_us;
  json["timeout_ns"] = load.timeout.count();
  json["start_ns"] = to_ns(load.start);
  json["duration_ns"] = load.duration.count();
  return json;
}

}  // namespace cats::load
