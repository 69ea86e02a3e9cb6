#include "load/sessions.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace cats::load {
namespace {

NextRequest requests_of(const ShortLoad& shape, Instant opens, Instant end, WorkDraws work) {
  return [count = shape.requests, gap = shape.gap, opens, end, work = std::move(work),
          taken = 0U]() mutable -> std::optional<Due> {
    const Instant when = opens + taken * gap;
    if (taken++ == count || when >= end) return std::nullopt;
    return Due{when, work.next()};
  };
}

NextRequest requests_of(const FlowLoad& shape, const Flow& flow, WorkDraws work) {
  return [gap = shape.gap, flow, work = std::move(work), due = flow.opens]() mutable -> std::optional<Due> {
    const Instant when = std::exchange(due, due + gap);
    if (when >= flow.ends && when != flow.opens) return std::nullopt;
    return Due{when, work.next()};
  };
}

}  // namespace

nlohmann::ordered_json to_json(const LoadCounts& counts) {
  return {{"offered", counts.offered}, {"sent", counts.sent}, {"answered", counts.answered}};
}

nlohmann::ordered_json to_json(const LoadStatus& status) {
  nlohmann::ordered_json json = {{"running", status.running}, {"trial", status.trial}};
  json.update(to_json(status.counts));
  json["open_sessions"] = status.open_sessions;
  json["latency_ms"] = nullptr;
  if (const Histogram& h = status.latency; h.count() > 0)
    json["latency_ms"] = {{"p50", to_ms(h.percentile(0.5))},
                          {"p90", to_ms(h.percentile(0.9))},
                          {"p99", to_ms(h.percentile(0.99))},
                          {"max", to_ms(h.max())}};
  return json;
}

Expected<void> can_start(const LoadDescription& load, Instant now, const std::optional<IpAddress>& source) {
  if (load.start < now) return fail("start_ns has passed {:.1f} ms ago", to_ms(now - load.start));
  if (source && source->is_v4() != load.service.is_v4())
    return fail("{} is not reached from {}: not the same family", load.service, *source);
  return {};
}

Run::Run(LoadDescription load, std::string host, std::uint64_t sessions_before, Samples& samples)
    : load_(std::move(load)),
      work_(distribution_of(load_.work)),
      host_(std::move(host)),
      sessions_before_(sessions_before),
      samples_(samples),
      stop_(load_.end()) {}

Duration Run::patience(Instant now) const {
  return std::min(load_.timeout, std::max(drained_by() - now, Duration(1'000'000)));
}

// `session`: "<host>/work/persistent/<number>", "<host>/work/short/<number>", "flows/work/<number>", numbers by kind.
WorkDraws Run::work_of(const std::string& session) const { return {work_, load_.seed, "load/" + session}; }

std::vector<Session> Run::persistent() const {
  std::vector<Session> sessions;
  for (unsigned i = 0; load_.persistent && i < load_.persistent->sessions; ++i) {
    Session session;
    session.kind = "persistent";
    session.next = [schedule = PersistentSchedule(load_, host_, i),
                    work = work_of(fmt::format("{}/work/persistent/{}", host_, i))]() mutable -> std::optional<Due> {
      const auto when = schedule.next();
      if (!when) return std::nullopt;
      return Due{*when, work.next()};
    };
    session.stays_until = load_.end() - Duration(1);
    sessions.push_back(std::move(session));
  }
  return sessions;
}

std::vector<NextOpening> Run::openings() const {
  std::vector<NextOpening> lists;
  if (load_.short_sessions)
    lists.emplace_back([this, schedule = std::make_shared<ShortSchedule>(load_, host_),
                        i = std::uint64_t{0}]() mutable -> std::optional<Opening> {
      const auto opens = schedule->next();
      if (!opens) return std::nullopt;
      Opening opening{*opens, {}};
      opening.session.kind = "short";
      opening.session.next =
          requests_of(*load_.short_sessions, *opens, load_.end(), work_of(fmt::format("{}/work/short/{}", host_, i++)));
      return opening;
    });
  if (load_.flows)
    lists.emplace_back([this, flows = std::make_shared<const std::vector<Flow>>(draw_flows(load_)),
                        next = std::size_t{load_.flows->host}]() mutable -> std::optional<Opening> {
      if (next >= flows->size()) return std::nullopt;
      const std::size_t i = std::exchange(next, next + load_.flows->hosts);
      const Flow& flow = (*flows)[i];
      Opening opening{flow.opens, {}};
      opening.session.kind = "flow";
      opening.session.next = requests_of(*load_.flows, flow, work_of(fmt::format("flows/work/{}", i)));
      opening.session.stays_until = flow.ends;
      return opening;
    });
  return lists;
}

std::uint16_t Run::source_port(const Session& session) const {
  const auto& ports = load_.source_ports;
  if (!ports) return 0;
  return static_cast<std::uint16_t>(ports->first + (sessions_before_ + session.number) % ports->count);
}

RequestRow Run::offer(const Session& session, const Due& due) {
  ++counts_.offered;
  RequestRow row;
  row.trial = load_.trial;
  row.scheduled = due.at;
  row.work_us = due.work / std::chrono::microseconds(1);
  row.session = session.number;
  row.kind = session.kind;
  row.status = "unsent";
  return row;
}

void Run::connected(Session& session, Instant now) {
  session.connected = now;
  ++open_sessions_;
}

void Run::refused(Session& session, RequestRow& row, Instant now) {
  session.usable = false;
  session.outcome = "refused";
  row.status = "connect_failed";
  row.done = now;
}

void Run::answered(RequestRow& row, const Reply& reply) {
  row.sent = reply.sent;
  row.done = reply.done;
  if (reply.sent) ++counts_.sent;
  if (reply.failure != Reply::Failure::none) {
    row.status = reply.failure == Reply::Failure::timeout ? "timeout" : "reset";
    return;
  }
  row.instance = reply.instance.value_or("");
  row.queue_ns = reply.queue_ns;
  row.service_ns = reply.service_ns;
  if (reply.status == 200 && reply.instance) {
    row.status = "ok";
    ++counts_.answered;
    latency_.record(reply.done - row.scheduled);
  } else {
    row.status = fmt::format("http_{}", reply.status);
  }
}

void Run::broken(Session& session, Instant now) {
  session.usable = false;
  session.outcome = "broken";
  --open_sessions_;
  record(session, now);
}

void Run::closed(Session& session, Instant now) {
  if (!session.usable) {
    if (!session.connected) record(session, now);
    return;
  }
  --open_sessions_;
  record(session, now);
}

void Run::record(const Session& session, Instant now) {
  samples_.add(SessionRow{load_.trial, session.number, session.kind, session.started, session.connected, now,
                          session.source, session.port, load_.service.str(), session.outcome});
}

void Run::finish() {
  samples_.add_load(load_.trial, load_.start, stop_, counts_.offered, counts_.sent, counts_.answered);
  samples_.flush();
}

}  // namespace cats::load
