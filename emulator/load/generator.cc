#include "emulator/load/generator.h"

#include <set>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/error.hpp>

#include "http/client.h"
#include "load/samples.h"

namespace cats::load {
namespace {

namespace asio = boost::asio;
constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);

Instant now() { return std::chrono::steady_clock::now(); }

// The load that runs, shared by its sessions.
struct RunningLoad : Run {
  using Run::Run;
  unsigned active = 0;  // coroutines
  std::set<asio::steady_timer*> sleeping;
};

// Fills in what the body says, if it says who answered.
void read_body(const std::string& body, Reply& reply) {
  const auto json = nlohmann::json::parse(body, nullptr, false);
  if (!json.is_object() || !json.contains("instance") || !json["instance"].is_string()) return;
  reply.instance = json["instance"].get<std::string>();
  if (json.contains("queue_ns") && json["queue_ns"].is_number_integer()) reply.queue_ns = json["queue_ns"];
  if (json.contains("service_ns") && json["service_ns"].is_number_integer()) reply.service_ns = json["service_ns"];
}

Reply reply_of(const http::Answer& answer) {
  Reply reply;
  reply.sent = answer.sent;
  reply.done = answer.done;
  reply.status = answer.status;
  if (answer.error == boost::beast::error::timeout)
    reply.failure = Reply::Failure::timeout;
  else if (answer.error)
    reply.failure = Reply::Failure::reset;
  else
    read_body(answer.body, reply);
  return reply;
}

}  // namespace

class Generator::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& io, GeneratorConfig config)
      : io_(io), config_(std::move(config)), samples_(config_.samples, config_.host) {}

  Expected<void> start(LoadDescription load) {
    if (run_) return fail("load {} is still running", run_->load().trial);
    if (auto can = read_traces(load, config_.samples.parent_path()); !can) return can;
    if (auto can = can_start(load, now(), config_.source); !can) return can;
    auto run = std::make_shared<RunningLoad>(std::move(load), config_.host, sessions_, samples_);
    run_ = run;
    for (Session& one : run->persistent()) spawn(run, session(run, begin(*run, std::move(one))));
    for (NextOpening& next : run->openings()) spawn(run, open_sessions(run, std::move(next)));
    spawn(run, keep_open(run));
    return {};
  }

  void end(std::function<void(const LoadCounts&)> done) {
    if (!run_) return done(last_.counts);
    ended_.push_back(std::move(done));
    stop();
  }

  LoadStatus status() const { return run_ ? run_->status(true) : last_; }

  // The schedule ends now, if it has not ended yet.
  void stop() {
    if (!run_) return;
    run_->stop_at(now());
    for (auto* timer : run_->sleeping) timer->cancel();
  }

  void flush() { samples_.flush(); }

 private:
  using RunPtr = std::shared_ptr<RunningLoad>;

  static Session begin(Run& run, Session session) {
    session.number = run.next_number();
    return session;
  }

  void spawn(const RunPtr& run, asio::awaitable<void> coroutine) {
    ++run->active;
    asio::co_spawn(io_, std::move(coroutine), [self = shared_from_this(), run](const std::exception_ptr& error) {
      if (--run->active == 0) self->finish(run);
      if (error) std::rethrow_exception(error);
    });
  }

  void finish(const RunPtr& run) {
    run->finish();
    last_ = run->status(false);
    sessions_ += run->sessions();
    run_.reset();
    for (auto& done : std::exchange(ended_, {})) done(last_.counts);
  }

  // True when `when` has come and belongs to the schedule, false when the schedule stopped before it.
  asio::awaitable<bool> scheduled(RunPtr run, Instant when) {
    if (when > now() && when < run->stop()) {
      asio::steady_timer timer(io_, when);
      run->sleeping.insert(&timer);
      co_await timer.async_wait(no_throw);
      run->sleeping.erase(&timer);
    }
    co_return when < run->stop();
  }

  // A load without any session still lasts until its end.
  asio::awaitable<void> keep_open(RunPtr run) { co_await scheduled(run, run->stop() - Duration(1)); }

  asio::awaitable<void> open_sessions(RunPtr run, NextOpening next) {
    while (auto opening = next()) {
      const bool due = co_await scheduled(run, opening->at);
      if (!due) co_return;
      spawn(run, session(run, begin(*run, std::move(opening->session))));
    }
  }

  asio::awaitable<void> session(RunPtr run, Session session) {
    http::Client client(io_.get_executor());
    bool opened = false;
    while (const auto due = session.next()) {
      const bool has_come = co_await scheduled(run, due->at);
      if (!has_come) break;
      RequestRow row = run->offer(session, *due);
      if (!opened) {
        opened = true;
        co_await open(run, session, client, row);
      }
      if (session.usable && now() < run->drained_by()) co_await request(run, session, client, row);
      run->add(row);
    }
    if (opened && session.stays_until && session.usable) co_await scheduled(run, *session.stays_until);
    if (opened) close(*run, session, client);
  }

  asio::awaitable<void> open(RunPtr run, Session& session, http::Client& client, RequestRow& row) {
    session.started = now();
    http::Client::Options options;
    options.source = config_.source;
    options.source_port = run->source_port(session);
    const auto& load = run->load();
    const auto error = co_await client.connect(load.service, load.port, options, run->patience(now()));
    if (const auto local = client.local()) {
      session.source = local->address().to_string();
      session.port = local->port();
    }
    if (error)
      run->refused(session, row, now());
    else
      run->connected(session, now());
  }

  asio::awaitable<void> request(RunPtr run, Session& session, http::Client& client, RequestRow& row) {
    const std::string target = fmt::format("/work?us={}", row.work_us);
    const http::Answer answer = co_await client.get(target, run->patience(now()));
    run->answered(row, reply_of(answer));
    if (answer.error || !answer.keep_alive) break_session(*run, session, client);
  }

  static void break_session(Run& run, Session& session, http::Client& client) {
    client.close();
    run.broken(session, now());
  }

  static void close(Run& run, Session& session, http::Client& client) {
    if (session.usable && client.closed_by_peer()) return break_session(run, session, client);
    if (session.usable) client.close();
    run.closed(session, now());
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
