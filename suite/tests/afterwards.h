// What a trial did is undone when this goes, whatever happens.
#pragma once

#include <exception>
#include <functional>
#include <utility>

namespace cats::suite {

class Afterwards {
 public:
  explicit Afterwards(std::function<void()> undo) : undo_(std::move(undo)) {}
  ~Afterwards() {
    try {
      now();
    } catch (const std::exception&) {  // an agent that no longer answers, or Ctrl-C: either ends the run
    }
  }
  Afterwards(const Afterwards&) = delete;
  Afterwards& operator=(const Afterwards&) = delete;

  // Once. Throws what undoing throws.
  void now() {
    if (!std::exchange(done_, true)) undo_();
  }

 private:
  std::function<void()> undo_;
  bool done_ = false;
};

}  // namespace cats::suite
