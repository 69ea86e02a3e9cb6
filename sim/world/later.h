// Calls at a later virtual time that are not made any more once who asked for them is gone: the engine takes no event
// back, and an entity may be lost in mid-run. For what happens a few times per message; sim/engine.h has what is
// faster.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "sim/engine.h"

namespace cats::sim {

class Later {
 public:
  explicit Later(Engine& engine) : engine_(engine) {}
  Later(const Later&) = delete;
  Later& operator=(const Later&) = delete;

  Instant now() const { return engine_.now(); }
  void at(Instant when, std::function<void()> what) {
    engine_.call_at(when, [owner = std::weak_ptr<const bool>(alive_), what = std::move(what)] {
      if (!owner.expired()) what();
    });
  }

 private:
  Engine& engine_;
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace cats::sim
