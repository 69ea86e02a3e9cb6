// JSON text straight into a string: the octets that nlohmann::ordered_json::dump() gives for the same members in the
// same order (with replacement characters for what is no UTF-8), without the document in between. For what is written
// thousands of times a second. Who writes the members sees to it that their names differ and that what is begun is
// ended.
//
//   JsonWriter json(text);
//   json.begin_object();
//   json.field("source", csci);  // {"source":"2001:2::1"
//   json.end_object();
#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip.h"

namespace cats {

class JsonWriter {
 public:
  // Appends to `out`, which outlives it. `inside`: of an object or array that has members already.
  explicit JsonWriter(std::string& out, bool inside = false) : out_(out), first_(!inside) {}

  void begin_object() { begin('{'); }
  void end_object() { end('}'); }
  void begin_array() { begin('['); }
  void end_array() { end(']'); }

  void key(std::string_view name) {
    value(name);
    out_ += ':';
    first_ = true;
  }
  template <class T>
  void field(std::string_view name, const T& what) {
    key(name);
    value(what);
  }

  void value(std::nullptr_t);
  void value(std::string_view text);  // U+FFFD for what is no UTF-8
  void value(const std::string& text) { value(std::string_view(text)); }
  void value(const char* text) { value(std::string_view(text)); }
  void value(const IpAddress& address);
  void value(double number);  // null when it is not finite
  template <std::integral T>
  void value(T number) {
    separate();
    if constexpr (std::same_as<T, bool>) {
      out_ += number ? "true" : "false";
    } else {
      char digits[24];
      const auto [last, error] = std::to_chars(digits, digits + sizeof digits, number);
      out_.append(digits, last);
    }
  }
  template <class T>
  void value(const std::optional<T>& maybe) {
    if (maybe)
      value(*maybe);
    else
      value(nullptr);
  }
  template <class T>
  void value(const std::map<std::string, T>& members) {
    begin_object();
    for (const auto& [name, member] : members) field(name, member);
    end_object();
  }

 private:
  void separate() {
    if (!first_) out_ += ',';
    first_ = false;
  }
  void begin(char bracket) {
    separate();
    out_ += bracket;
    first_ = true;
  }
  void end(char bracket) {
    out_ += bracket;
    first_ = false;
  }

  std::string& out_;
  bool first_;  // nothing stands before the next value but a bracket or a name
};

}  // namespace cats
