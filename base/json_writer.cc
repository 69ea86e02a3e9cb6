#include "base/json_writer.h"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

namespace cats {
namespace {

// Stands in JSON as it is.
bool plain(char c) { return c >= ' ' && c < '\x7f' && c != '"' && c != '\\'; }

}  // namespace

void JsonWriter::value(std::nullptr_t) {
  separate();
  out_ += "null";
}

void JsonWriter::value(std::string_view text) {
  separate();
  if (!std::ranges::all_of(text, plain)) {
    out_ += nlohmann::json(std::string(text)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return;
  }
  out_ += '"';
  out_ += text;
  out_ += '"';
}

void JsonWriter::value(const IpAddress& address) {
  separate();
  char text[IpAddress::kLongest];
  out_ += '"';
  out_.append(text, address.write(text));
  out_ += '"';
}

void JsonWriter::value(double number) {
  if (!std::isfinite(number)) return value(nullptr);
  separate();
  char text[64];  // what dump() gives it; tests/base compares
  out_.append(text, nlohmann::detail::to_chars(text, text + sizeof text, number));
}

}  // namespace cats
