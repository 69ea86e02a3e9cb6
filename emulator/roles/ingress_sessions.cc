#include "emulator/roles/ingress_sessions.h"

#include <netinet/in.h>

#include <boost/asio/post.hpp>

namespace cats::roles {

namespace asio = boost::asio;

nlohmann::ordered_json tuple_json(const kernel::FlowTuple& tuple) {
  std::string protocol = std::to_string(tuple.protocol);
  if (tuple.protocol == IPPROTO_TCP) protocol = "tcp";
  if (tuple.protocol == IPPROTO_UDP) protocol = "udp";
  return {{"source", tuple.source.str()},
          {"sport", tuple.source_port},
          {"destination", tuple.destination.str()},
          {"dport", tuple.destination_port},
          {"protocol", protocol}};
}

SessionWatch::SessionWatch(asio::io_context& io, EventLog& log, const kernel::Namespace& ns, std::set<IpAddress> cs_ids,
                           InstanceOf instance_of)
    : io_(io), log_(log), cs_ids_(std::move(cs_ids)), instance_of_(std::move(instance_of)), table_(ns), timer_(io) {}

SessionWatch::~SessionWatch() { thread_.join(); }

void SessionWatch::watch(Duration interval) {
  interval_ = interval;
  if (interval == Duration(0)) {
    timer_.cancel();
    const Instant now = MonotonicClock().now();
    for (const auto& [key, seen] : seen_) log(now, key, seen, false);
    seen_.clear();
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
  std::size_t count = 0;
  std::set<Key> there;
  for (const kernel::ConntrackEntry& entry : entries) {
    if (entry.mark == 0 || !cs_ids_.contains(entry.original.destination)) continue;
    ++count;
    const Key key{entry.original, entry.id};
    there.insert(key);
    const auto [known, is_new] = seen_.try_emplace(key, Seen{entry.mark, when});
    if (!is_new && known->second.mark == entry.mark) continue;
    known->second.mark = entry.mark;
    log(when, key, known->second, false);
  }
  for (auto one = seen_.begin(); one != seen_.end();) {
    if (there.contains(one->first)) {
      ++one;
    } else {
      log(when, one->first, one->second, true);
      one = seen_.erase(one);
    }
  }
  log_.write_at(when, "flow_poll", {{"entries", count}});
}

void SessionWatch::log(Instant when, const Key& key, const Seen& seen, bool gone) {
  log_.write_at(when, "flow",
                {{"tuple", tuple_json(key.first)},
                 {"mark", seen.mark},
                 {"instance", instance_of_(seen.mark)},
                 {"first_ns", to_ns(seen.first)},
                 {"gone_ns", gone ? nlohmann::ordered_json(to_ns(when)) : nlohmann::ordered_json(nullptr)}});
}

}  // namespace cats::roles
