#include "emulator/roles/ingress_sessions.h"

#include <boost/asio/post.hpp>

namespace cats::roles {

namespace asio = boost::asio;

SessionWatch::SessionWatch(asio::io_context& io, EventLog& log, const kernel::Namespace& ns, std::set<IpAddress> cs_ids,
                           InstanceOf instance_of)
    : io_(io), changes_(log, std::move(instance_of)), cs_ids_(std::move(cs_ids)), table_(ns), timer_(io) {}

SessionWatch::~SessionWatch() { thread_.join(); }

void SessionWatch::watch(Duration interval) {
  interval_ = interval;
  if (interval == Duration(0)) {
    timer_.cancel();
    changes_.end(MonotonicClock().now());
    return;
  }
  timer_.expires_after(Duration(0));
  arm();
}

void SessionWatch::stop() {
  interval_ = Duration(0);
  timer_.cancel();
}

void SessionWatch::with_table(std::function<void(kernel::Conntrack&)> job,
                              std::function<void(std::exception_ptr)> done) {
  asio::post(thread_, [this, job = std::move(job), done = std::move(done)] {
    std::exception_ptr error;
    try {
      job(table_);
    } catch (const std::exception&) {
      error = std::current_exception();
    }
    asio::post(io_, [done, error] { done(error); });
  });
}

void SessionWatch::arm() {
  timer_.async_wait([this](boost::system::error_code error) {
    if (error || interval_ == Duration(0)) return;
    poll();
    // A dump that takes longer than the interval is not followed by a burst.
    timer_.expires_at(std::max(timer_.expiry() + interval_, MonotonicClock().now()));
    arm();
  });
}

void SessionWatch::poll() {
  if (polling_) return;
  polling_ = true;
  auto entries = std::make_shared<std::vector<kernel::ConntrackEntry>>();
  auto when = std::make_shared<Instant>();
  with_table(
      [entries, when](kernel::Conntrack& table) {
        *when = MonotonicClock().now();
        *entries = table.dump(true);
      },
      [this, entries, when](std::exception_ptr error) {
        polling_ = false;
        if (error) std::rethrow_exception(error);
        if (interval_ != Duration(0)) compare(*when, *entries);
      });
}

void SessionWatch::compare(Instant when, const std::vector<kernel::ConntrackEntry>& entries) {
  std::vector<cpsel::SessionEntry> marked;
  for (const kernel::ConntrackEntry& entry : entries)
    if (entry.mark != 0 && cs_ids_.contains(entry.original.destination))
      marked.push_back({entry.original, entry.mark, entry.id});
  changes_.compare(when, marked);
}

}  // namespace cats::roles
