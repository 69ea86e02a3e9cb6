// What is wrong with a file, all of it at once: file:line:column, the value, what is allowed, a near miss.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cats {

struct Place {
  std::string file;
  int line = 0;    // from 1; 0: the file as a whole
  int column = 0;  // from 1

  std::string str() const;  // "scenarios/x.yaml:3:5"
};

struct Diagnostic {
  Place place;
  std::string message;

  std::string str() const { return place.str() + ": " + message; }
};

class Diagnostics {
 public:
  void add(Place place, std::string message) { list_.push_back({std::move(place), std::move(message)}); }
  bool empty() const { return list_.empty(); }
  const std::vector<Diagnostic>& list() const { return list_; }
  std::string str() const;    // one line each, in file order
  void throw_if_any() const;  // UsageError with str()

 private:
  std::vector<Diagnostic> list_;
};

// ", did you mean \"interval\"?" when a candidate is within two edits of `word`, else "".
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

// "a, b or c"
std::string one_of(std::span<const std::string> candidates);

}  // namespace cats
