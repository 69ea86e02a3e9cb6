#include "emulator/roles/ingress_flow_writer.h"

#include <boost/asio/post.hpp>

namespace cats::roles {

namespace asio = boost::asio;

FlowWriter::FlowWriter(asio::io_context& io, std::unique_ptr<kernel::FlowTable> table, std::size_t services,
                       Written written)
    : io_(io),
      table_(std::move(table)),
      installed_(services, std::vector<std::uint32_t>(table_->slot_count(), 0)),
      written_(std::move(written)) {}

FlowWriter::~FlowWriter() { thread_.join(); }

void FlowWriter::submit(std::size_t service, std::uint64_t decision, std::vector<std::uint32_t> marks,
                        std::function<void()> in_force) {
  Job& job = waiting_[service];
  job.decision = decision;
  job.marks = std::move(marks);
  if (in_force) job.in_force.push_back(std::move(in_force));
  if (!writing_) start();
}

void FlowWriter::start() {
  writing_ = true;
  asio::post(thread_, [this, jobs = std::exchange(waiting_, {})] {
    std::vector<FlowWrite> writes;
    std::exception_ptr error;
    try {
      for (const auto& [service, job] : jobs) {
        auto& before = installed_[service];
        std::size_t changed = 0;
        for (std::size_t i = 0; i < before.size(); ++i) changed += before[i] != job.marks[i] ? 1 : 0;
        if (changed > 0) table_->set_slots(service, job.marks);
        writes.push_back({service, job.decision, MonotonicClock().now(), changed});
        before = job.marks;
      }
    } catch (const std::exception&) {
      error = std::current_exception();
    }
    asio::post(io_, [this, error, writes, jobs] { finished(error, writes, jobs); });
  });
}

void FlowWriter::finished(std::exception_ptr error, const std::vector<FlowWrite>& writes, const Jobs& jobs) {
  writing_ = false;
  for (const FlowWrite& write : writes) {
    written_(write);
    for (const auto& in_force : jobs.at(write.service).in_force) in_force();
  }
  if (error) std::rethrow_exception(error);
  if (!waiting_.empty() && !writing_) start();
}

template <class Answer>
void FlowWriter::read(std::function<Answer(kernel::FlowTable&)> question,
                      std::function<void(std::exception_ptr, Answer)> reply) {
  asio::post(thread_, [this, question = std::move(question), reply = std::move(reply)] {
    std::exception_ptr error;
    Answer answer;
    try {
      answer = question(*table_);
    } catch (const std::exception&) {
      error = std::current_exception();
    }
    asio::post(io_, [reply, error, answer] { reply(error, answer); });
  });
}

void FlowWriter::read_back(std::size_t service,
                           std::function<void(std::exception_ptr, std::vector<std::uint32_t>)> reply) {
  read<std::vector<std::uint32_t>>([service](kernel::FlowTable& table) { return table.slots(service); },
                                   std::move(reply));
}

void FlowWriter::read_flows(std::size_t service,
                            std::function<void(std::exception_ptr, std::map<std::uint32_t, std::uint64_t>)> reply) {
  read<std::map<std::uint32_t, std::uint64_t>>([service](kernel::FlowTable& table) { return table.flows(service); },
                                               std::move(reply));
}

}  // namespace cats::roles
