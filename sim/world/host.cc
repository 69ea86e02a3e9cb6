#include "sim/world/host.h"

#include <algorithm>
#include <netinet/in.h>
#include <utility>

#include "base/argument.h"
#include "base/error.h"

namespace cats::sim {
namespace {

// As Linux chooses them (net.ipv4.ip_local_port_range); here one after another.
constexpr std::uint32_t kFirstPort = 32768;
constexpr std::uint32_t kPorts = 60999 - kFirstPort + 1;

}  // namespace

Host::Host(Scheduler& scheduler, EventLog& events, Config config, Network network)
    : scheduler_(scheduler),
      events_(events),
      config_(std::move(config)),
      network_(std::move(network)),
      samples_(config_.samples, config_.node),
      open_until_(scheduler.make_timer()) {}

Host::~Host() = default;

void Host::command(const nlohmann::json& request, const CommandReply& reply) {
  const auto what = argument<std::string>(request, "do");
  if (what == "load") {
    const auto description = load::parse_load(request);
    if (!description) return reply(tl::make_unexpected(description.error()));
    if (auto started = start(*description); !started) return reply(tl::make_unexpected(started.error()));
    events_.write("load_accepted", load::to_json(*description));
    return reply(nlohmann::ordered_json::object());
  }
  if (what == "load_end") return end_load([reply](const load::LoadCounts& counts) { reply(load::to_json(counts)); });
  if (what == "stop") return end_load([reply](const load::LoadCounts&) { reply(nlohmann::ordered_json::object()); });
  if (what != "status") return reply(fail("{}: a host has no command \"{}\"", config_.node, what));
  nlohmann::ordered_json fields = {{"node", config_.node}, {"role", "host"}};
  fields.update(load::to_json(run_ ? run_->status(true) : last_));
  reply(std::move(fields));
}

Expected<void> Host::start(load::LoadDescription load) {
  if (run_) return fail("load {} is still running", run_->load().trial);
  if (load.service.is_v4() && !config_.address4)
    return fail("{} is not reached from {}: not the same family", load.service, config_.address);
  if (auto can = load::read_traces(load, config_.samples.parent_path()); !can) return can;
  if (auto can = load::can_start(load, scheduler_.now(), std::nullopt); !can) return can;
  run_ = std::make_unique<load::Run>(std::move(load), config_.node, sessions_, samples_);
  is_open_ = true;
  open_until_->at(run_->stop() - Duration(1), [this] {
    is_open_ = false;
    finish_if_done();
  });
  for (load::Session& session : run_->persistent()) add(std::move(session));
  for (load::NextOpening& next : run_->openings())
    lists_.push_back(std::make_unique<List>(List{std::move(next), scheduler_.make_timer()}));
  // A list that ends takes itself out.
  std::vector<List*> lists;
  for (const auto& list : lists_) lists.push_back(list.get());
  for (List* list : lists) {
    list->opening = list->next();
    open_due(*list);
  }
  return {};
}

void Host::end_load(std::function<void(const load::LoadCounts&)> done) {
  if (!run_) return done(last_.counts);
  ended_.push_back(std::move(done));
  stop();
}

// The schedule ends now, if it has not ended yet. Whoever waits for it is woken, in a fixed order.
void Host::stop() {
  const Instant now = scheduler_.now();
  run_->stop_at(now);
  if (is_open_)
    open_until_->at(now, [this] {
      is_open_ = false;
      finish_if_done();
    });
  for (const auto& list : lists_) list->timer->at(now, [this, one = list.get()] { open_due(*one); });
  for (const auto& [number, live] : live_)
    if (live->waits == Wait::due || live->waits == Wait::end) wait(*live, live->waits, now);
}

void Host::finish_if_done() {
  if (!run_ || is_open_ || !lists_.empty() || !live_.empty()) return;
  run_->finish();
  last_ = run_->status(false);
  sessions_ += run_->sessions();
  run_.reset();
  for (const auto& done : std::exchange(ended_, {})) done(last_.counts);
}

// Opens the sessions whose time has come, and comes again for the next one of the list.
void Host::open_due(List& list) {
  while (list.opening && list.opening->at < run_->stop()) {
    if (list.opening->at > scheduler_.now()) return list.timer->at(list.opening->at, [this, &list] { open_due(list); });
    load::Session session = std::move(list.opening->session);
    list.opening = list.next();
    add(std::move(session));
  }
  std::erase_if(lists_, [&](const auto& one) { return one.get() == &list; });
  finish_if_done();
}

void Host::add(load::Session session) {
  session.number = run_->next_number();
  const std::uint64_t number = session.number;
  auto live = std::make_shared<Live>();
  live->session = std::move(session);
  live->timer = scheduler_.make_timer();
  live_.emplace(number, live);
  go_on(*live);
}

// To the next request. After it, as after everything that may end a session, the session may be gone.
void Host::go_on(Live& live) {
  while (const auto next = live.session.next()) {
    live.next = *next;
    if (next->at > scheduler_.now() && next->at < run_->stop()) return wait(live, Wait::due, next->at);
    if (!due(live)) return;
  }
  linger(live);
}

// True when the request is over already, unsent.
bool Host::due(Live& live) {
  if (live.next.at >= run_->stop()) {
    linger(live);
    return false;
  }
  live.row = run_->offer(live.session, live.next);
  if (live.opened) return send(live);
  open(live);
  return false;
}

void Host::open(Live& live) {
  live.opened = true;
  live.session.started = scheduler_.now();
  const auto tuple = tuple_for(live.session);
  if (!tuple) return connected(live, false);
  live.tuple = tuple;
  live.session.source = tuple->source.str();
  live.session.port = tuple->source_port;
  const std::shared_ptr<Live> self = live_.at(live.session.number);
  by_tuple_[*tuple] = self;
  wait(live, Wait::connection, scheduler_.now() + run_->patience(scheduler_.now()));
  network_.connect(*tuple, [this, one = std::weak_ptr(self), turn = ++live.turn](bool done) {
    if (const auto there = one.lock(); there && there->turn == turn) connected(*there, done);
  });
}

void Host::connected(Live& live, bool done) {
  ++live.turn;
  live.timer->cancel();
  if (done) {
    run_->connected(live.session, scheduler_.now());
  } else {
    run_->refused(live.session, live.row, scheduler_.now());
    give_up(live);
  }
  if (send(live)) go_on(live);
}

// True when there is nothing to wait for.
bool Host::send(Live& live) {
  const Instant now = scheduler_.now();
  if (!live.session.usable || now >= run_->drained_by()) {
    run_->add(live.row);
    return true;
  }
  live.sent = now;
  if (live.reset) {
    load::Reply reply;
    reply.failure = load::Reply::Failure::reset;
    reply.sent = reply.done = now;
    answered(live, reply);
    return true;
  }
  wait(live, Wait::reply, now + run_->patience(now));
  const std::shared_ptr<Live> self = live_.at(live.session.number);
  network_.request(*live.tuple, live.next.work,
                   [this, one = std::weak_ptr(self), turn = ++live.turn](const HttpReply& http) {
                     const auto there = one.lock();
                     if (!there || there->turn != turn) return;
                     load::Reply reply;
                     reply.sent = there->sent;
                     reply.done = scheduler_.now();
                     if (http.reset) reply.failure = load::Reply::Failure::reset;
                     reply.status = http.status;
                     if (http.status == 200 && !http.reset) {
                       reply.instance = http.instance;
                       reply.queue_ns = http.queued.count();
                       reply.service_ns = http.served.count();
                     }
                     answered(*there, reply);
                     go_on(*there);
                   });
  return false;
}

// The request is over; what follows is up to the caller.
void Host::answered(Live& live, const load::Reply& reply) {
  ++live.turn;
  live.timer->cancel();
  run_->answered(live.row, reply);
  if (reply.failure != load::Reply::Failure::none) {
    run_->broken(live.session, scheduler_.now());
    give_up(live);
  }
  run_->add(live.row);
}

void Host::timed_out(Live& live) {
  load::Reply reply;
  reply.failure = load::Reply::Failure::timeout;
  reply.sent = live.sent;
  reply.done = scheduler_.now();
  answered(live, reply);
  go_on(live);
}

void Host::reset(const FlowTuple& tuple) {
  const auto found = by_tuple_.find(tuple);
  const std::shared_ptr<Live> live = found == by_tuple_.end() ? nullptr : found->second.lock();
  if (!live) return;
  if (live->waits == Wait::connection) return connected(*live, false);
  live->reset = true;
  if (live->waits != Wait::reply) return;
  load::Reply reply;
  reply.failure = load::Reply::Failure::reset;
  reply.sent = live->sent;
  reply.done = scheduler_.now();
  answered(*live, reply);
  go_on(*live);
}

void Host::wait(Live& live, Wait what, Instant until) {
  live.waits = what;
  live.timer->at(until, [this, &live] { wake(live); });
}

void Host::wake(Live& live) {
  switch (live.waits) {
    case Wait::due:
      if (due(live)) go_on(live);
      return;
    case Wait::reply:
      return timed_out(live);
    case Wait::connection:
      return connected(live, false);
    case Wait::end:
      return end(live);
  }
}

// No more requests: it stays as long as it has to.
void Host::linger(Live& live) {
  const auto until = live.session.stays_until;
  const bool stays = live.opened && live.session.usable && until;
  if (stays && *until > scheduler_.now() && *until < run_->stop()) return wait(live, Wait::end, *until);
  end(live);
}

void Host::end(Live& live) {
  const std::shared_ptr<Live> self = live_.at(live.session.number);
  if (live.opened && live.session.usable && live.reset)
    run_->broken(live.session, scheduler_.now());
  else if (live.opened)
    run_->closed(live.session, scheduler_.now());
  give_up(live);
  live_.erase(live.session.number);
  finish_if_done();
}

// The flow is over; its port is free.
void Host::give_up(Live& live) {
  if (!live.tuple) return;
  const FlowTuple tuple = *std::exchange(live.tuple, std::nullopt);
  by_tuple_.erase(tuple);
  network_.close(tuple);
}

// Nothing: every port that it might have is in use.
std::optional<FlowTuple> Host::tuple_for(const load::Session& session) {
  const load::LoadDescription& load = run_->load();
  FlowTuple tuple{load.service.is_v4() ? *config_.address4 : config_.address, load.service, IPPROTO_TCP,
                  run_->source_port(session), load.port};
  if (tuple.source_port != 0) return by_tuple_.contains(tuple) ? std::nullopt : std::optional(tuple);
  for (std::uint32_t tried = 0; tried < kPorts; ++tried) {
    tuple.source_port = static_cast<std::uint16_t>(kFirstPort + next_port_++ % kPorts);
    if (!by_tuple_.contains(tuple)) return tuple;
  }
  return std::nullopt;
}

}  // namespace cats::sim
