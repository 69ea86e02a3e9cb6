#include "cpsel/session_changes.h"

#include <set>

namespace cats::cpsel {

void SessionChanges::compare(Instant when, const std::vector<SessionEntry>& entries) {
  std::set<Key> there;
  for (const SessionEntry& entry : entries) {
    const Key key{entry.tuple, entry.id};
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
  log_.write_at(when, "flow_poll", {{"entries", entries.size()}});
}

void SessionChanges::end(Instant now) {
  for (const auto& [key, seen] : seen_) log(now, key, seen, false);
  seen_.clear();
}

void SessionChanges::log(Instant when, const Key& key, const Seen& seen, bool gone) {
  log_.write_at(when, "flow",
                {{"tuple", to_json(key.first)},
                 {"mark", seen.mark},
                 {"instance", instance_of_(seen.mark)},
                 {"first_ns", to_ns(seen.first)},
                 {"gone_ns", gone ? nlohmann::ordered_json(to_ns(when)) : nlohmann::ordered_json(nullptr)}});
}

}  // namespace cats::cpsel
