#include <set>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/error.hpp>

#include "emulator/load/load.h"
#include "emulator/load/samples.h"
#include "http/client.h"

namespace cats::load {
namespace {

namespace asio = boost::asio;
constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);

Instant now() { return std::chrono::steady_clock::now(); }

// The load that runs. Shared by its sessions.
struct Run {
  LoadDescription load;
  std::string target;
  Instant stop;  // of the schedule: the load's end, or earlier when told so
  LoadCounts counts;
  Histogram latency;
  unsigned active = 0;  // coroutines
  unsigned open_sessions = 0;
  std::uint64_t next_session = 0;
  std::uint64_t sessions_before = 0;  // of earlier loads
  std::set<asio::steady_timer*> sleeping;

  // Replies and queued requests are waited for until then.
  Instant drained_by() const { return stop + load.timeout; }
  Duration patience() const { return std::min(load.timeout, std::max(drained_by() - now(), Duration(1'000'000))); }
};

struct Session {
  std::uint64_t number;
  const char* kind;
  Instant started{};
  std::optional<Instant> connected{};
  std::string source{};
  std::uint16_t port = 0;
  const char* outcome = "closed";
  bool usable = true;
  std::optional<Instant> stays_until{};  // open until then, at most until the schedule stops
};

// When a session's next request is scheduled; nothing after the last.
using NextRequest = std::function<std::optional<Instant>()>;

std::uint16_t source_port(const Run& run, std::uint64_t session) {
  const auto& ports = run.load.source_ports;
  if (!ports) return 0;
  return static_cast<std::uint16_t>(ports->first + (run.sessions_before + session) % ports->count);
}

// Fills in what the reply says; false when it does not say it.
bool read_reply(const std::string& body, RequestRow& row) {
  const auto json = nlohmann::json::parse(body, nullptr, false);
  if (!json.is_object() || !json.contains("instance") || !json["instance"].is_string()) return false;
  row.instance = json["instance"].get<std::string>();
  if (json.contains("queue_ns") && json["queue_ns"].is_number_integer()) row.queue_ns = json["queue_ns"];
  if (json.contains("service_ns") && json["service_ns"].is_number_integer()) row.service_ns = json["service_ns"];
  return true;
}

}  // namespace

class Generator::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& io, GeneratorConfig config)
      : io_(io), config_(std::move(config)), samples_(config_.samples, config_.host) {}

  Expected<void> start(const LoadDescription& load) {
    if (run_) return fail("load {} is still running", run_->load.trial);
    if (load.start < now()) return fail("start_ns has passed {:.1f} ms ago", to_ms(now() - load.start));
    if (config_.source && config_.source->is_v4() != load.service.is_v4())
      return fail("{} is not reached from {}: not the same family", load.service, *config_.source);
    auto run = std::make_shared<Run>();
    run->load = load;
    run->target = fmt::format("/work?us={}", load.work_us);
    run->stop = load.end();
    run->sessions_before = sessions_;
    run_ = run;
    for (unsigned i = 0; load.persistent && i < load.persistent->sessions; ++i) {
      spawn(run,
            persistent_session(run, run->next_session++, std::make_shared<PersistentSchedule>(load, config_.host, i)));
    }
    if (load.short_sessions) spawn(run, open_short_sessions(run, ShortSchedule(load, config_.host)));
    if (load.flows) spawn(run, open_flows(run));
    spawn(run, keep_open(run));
    return {};
  }

  void end(std::function<void(const LoadCounts&)> done) {
    if (!run_) return done(last_.counts);
    ended_.push_back(std::move(done));
    stop();
  }

  LoadStatus status() const { return run_ ? status_of(*run_, true) : last_; }

  // The schedule ends now, if it has not ended yet.
  void stop() {
    if (!run_) return;
    run_->stop = std::min(run_->stop, now());
    for (auto* timer : run_->sleeping) timer->cancel();
  }

  void flush() { samples_.flush(); }

 private:
  using RunPtr = std::shared_ptr<Run>;

  void spawn(const RunPtr& run, asio::awaitable<void> coroutine) {
    ++run->active;
    asio::co_spawn(io_, std::move(coroutine), [self = shared_from_this(), run](const std::exception_ptr& error) {
      if (--run->active == 0) self->finish(run);
      if (error) std::rethrow_exception(error);
    });
  }

  void finish(const RunPtr& run) {
    samples_.add_load(run->load.trial, run->load.start, run->stop, run->counts.offered, run->counts.sent,
                      run->counts.answered);
    samples_.flush();
    last_ = status_of(*run, false);
    sessions_ += run->next_session;
    run_.reset();
    for (auto& done : std::exchange(ended_, {})) done(last_.counts);
  }

  static LoadStatus status_of(const Run& run, bool running) {
    return {running, run.load.trial, run.counts, run.open_sessions, run.latency};
  }

  // True when `when` has come and belongs to the schedule, false when the schedule stopped before it.
  asio::awaitable<bool> scheduled(RunPtr run, Instant when) {
    if (when > now() && when < run->stop) {
      asio::steady_timer timer(io_, when);
      run->sleeping.insert(&timer);
      co_await timer.async_wait(no_throw);
      run->sleeping.erase(&timer);
    }
    co_return when < run->stop;
  }

  // A load without any session still lasts until its end.
  asio::awaitable<void> keep_open(RunPtr run) { co_await scheduled(run, run->stop - Duration(1)); }

  asio::awaitable<void> open_short_sessions(RunPtr run, ShortSchedule schedule) {
    while (const auto opens = schedule.next()) {
      const bool due = co_await scheduled(run, *opens);
      if (!due) co_return;
      spawn(run, short_session(run, run->next_session++, *opens));
    }
  }

  asio::awaitable<void> short_session(RunPtr run, std::uint64_t number, Instant opens) {
    unsigned taken = 0;
    const ShortLoad load = *run->load.short_sessions;
    const NextRequest next = [&]() -> std::optional<Instant> {
      const Instant when = opens + taken * load.gap;
      if (taken++ == load.requests || when >= run->load.end()) return std::nullopt;
      return when;
    };
    Session one{number, "short"};
    co_await session(run, one, next);
  }

  asio::awaitable<void> open_flows(RunPtr run) {
    const std::vector<Flow> flows = draw_flows(run->load);
    for (std::size_t i = run->load.flows->host; i < flows.size(); i += run->load.flows->hosts) {
      const bool due = co_await scheduled(run, flows[i].opens);
      if (!due) co_return;
      spawn(run, flow_session(run, run->next_session++, flows[i]));
    }
  }

  asio::awaitable<void> flow_session(RunPtr run, std::uint64_t number, Flow flow) {
    Instant due = flow.opens;
    const NextRequest next = [&]() -> std::optional<Instant> {
      const Instant when = std::exchange(due, due + run->load.flows->gap);
      return when < flow.ends || when == flow.opens ? std::optional(when) : std::nullopt;
    };
    Session one{number, "flow"};
    one.stays_until = flow.ends;
    co_await session(run, one, next);
  }

  asio::awaitable<void> persistent_session(RunPtr run, std::uint64_t number,
                                           std::shared_ptr<PersistentSchedule> schedule) {
    const NextRequest next = [schedule] { return schedule->next(); };
    Session one{number, "persistent"};
    one.stays_until = run->load.end() - Duration(1);
    co_await session(run, one, next);
  }

  // Requests leave when `next` says, or as soon as the reply to the one before is there; one after the end of a broken
  // session is recorded as unsent when its time comes.
  asio::awaitable<void> session(RunPtr run, Session& session, const NextRequest& next) {
    http::Client client(io_.get_executor());
    bool opened = false;
    while (const auto when = next()) {
      const bool due = co_await scheduled(run, *when);
      if (!due) break;
      ++run->counts.offered;
      RequestRow row;
      row.trial = run->load.trial;
      row.scheduled = *when;
      row.session = session.number;
      row.kind = session.kind;
      row.status = "unsent";
      if (!opened) {
        opened = true;
        co_await open(run, session, client, row);
      }
      if (session.usable && now() < run->drained_by()) co_await request(run, session, client, row);
      samples_.add(row);
    }
    if (opened && session.stays_until && session.usable) co_await scheduled(run, *session.stays_until);
    if (opened) close(*run, session, client);
  }

  asio::awaitable<void> open(RunPtr run, Session& session, http::Client& client, RequestRow& row) {
    session.started = now();
    http::Client::Options options;
    options.source = config_.source;
    options.source_port = source_port(*run, session.number);
    const auto error = co_await client.connect(run->load.service, run->load.port, options, run->patience());
    if (const auto local = client.local()) {
      session.source = local->address().to_string();
      session.port = local->port();
    }
    if (!error) {
      session.connected = now();
      ++run->open_sessions;
      co_return;
    }
    session.usable = false;
    session.outcome = "refused";
    row.status = "connect_failed";
    row.done = now();
  }

  asio::awaitable<void> request(RunPtr run, Session& session, http::Client& client, RequestRow& row) {
    const http::Answer answer = co_await client.get(run->target, run->patience());
    row.sent = answer.sent;
    row.done = answer.done;
    if (answer.sent) ++run->counts.sent;
    if (answer.error) {
      row.status = answer.error == boost::beast::error::timeout ? "timeout" : "reset";
      break_session(*run, session, client);
      co_return;
    }
    const bool understood = read_reply(answer.body, row);
    if (answer.status == 200 && understood) {
      row.status = "ok";
      ++run->counts.answered;
      run->latency.record(answer.done - row.scheduled);
    } else {
      row.status = fmt::format("http_{}", answer.status);
    }
    if (!answer.keep_alive) break_session(*run, session, client);
  }

  void break_session(Run& run, Session& session, http::Client& client) {
    session.usable = false;
    session.outcome = "broken";
    client.close();
    --run.open_sessions;
    record(run, session);
  }

  void close(Run& run, Session& session, http::Client& client) {
    if (!session.usable) {
      if (!session.connected) record(run, session);
      return;
    }
    if (client.closed_by_peer()) return break_session(run, session, client);
    client.close();
    --run.open_sessions;
    record(run, session);
  }

  void record(const Run& run, const Session& session) {
    samples_.add(SessionRow{run.load.trial, session.number, session.kind, session.started, session.connected, now(),
                            session.source, session.port, run.load.service.str(), session.outcome});
  }

  asio::io_context& io_;
  GeneratorConfig config_;
  Samples samples_;
  RunPtr run_;
  LoadStatus last_;
  std::uint64_t sessions_ = 0;  // of loads that are over
  std::vector<std::function<void(const LoadCounts&)>> ended_;
};

Generator::Generator(asio::io_context& io, GeneratorConfig config)
    : impl_(std::make_shared<Impl>(io, std::move(config))) {}

Generator::~Generator() {
  impl_->stop();
  impl_->flush();
}

Expected<void> Generator::start(const LoadDescription& load) { return impl_->start(load); }
void Generator::end(std::function<void(const LoadCounts&)> done) { impl_->end(std::move(done)); }
LoadStatus Generator::status() const { return impl_->status(); }

}  // namespace cats::load
