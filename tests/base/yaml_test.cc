#include "base/yaml.h"

#include <gtest/gtest.h>

namespace cats::yaml {
namespace {

using namespace std::chrono_literals;

TEST(Yaml, ReadsWhatIsThere) {
  Diagnostics found;
  const auto root = load("name: x\ninterval: 1.5s\nquota: 20%\ncount: 7\nlist: [a, b]\n", "f.yaml", found);
  ASSERT_TRUE(root.has_value());
  const Map map = root->map({"name", "interval", "quota", "count", "list", "absent"});
  EXPECT_EQ(map.at("name").string(), "x");
  EXPECT_EQ(map.at("interval").duration(), 1500ms);
  EXPECT_DOUBLE_EQ(map.at("quota").share(), 0.2);
  EXPECT_EQ(map.at("count").integer(0, 0, 10), 7);
  EXPECT_EQ(map.at("list").list().at(1).string(), "b");
  EXPECT_EQ(map.get("absent").integer(42), 42);
  EXPECT_TRUE(found.empty()) << found.str();
}

TEST(Yaml, ReportsEverythingAtOnceInFileOrder) {
  Diagnostics found;
  const auto root = load("intreval: 1s\nquota: 130%\ncount: 5x\ninterval: 3\nmode: fast\ncount: 1\n", "f.yaml", found);
  ASSERT_TRUE(root.has_value());
  const Map map = root->map({"interval", "quota", "count", "mode", "name"});
  map.get("interval").duration();
  map.get("quota").share();
  map.get("count").integer();
  map.get("mode").choice({"slow", "last"});
  map.at("name").string();
  EXPECT_EQ(found.str(),
            "f.yaml:1:1: unknown key \"intreval\": allowed are interval, quota, count, mode or name, did you mean "
            "\"interval\"?\n"
            "f.yaml:1:1: \"name\" is missing\n"
            "f.yaml:2:8: quota: \"130%\" is not a share: allowed are 0% to 100%, or 0 to 1\n"
            "f.yaml:3:8: count: \"5x\" is not a whole number\n"
            "f.yaml:4:11: interval: \"3\" is not a duration: write a number with ns, us, ms, s, min or h, such as "
            "200ms\n"
            "f.yaml:5:7: mode: \"fast\" is unknown: allowed are slow or last, did you mean \"last\"?\n"
            "f.yaml:6:1: count: given twice");
}

TEST(Yaml, NamesThePlaceOfASyntaxError) {
  Diagnostics found;
  const auto root = load("a: [1, 2\nb: 3\n", "f.yaml", found);
  ASSERT_FALSE(root.has_value());
  EXPECT_TRUE(root.error().message.starts_with("f.yaml:")) << root.error().message;
}

TEST(Yaml, DurationsReadBack) {
  for (const char* text : {"1s", "250ms", "3us", "7ns", "2min", "1h"}) EXPECT_EQ(to_text(*parse_duration(text)), text);
  EXPECT_EQ(to_text(*parse_duration("1.5s")), "1500ms");
  EXPECT_FALSE(parse_duration("1"));
  EXPECT_FALSE(parse_duration("s"));
  EXPECT_FALSE(parse_duration("-1s"));
  EXPECT_FALSE(parse_duration("1e30h"));
}

}  // namespace
}  // namespace cats::yaml
