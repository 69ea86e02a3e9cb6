// What people see: colours and a progress line on a terminal, plain lines elsewhere.
#pragma once

#include <string>

#include "base/clock.h"

namespace cats::cli {

bool is_terminal(int fd);

// A line on standard error that is overwritten on a terminal and printed once per change elsewhere.
class ProgressLine {
 public:
  ~ProgressLine() { clear(); }
  void show(const std::string& text);
  void clear();
  // A line that stays.
  void say(const std::string& text);

 private:
  bool shown_ = false;
  std::string last_;
};

std::string minutes(Duration duration);  // "3:07"

}  // namespace cats::cli
