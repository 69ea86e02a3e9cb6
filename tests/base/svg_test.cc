#include "base/svg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cats::svg {
namespace {

TEST(Svg, TextDoesNotBreakTheXml) {
  EXPECT_EQ(escaped("a < b & \"c\" > d, δT"), "a &lt; b &amp; &quot;c&quot; &gt; d, δT");
  EXPECT_EQ(words(1, 2, "end", 11, "#000000", "<&>"),
            "<text x=\"1\" y=\"2\" text-anchor=\"end\" font-size=\"11\" fill=\"#000000\">&lt;&amp;&gt;</text>\n");
  EXPECT_THAT(begin(10, 20, "a & b"), testing::HasSubstr("<title>a &amp; b</title>"));
}

TEST(Svg, CoordinatesAreShort) {
  EXPECT_EQ(pixels(12), "12");
  EXPECT_EQ(pixels(12.34), "12.3");
  EXPECT_EQ(pixels(12.96), "13");
  EXPECT_EQ(pixels(-0.01), "0");
  EXPECT_EQ(pixels(-3.25001), "-3.3");
}

}  // namespace
}  // namespace cats::svg
