#include "bgp/as4.h"

#include <algorithm>

namespace cats::bgp {
namespace {

bool is_confederation(const AsPath::Segment& segment) {
  return segment.type == AsPath::SegmentType::confed_sequence || segment.type == AsPath::SegmentType::confed_set;
}

// Section 6: confederation segments do not belong into AS4_PATH.
void drop_confederations(AsPath& path) { std::erase_if(path.segments, is_confederation); }

// The leading part of `segment` that counts at most `budget`, which it is taken from.
AsPath::Segment take(const AsPath::Segment& segment, std::size_t& budget) {
  AsPath::Segment head = segment;
  if (segment.type == AsPath::SegmentType::sequence) {
    head.as_numbers.resize(std::min(budget, segment.as_numbers.size()));
    budget -= head.as_numbers.size();
  } else if (segment.type == AsPath::SegmentType::set) {
    --budget;
  }
  return head;
}

}  // namespace

AsPath merge_as4_path(const AsPath& as_path, AsPath as4_path) {
  drop_confederations(as4_path);
  const std::size_t whole = as_path.length();
  const std::size_t known = as4_path.length();
  if (known == 0 || whole < known) {
    return as_path;
  }
  AsPath merged;
  std::size_t budget = whole - known;
  for (const AsPath::Segment& segment : as_path.segments) {
    if (budget == 0 && !is_confederation(segment)) {
      break;
    }
    merged.segments.push_back(take(segment, budget));
  }
  auto rest = as4_path.segments.begin();
  if (!merged.segments.empty() && rest->type == AsPath::SegmentType::sequence) {
    AsPath::Segment& last = merged.segments.back();
    if (last.type == rest->type && last.as_numbers.size() + rest->as_numbers.size() <= 255) {
      last.as_numbers.insert(last.as_numbers.end(), rest->as_numbers.begin(), rest->as_numbers.end());
      ++rest;
    }
  }
  merged.segments.insert(merged.segments.end(), rest, as4_path.segments.end());
  return merged;
}

std::optional<AsPath> as4_path_for(const AsPath& as_path) {
  const bool fits = std::all_of(as_path.segments.begin(), as_path.segments.end(), [](const AsPath::Segment& s) {
    return std::all_of(s.as_numbers.begin(), s.as_numbers.end(), [](std::uint32_t as) { return as <= 0xffff; });
  });
  if (fits) {
    return {};
  }
  AsPath path = as_path;
  drop_confederations(path);
  return path;
}

}  // namespace cats::bgp
