// What JsonWriter writes against what nlohmann::ordered_json::dump() gives for the same members.
#include <cmath>
#include <cstring>
#include <limits>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "base/json_writer.h"
#include "base/plain_json.h"

namespace cats {
namespace {

using nlohmann::ordered_json;

template <class T>
std::string written(const T& what) {
  std::string text;
  JsonWriter(text).value(what);
  return text;
}

// Any octets as a number: subnormal, infinite and NaN ones too.
double any_double() {
  const auto bits = *rc::gen::arbitrary<std::uint64_t>();
  double number = 0;
  std::memcpy(&number, &bits, sizeof number);
  return number;
}
double any_number() {
  switch (*rc::gen::inRange(0, 4)) {
    case 0:
      return any_double();
    case 1:
      return *rc::gen::inRange(-1000, 1000);
    case 2:
      return *rc::gen::inRange<std::int64_t>(-(1LL << 60), 1LL << 60) / 1000.0;
    default:
      return std::ldexp(*rc::gen::inRange(-9, 9), *rc::gen::inRange(-1000, 1000));
  }
}
// UTF-8, with everything that must be escaped.
std::string any_text() {
  const auto words = *rc::gen::container<std::vector<std::string>>(
      rc::gen::element<std::string>("a", "norm_fi", "\"", "\\", "/", "\n", "\t", "\r", "\b", "\f", std::string(1, '\0'),
                                    "\x01", "\x1f", " ", "\x7e", "\x7f", "é", "…", "😀"));
  std::string text;
  for (const auto& word : words) text += word;
  return text;
}

RC_GTEST_PROP(JsonWriterProperty, NumbersAreAsDumpWritesThem, ()) {
  const double number = any_number();
  RC_ASSERT(written(number) == ordered_json(number).dump());
  const auto whole = *rc::gen::arbitrary<std::int64_t>();
  RC_ASSERT(written(whole) == ordered_json(whole).dump());
  const auto natural = *rc::gen::arbitrary<std::uint64_t>();
  RC_ASSERT(written(natural) == ordered_json(natural).dump());
}

RC_GTEST_PROP(JsonWriterProperty, TextsAreAsDumpWritesThem, ()) {
  const std::string text = any_text();
  RC_ASSERT(written(text) == ordered_json(text).dump());
}

RC_GTEST_PROP(JsonWriterProperty, ObjectsAreAsDumpWritesThem, ()) {
  std::map<std::string, double> values;
  for (int i = *rc::gen::inRange(0, 5); i > 0; --i) values[any_text()] = any_number();
  const auto texts = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>("x", "y"));
  const std::optional<std::uint32_t> maybe =
      *rc::gen::arbitrary<bool>() ? std::optional(*rc::gen::arbitrary<std::uint32_t>()) : std::nullopt;
  const bool flag = *rc::gen::arbitrary<bool>();
  const ordered_json expected = {{"source", "2001:2::1"},
                                 {"values", values},
                                 {"known", maybe ? ordered_json(*maybe) : ordered_json(nullptr)},
                                 {"list", texts},
                                 {"inner", {{"flag", flag}, {"none", nullptr}}},
                                 {"empty", ordered_json::object()}};
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.field("source", IpAddress::of("2001:2::1"));
  json.field("values", values);
  json.field("known", maybe);
  json.key("list");
  json.begin_array();
  for (const auto& one : texts) json.value(one);
  json.end_array();
  json.key("inner");
  json.begin_object();
  json.field("flag", flag);
  json.field("none", nullptr);
  json.end_object();
  json.key("empty");
  json.begin_object();
  json.end_object();
  json.end_object();
  RC_ASSERT(text == expected.dump());
}

TEST(JsonWriter, ReplacesWhatIsNoUtf8) {
  const std::string bad = "a\xff\xc3";
  EXPECT_EQ(written(bad), ordered_json(bad).dump(-1, ' ', false, ordered_json::error_handler_t::replace));
  EXPECT_EQ(nlohmann::json::parse(written(bad)), "a\uFFFD\uFFFD");
}

// Where PlainJson reads a number or a string, nlohmann reads the same; where nlohmann reads none, neither does it.
RC_GTEST_PROP(PlainJsonProperty, ReadsNothingThatNlohmannReadsOtherwise, ()) {
  const auto words = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
      "0", "1", "42", ".", "e", "E", "+", "-", " ", "99999999999", "\"", "a", "\\", "\n"));
  std::string text;
  for (const auto& word : words) text += word;
  const auto reference = nlohmann::json::parse(text, nullptr, false);
  PlainJson as_number(text);
  if (const auto number = as_number.number(); number && as_number.at_end()) {
    RC_ASSERT(reference.is_number());
    RC_ASSERT(reference.get<double>() == *number);
  }
  PlainJson as_integer(text);
  if (const auto integer = as_integer.integer<std::uint32_t>(); integer && as_integer.at_end()) {
    RC_ASSERT(reference.is_number_unsigned());
    RC_ASSERT(reference.get<std::uint64_t>() == *integer);
  }
  PlainJson as_string(text);
  if (const auto string = as_string.string(); string && as_string.at_end()) {
    RC_ASSERT(reference.is_string());
    RC_ASSERT(reference.get<std::string>() == *string);
  }
}

TEST(PlainJson, ReadsWhatReportsAreMadeOf) {
  PlainJson text(R"( {"a" : 12, "b": 3.25e1,"c":null, "d":"x y" } )");
  ASSERT_TRUE(text.take('{'));
  EXPECT_EQ(text.key(), "a");
  EXPECT_EQ(text.integer<int>(), 12);
  ASSERT_TRUE(text.take(','));
  EXPECT_EQ(text.key(), "b");
  EXPECT_EQ(text.number(), 32.5);
  ASSERT_TRUE(text.take(','));
  EXPECT_EQ(text.key(), "c");
  EXPECT_TRUE(text.take_null());
  ASSERT_TRUE(text.take(','));
  EXPECT_EQ(text.key(), "d");
  EXPECT_EQ(text.string(), "x y");
  ASSERT_TRUE(text.take('}'));
  EXPECT_TRUE(text.at_end());
}

}  // namespace
}  // namespace cats
