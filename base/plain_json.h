// Reads JSON text of a known shape from left to right, without a document. It knows the plain part of the language:
// strings of printable ASCII without escapes, numbers that are not negative. Everything else, and everything that is no
// JSON, is "nothing": whoever gets it must ask nlohmann::json what the text means.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace cats {

class PlainJson {
 public:
  explicit PlainJson(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  // Passes `c`, and the blanks before it, when it comes next.
  bool take(char c) {
    skip();
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  bool take_null() { return take_word("null"); }
  bool at_end() {
    skip();
    return at_ == end_;
  }

  // What it returns is part of the text. A key is passed with its colon.
  std::optional<std::string_view> string() {
    if (!take('"')) return std::nullopt;
    const char* const begin = at_;
    while (at_ != end_ && *at_ >= ' ' && *at_ < '\x7f' && *at_ != '"' && *at_ != '\\') ++at_;
    if (at_ == end_ || *at_ != '"') return std::nullopt;
    return std::string_view(begin, static_cast<std::size_t>(at_++ - begin));
  }
  std::optional<std::string_view> key() {
    const auto name = string();
    return name && take(':') ? name : std::nullopt;
  }

  // Nothing when it does not fit.
  template <class T>
  std::optional<T> integer() {
    bool whole = false;
    const auto text = number_text(whole);
    T value{};
    if (!text || !whole || std::from_chars(text->data(), text->data() + text->size(), value).ec != std::errc())
      return std::nullopt;
    return value;
  }
  std::optional<double> number() {
    bool whole = false;
    const auto text = number_text(whole);
    double value = 0;
    if (!text || std::from_chars(text->data(), text->data() + text->size(), value).ec != std::errc())
      return std::nullopt;
    return value;
  }

 private:
  void skip() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r')) ++at_;
  }
  bool take_word(std::string_view word) {
    skip();
    if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  // RFC 8259, section 6, without the minus.
  std::optional<std::string_view> number_text(bool& whole) {
    skip();
    const char* const begin = at_;
    const bool zero = at_ != end_ && *at_ == '0';
    if (digits() == 0 || (zero && at_ - begin > 1)) return std::nullopt;
    whole = true;
    if (at_ != end_ && *at_ == '.') {
      ++at_;
      if (digits() == 0) return std::nullopt;
      whole = false;
    }
    if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
      ++at_;
      if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
      if (digits() == 0) return std::nullopt;
      whole = false;
    }
    return std::string_view(begin, static_cast<std::size_t>(at_ - begin));
  }
  std::size_t digits() {
    const char* const begin = at_;
    while (at_ != end_ && *at_ >= '0' && *at_ <= '9') ++at_;
    return static_cast<std::size_t>(at_ - begin);
  }

  const char* at_;
  const char* end_;
};

}  // namespace cats
