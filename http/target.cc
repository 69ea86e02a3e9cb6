#include <charconv>

#include "http/server.h"

namespace cats::http {
namespace {

bool decode(std::string_view text, std::string& out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    unsigned value = 0;
    if (text.size() - i < 3) return false;
    const auto [end, error] = std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16);
    if (error != std::errc() || end != text.data() + i + 3) return false;
    out += static_cast<char>(value);
    i += 2;
  }
  return true;
}

}  // namespace

bool parse_target(std::string_view target, std::string& path, std::map<std::string, std::string>& query) {
  if (!target.starts_with('/')) return false;
  const std::size_t mark = target.find('?');
  if (!decode(target.substr(0, mark), path)) return false;
  if (mark == std::string_view::npos) return true;
  std::string_view rest = target.substr(mark + 1);
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    const std::size_t equals = pair.find('=');
    std::string key;
    std::string value;
    if (!decode(pair.substr(0, equals), key)) return false;
    if (equals != std::string_view::npos && !decode(pair.substr(equals + 1), value)) return false;
    if (!query.emplace(std::move(key), std::move(value)).second) return false;
  }
  return true;
}

}  // namespace cats::http
