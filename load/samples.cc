#include "load/samples.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

namespace cats::load {
namespace {

constexpr std::size_t kBuffer = 64 * 1024;

std::string ns(const std::optional<Instant>& t) { return t ? std::to_string(to_ns(*t)) : ""; }
std::string number(const std::optional<std::int64_t>& n) { return n ? std::to_string(*n) : ""; }

}  // namespace

CsvFile::CsvFile(const std::filesystem::path& path, std::string_view header)
    : path_(path.string()),
      file_(check(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644), "open {}", path_)) {
  struct stat info {};
  check(::fstat(file_.get(), &info), "stat {}", path_);
  if (info.st_size == 0) row(header);
  flush();
}

void CsvFile::row(std::string_view text) {
  buffer_ += text;
  buffer_ += '\n';
  if (buffer_.size() >= kBuffer) flush();
}

void CsvFile::flush() {
  std::string_view rest = buffer_;
  while (!rest.empty())
    rest.remove_prefix(
        static_cast<std::size_t>(check(::write(file_.get(), rest.data(), rest.size()), "write {}", path_)));
  buffer_.clear();
}

Samples::Samples(const std::filesystem::path& directory, const std::string& host)
    : requests_(directory / (host + ".requests.csv"),
                "trial,scheduled_ns,sent_ns,done_ns,instance,status,session,kind,queue_ns,service_ns,work_us"),
      sessions_(directory / (host + ".sessions.csv"),
                "trial,session,kind,started_ns,connected_ns,closed_ns,source,port,service,outcome"),
      loads_(directory / (host + ".load.csv"), "trial,start_ns,end_ns,offered,sent,answered") {}

void Samples::add(const RequestRow& r) {
  requests_.row(fmt::format("{},{},{},{},{},{},{},{},{},{},{}", r.trial, to_ns(r.scheduled), ns(r.sent), ns(r.done),
                            r.instance, r.status, r.session, r.kind, number(r.queue_ns), number(r.service_ns),
                            r.work_us));
}

void Samples::add(const SessionRow& r) {
  sessions_.row(fmt::format("{},{},{},{},{},{},{},{},{},{}", r.trial, r.session, r.kind, to_ns(r.started),
                            ns(r.connected), to_ns(r.closed), r.source, r.port, r.service, r.outcome));
}

void Samples::add_load(std::string_view trial, Instant start, Instant end, std::uint64_t offered, std::uint64_t sent,
                       std::uint64_t answered) {
  loads_.row(fmt::format("{},{},{},{},{},{}", trial, to_ns(start), to_ns(end), offered, sent, answered));
}

void Samples::flush() {
  requests_.flush();
  sessions_.flush();
  loads_.flush();
}

}  // namespace cats::load
