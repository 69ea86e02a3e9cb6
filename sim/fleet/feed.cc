#include "sim/fleet/feed.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace cats::sim::fleet {

Feed::Feed(Engine& engine, std::size_t sites, std::vector<Receiver> receivers, double loss, std::uint64_t seed,
           std::string_view name, Heard heard)
    : engine_(engine), loss_(loss), heard_(std::move(heard)), seen_(sites, 0), window_ended_(engine, *this) {
  for (std::uint32_t i = 0; i < receivers.size(); ++i) {
    ways_.push_back({.receiver = receivers[i], .loss = RandomStream(seed, fmt::format("{}/{}", name, i))});
    idle_.push_back(i);
  }
}

void Feed::publish(const Update& update) {
  log_.push_back(update);
  for (const std::uint32_t receiver : idle_) open_window(receiver, update);
  idle_.clear();
}

void Feed::open_window(std::uint32_t receiver, const Update& update) {
  const Receiver& to = ways_[receiver].receiver;
  window_ended_.at(update.sent + to.delay + to.batch, receiver);
}

void Feed::end_window(std::uint32_t receiver) {
  Way& way = ways_[receiver];
  const Instant last_sent = engine_.now() - way.receiver.delay;
  std::uint64_t end = way.next;
  while (end < this->end() && update(end).sent <= last_sent) ++end;
  collect(way, end);
  way.next = end;
  if (end < this->end())
    open_window(receiver, update(end));
  else
    idle_.push_back(receiver);
  drop_read();
  heard_(receiver, batch_);
}

// From the newest on, so that the first one of a site is the one that counts.
void Feed::collect(Way& way, std::uint64_t end) {
  batch_.clear();
  ++windows_;
  for (std::uint64_t number = end; number-- > way.next;) {
    const Update& one = update(number);
    if (loss_ > 0 && one.kind == Update::Kind::metric && way.loss.uniform() < loss_) {
      ++counts_.lost;
      continue;
    }
    if (std::exchange(seen_[one.site], windows_) == windows_) {
      ++counts_.replaced;
      continue;
    }
    batch_.push_back(one);
  }
  counts_.delivered += batch_.size();
}

void Feed::drop_read() {
  constexpr std::size_t kFew = 1024;
  if (log_.size() < kFew || windows_ % ways_.size() != 0) return;
  std::uint64_t unread = end();
  for (const Way& way : ways_) unread = std::min(unread, way.next);
  first_ += unread - dropped_;
  dropped_ = unread;
  if (2 * first_ < log_.size()) return;
  log_.erase(log_.begin(), log_.begin() + static_cast<std::ptrdiff_t>(first_));
  first_ = 0;
}

}  // namespace cats::sim::fleet
