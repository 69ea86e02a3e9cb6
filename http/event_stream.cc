#include "http/event_stream.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

namespace cats::http {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

std::string EventFeed::message(std::uint64_t number, std::string_view name, std::string_view data) const {
  if (data.find_first_of("\r\n") != std::string_view::npos)
    throw std::logic_error("the data of an event must be one line");
  return fmt::format("id: {}-{}\nevent: {}\ndata: {}\n\n", incarnation_, number, name, data);
}

void EventFeed::publish(std::string_view name, std::string_view data) {
  latest_.push_back(message(++last_, name, data));
  if (latest_.size() > keep_) latest_.pop_front();
  for (const Waiting& waiting : std::exchange(waiting_, {})) waiting.wake();
}

EventFeed::Position EventFeed::position(std::string_view last_event_id) const {
  const std::size_t dash = last_event_id.rfind('-');
  if (dash == std::string_view::npos || last_event_id.substr(0, dash) != incarnation_) return {};
  const std::string_view digits = last_event_id.substr(dash + 1);
  Position position;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), position.number);
  position.known = error == std::errc() && end == digits.data() + digits.size() && position.number <= last_;
  return position;
}

std::string EventFeed::next(Position& position, std::size_t limit) const {
  const std::uint64_t first_kept = last_ - latest_.size() + 1;
  if (!position.known || position.number + 1 < first_kept) {
    position = {last_, true};
    return message(last_, "snapshot", snapshot_());
  }
  std::string text;
  while (position.number < last_ && text.size() < limit) text += latest_[++position.number - first_kept];
  return text;
}

std::uint64_t EventFeed::wait(std::function<void()> wake) {
  waiting_.push_back({++tickets_, std::move(wake)});
  return tickets_;
}

void EventFeed::forget(std::uint64_t ticket) {
  std::erase_if(waiting_, [&](const Waiting& waiting) { return waiting.ticket == ticket; });
}

std::optional<std::vector<StreamEvent>> EventParser::read(std::string_view octets) {
  std::vector<StreamEvent> events;
  while (!octets.empty()) {
    const bool ends_crlf = std::exchange(after_cr_, false) && octets.front() == '\n';
    if (ends_crlf) {
      octets.remove_prefix(1);
      continue;
    }
    // Events are long lines: found by memchr, not octet by octet.
    const std::string_view before_lf = octets.substr(0, octets.find('\n'));
    const std::string_view text = before_lf.substr(0, before_lf.find('\r'));
    if (line_.size() + text.size() + event_.data.size() > kLongest) return std::nullopt;
    if (text.size() == octets.size()) {
      line_ += text;
      break;
    }
    after_cr_ = octets[text.size()] == '\r';
    octets.remove_prefix(text.size() + 1);
    if (line_.empty()) {
      line(text, events);
      continue;
    }
    line_ += text;
    line(line_, events);
    line_.clear();
  }
  return events;
}

void EventParser::line(std::string_view text, std::vector<StreamEvent>& events) {
  if (std::exchange(first_line_, false) && text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (text.empty()) {
    if (has_data_) {
      event_.id = id_;
      events.push_back(std::move(event_));
    }
    event_ = {};
    has_data_ = false;
    return;
  }
  const std::size_t colon = text.find(':');
  const std::string_view field = text.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "data") {
    if (has_data_) event_.data += '\n';
    event_.data += value;
    has_data_ = true;
  } else if (field == "event") {
    event_.name = value.empty() ? "message" : std::string(value);
  } else if (field == "id" && value.find('\0') == std::string_view::npos) {
    id_ = value;
  }
}

void EventParser::reset() {
  line_.clear();
  after_cr_ = false;
  first_line_ = true;
  event_ = {};
  has_data_ = false;
}

}  // namespace cats::http
