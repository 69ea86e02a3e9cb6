#include <cstdint>
#include <iterator>
#include <map>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/random.h"
#include "base/ziggurat.h"
#include "sim/event_queue.h"

namespace cats::sim {
namespace {

// A queue beside a sorted reference: std::multimap keeps equal keys in the order of insertion.
class Pair {
 public:
  void push(std::int64_t after_ns) {
    const std::int64_t at = queue_.now_ns() + after_ns;
    queue_.push({at, 7, next_});
    reference_.emplace(at, next_++);
  }

  // False when they differ.
  bool pop_until(std::int64_t limit) {
    if (!tells_what_comes(next_ % 40)) return false;
    const bool expected = !reference_.empty() && reference_.begin()->first <= limit;
    Event event;
    if (queue_.pop_until(limit, event) != expected) return false;
    if (!expected) return limit == EventQueue::kForever || queue_.now_ns() >= limit;
    const auto first = reference_.begin();
    const bool same = event.at_ns == first->first && event.argument == first->second && event.handler == 7;
    reference_.erase(first);
    return same && queue_.now_ns() == event.at_ns && queue_.size() == reference_.size();
  }

  bool drain() {
    while (!reference_.empty())
      if (!pop_until(EventQueue::kForever)) return false;
    return pop_until(EventQueue::kForever) && queue_.size() == 0;
  }

  std::int64_t now() const { return queue_.now_ns(); }
  std::size_t size() const { return reference_.size(); }

 private:
  // What would be taken after `more` others, or nothing.
  bool tells_what_comes(std::size_t more) {
    const Event* const event = queue_.ahead(more);
    if (event == nullptr) return true;
    if (more >= reference_.size()) return false;
    const auto expected = std::next(reference_.begin(), static_cast<std::ptrdiff_t>(more));
    return event->at_ns == expected->first && event->argument == expected->second;
  }

  EventQueue queue_;
  std::multimap<std::int64_t, std::uint32_t> reference_;
  std::uint32_t next_ = 0;
};

struct Step {
  int kind;       // 0, 1: push; 2: pop some; 3: pop up to a time
  int count;      // of events
  int magnitude;  // of times, in bits
  std::uint64_t seed;
};

rc::Gen<Step> any_step() {
  return rc::gen::build<Step>(rc::gen::set(&Step::kind, rc::gen::inRange(0, 4)),
                              rc::gen::set(&Step::count, rc::gen::inRange(1, 120)),
                              rc::gen::set(&Step::magnitude, rc::gen::inRange(0, 56)),
                              rc::gen::set(&Step::seed, rc::gen::arbitrary<std::uint64_t>()));
}

std::int64_t below_two_to(int bits, RandomStream& random) {
  return static_cast<std::int64_t>(random.bits() & ((std::uint64_t{1} << bits) - 1));
}

void showValue(const Step& step, std::ostream& out) {
  out << "{" << step.kind << " × " << step.count << ", 2^" << step.magnitude << ", " << step.seed << "}";
}

RC_GTEST_PROP(EventQueue, GivesWhatASortedReferenceGives, ()) {
  const auto steps = *rc::gen::container<std::vector<Step>>(any_step());
  Pair pair;
  for (const Step& step : steps) {
    RandomStream random(step.seed, "steps");
    if (step.kind <= 1)
      for (int i = 0; i < step.count; ++i) pair.push(below_two_to(step.magnitude, random));
    if (step.kind == 2)
      for (int i = 0; i < step.count; ++i) RC_ASSERT(pair.pop_until(EventQueue::kForever));
    if (step.kind == 3) {
      const std::int64_t limit = pair.now() + below_two_to(step.magnitude, random);
      while (pair.now() < limit) RC_ASSERT(pair.pop_until(limit));
    }
  }
  RC_ASSERT(pair.drain());
}

// Some events pending, one taken and one given at a time, with gaps of very different shapes.
using Gap = std::int64_t (*)(RandomStream&);
struct Shape {
  const char* name;
  Gap gap;
};

const Shape kShapes[] = {
    {"exponential", [](RandomStream& r) { return static_cast<std::int64_t>(1e6 * standard_exponential(r)); }},
    {"ties", [](RandomStream& r) { return static_cast<std::int64_t>(r.below(3)) * 1000; }},
    {"now", [](RandomStream& r) { return r.below(10) == 0 ? std::int64_t{1} : std::int64_t{0}; }},
    {"near or far",
     [](RandomStream& r) {
       return static_cast<std::int64_t>(r.below(2) == 0 ? r.below(100) : 1'000'000'000 + r.below(1000));
     }},
    {"any magnitude", [](RandomStream& r) { return static_cast<std::int64_t>(r.bits() >> (20 + r.below(44))); }},
    {"one for all", [](RandomStream&) { return std::int64_t{4096}; }},
};

class Hold : public testing::TestWithParam<Shape> {};

TEST_P(Hold, GivesWhatASortedReferenceGives) {
  for (const int pending : {1, 6, 70, 3000, 20'000}) {
    RandomStream random(static_cast<std::uint64_t>(pending), GetParam().name);
    Pair pair;
    for (int i = 0; i < pending; ++i) pair.push(GetParam().gap(random));
    for (int i = 0; i < 5 * pending + 1000; ++i) {
      ASSERT_TRUE(pair.pop_until(EventQueue::kForever)) << GetParam().name << ", " << pending << " pending, step " << i;
      pair.push(GetParam().gap(random));
    }
    ASSERT_TRUE(pair.drain()) << GetParam().name;
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, Hold, testing::ValuesIn(kShapes), [](const auto& shape) {
  std::string name = shape.param.name;
  for (char& c : name)
    if (c == ' ') c = '_';
  return name;
});

}  // namespace
}  // namespace cats::sim
