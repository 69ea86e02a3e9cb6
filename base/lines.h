// Whole lines of a file: all, or those of some time, of logs too long to be read at once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>
#include <string_view>

namespace cats {

// from_ns ≤ t < to_ns; by default all time.
struct Period {
  std::int64_t from_ns = std::numeric_limits<std::int64_t>::min();
  std::int64_t to_ns = std::numeric_limits<std::int64_t>::max();

  bool operator==(const Period&) const = default;
};

struct Lines {
  std::filesystem::path path;
  std::uintmax_t offset = 0;  // of `text` in the file
  std::string text;           // ends with a line's end, or is empty

  // "FILE:12", for the line in which text[at] stands. Reads what is before `offset` to count.
  std::string where(std::size_t at) const;
};

// The time of a line without its end; an exception for a line that has none is passed on.
using TimeOfLine = std::function<std::int64_t(const Lines& line)>;

// From octet `begin` on, at which a line begins, those of `period`. Of both of its ends: every line before some place
// of the file has a time before it, and no line behind that place has. So the place is found by halving, and
// little more is read than is returned. A last line without end (a killed writer) is left out. Throws SystemError.
Lines read_lines(const std::filesystem::path& path, const Period& period = {}, const TimeOfLine& time_of = {},
                 std::uintmax_t begin = 0);

// The first line alone, with its end; empty when there is none.
Lines read_first_line(const std::filesystem::path& path);

}  // namespace cats
