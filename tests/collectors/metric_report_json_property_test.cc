// A report is read from text and from a document: both say the same.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "collectors/metric_report_json.h"

namespace cats::collectors {
namespace {

const WallClock kWall(1'790'000'000'000'000'000);

MetricReport any_report() {
  MetricReport report;
  report.stamp = Stamp{*rc::gen::arbitrary<std::uint32_t>(), from_ns(*rc::gen::inRange<std::int64_t>(0, 1LL << 50))};
  const auto names = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
      "norm_fi", "compute_norm", "processing_delay", "available_compute", "traffic_period_s", "site_preference")));
  for (const auto& name : names) report.values[name] = *rc::gen::inRange<std::int64_t>(0, 4'000'000'000'000) / 1e6;
  if (*rc::gen::arbitrary<bool>()) report.known = *rc::gen::arbitrary<std::uint32_t>();
  return report;
}

std::optional<MetricReport> plain(const std::string& text) {
  PlainJson reader(text);
  auto report = report_from_plain(reader, kWall);
  return reader.at_end() ? report : std::nullopt;
}

RC_GTEST_PROP(MetricReportJson, WhatIsWrittenIsReadEitherWay, ()) {
  const MetricReport report = any_report();
  const std::string text = to_json(report, kWall).dump();
  RC_ASSERT(plain(text) == report);
  RC_ASSERT(report_from_json(nlohmann::json::parse(text), kWall).value() == report);
}

// Some octets of a report are others: what is read from the text is what the document says, or nothing.
RC_GTEST_PROP(MetricReportJson, TextSaysNothingThatTheDocumentDoesNotSay, ()) {
  std::string text = to_json(any_report(), kWall).dump(*rc::gen::element(-1, 1));
  for (int i = *rc::gen::inRange(1, 4); i > 0; --i) {
    const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
    const auto piece = *rc::gen::element<std::string>("", "0", "-", ".", "e", ",", "}", "\"", "x", "null", " ",
                                                      "\\u0041", "\"known\":3,", "\xff");
    text.replace(at, *rc::gen::inRange<std::size_t>(0, 3), piece);
    if (text.empty()) return;
  }
  const auto read = plain(text);
  if (!read) return;
  const auto document = nlohmann::json::parse(text, nullptr, false);
  RC_ASSERT(!document.is_discarded());
  RC_ASSERT(report_from_json(document, kWall).value() == *read);
}

}  // namespace
}  // namespace cats::collectors
