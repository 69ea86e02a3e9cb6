// Events of an engine that a member function handles.
#pragma once

#include "sim/engine.h"

namespace cats::sim::fleet {

template <class Owner, void (Owner::*kHandle)(std::uint32_t)>
class Handler final : public EventHandler {
 public:
  Handler(Engine& engine, Owner& owner) : engine_(engine), owner_(owner), number_(engine.add(*this)) {}
  Handler(const Handler&) = delete;
  Handler& operator=(const Handler&) = delete;

  void at(Instant when, std::uint32_t argument) { engine_.at(when, number_, argument); }
  std::uint32_t number() const { return number_; }

 private:
  void on_event(std::uint32_t argument) override { (owner_.*kHandle)(argument); }

  Engine& engine_;
  Owner& owner_;
  std::uint32_t number_;
};

}  // namespace cats::sim::fleet
