// The CSV files of one host (docs/event-log.md), written when asked to flush or when a buffer is full.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/fd.h"

namespace cats::load {

// Appends rows to a file that begins with the header.
class CsvFile {
 public:
  // Throws SystemError.
  CsvFile(const std::filesystem::path& path, std::string_view header);
  void row(std::string_view text);  // without the line's end
  void flush();                     // throws SystemError

 private:
  std::string path_;
  Fd file_;
  std::string buffer_;
};

struct RequestRow {
  std::string_view trial;
  Instant scheduled;
  std::optional<Instant> sent, done;
  std::string instance;
  std::string status;
  std::uint64_t session = 0;
  std::string_view kind;
  std::optional<std::int64_t> queue_ns, service_ns;
  std::int64_t work_us = 0;  // CPU time asked for
};

struct SessionRow {
  std::string_view trial;
  std::uint64_t session = 0;
  std::string_view kind;
  Instant started;
  std::optional<Instant> connected;
  Instant closed;
  std::string source;
  std::uint16_t port = 0;
  std::string service;
  std::string_view outcome;
};

class Samples {
 public:
  Samples(const std::filesystem::path& directory, const std::string& host);
  void add(const RequestRow& row);
  void add(const SessionRow& row);
  void add_load(std::string_view trial, Instant start, Instant end, std::uint64_t offered, std::uint64_t sent,
                std::uint64_t answered);
  void flush();

 private:
  CsvFile requests_;
  CsvFile sessions_;
  CsvFile loads_;
};

}  // namespace cats::load
