// Applies decisions to the flow table on a thread of its own, so that a slow kernel delays no receive timestamp. At
// most one write is outstanding; what is decided meanwhile replaces what waits, per service.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include "base/clock.h"
#include "emulator/kernel/flow_table.h"

namespace cats::roles {

struct FlowWrite {
  std::size_t service = 0;
  std::uint64_t decision = 0;
  Instant acked;
  std::size_t changed = 0;  // slots
};

class FlowWriter {
 public:
  using Written = std::function<void(const FlowWrite&)>;

  FlowWriter(boost::asio::io_context& io, std::unique_ptr<kernel::FlowTable> table, std::size_t services,
             Written written);
  ~FlowWriter();  // waits for the write under way
  FlowWriter(const FlowWriter&) = delete;
  FlowWriter& operator=(const FlowWriter&) = delete;

  // `marks`: one per slot. `in_force` is called once this or a later decision of the service is committed. A kernel
  // that refuses ends the io_context's run() with SystemError.
  void submit(std::size_t service, std::uint64_t decision, std::vector<std::uint32_t> marks,
              std::function<void()> in_force = {});
  // Read back from the kernel. An error becomes an exception in `reply`'s argument.
  void read_back(std::size_t service, std::function<void(std::exception_ptr, std::vector<std::uint32_t>)> reply);
  // New flows by mark, as FlowTable::flows().
  void read_flows(std::size_t service,
                  std::function<void(std::exception_ptr, std::map<std::uint32_t, std::uint64_t>)> reply);

 private:
  template <class Answer>
  void read(std::function<Answer(kernel::FlowTable&)> question, std::function<void(std::exception_ptr, Answer)> reply);

  struct Job {
    std::uint64_t decision = 0;
    std::vector<std::uint32_t> marks;
    std::vector<std::function<void()>> in_force;
  };
  using Jobs = std::map<std::size_t, Job>;

  void start();
  void finished(std::exception_ptr error, const std::vector<FlowWrite>& writes, const Jobs& jobs);

  boost::asio::io_context& io_;
  std::unique_ptr<kernel::FlowTable> table_;           // used by the thread alone
  std::vector<std::vector<std::uint32_t>> installed_;  // by the thread alone
  Written written_;
  Jobs waiting_;
  bool writing_ = false;
  boost::asio::thread_pool thread_{1};
};

}  // namespace cats::roles
