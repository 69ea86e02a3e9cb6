#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "http/event_stream.h"

namespace cats::http {
namespace {

std::vector<std::string> all(const std::vector<StreamEvent>& events) {
  std::vector<std::string> texts;
  for (const StreamEvent& event : events) texts.push_back(event.name + ":" + event.data + ":" + event.id);
  return texts;
}

RC_GTEST_PROP(EventParserProperty, DoesNotDependOnHowOctetsArrive, ()) {
  const auto words = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
      "data: a", "data", "event: b", "id: 3", ":", "\n", "\r", "\r\n", "\n\n", "x", ": "));
  std::string text;
  for (const auto& word : words) text += word;
  const auto whole = EventParser().read(text).value();
  EventParser parser;
  std::vector<StreamEvent> pieces;
  for (std::size_t at = 0; at < text.size();) {
    const auto length = *rc::gen::inRange<std::size_t>(1, 8);
    const auto read = parser.read(std::string_view(text).substr(at, length)).value();
    pieces.insert(pieces.end(), read.begin(), read.end());
    at += length;
  }
  RC_ASSERT(all(pieces) == all(whole));
}

}  // namespace
}  // namespace cats::http
