// The processes that `mpirun` started together. Implemented by catsbench_mpi.so, which alone knows of MPI: it lies
// beside the program, is built where Open MPI's headers are installed (packages.txt, [mpi]), and is loaded when mpirun
// has started more than one process.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace cats::suite {

class Ranks {
 public:
  struct Message {
    int from = 0;
    std::string octets;
  };

  virtual ~Ranks() = default;
  virtual int rank() const = 0;  // of this process, from 0
  virtual int size() const = 0;  // how many there are

  // From one thread alone, and less than 2 GiB. May wait until `to` looks for messages. What one process sends to
  // another comes in that order. A process that is lost ends the others: Open MPI ends the job.
  virtual void send(int to, std::string_view octets) = 0;
  virtual std::optional<Message> poll() = 0;  // what has come, if anything has

  // After the last message: waits for all processes to call it. One that ends without it ends the others.
  virtual void finish() = 0;
};

// Null for a process that mpirun did not start, or started alone. Throws UsageError when mpirun started several and the
// module is not there or cannot be loaded.
std::unique_ptr<Ranks> ranks_of_job();

// How many processes mpirun started; 1 without it. Needs no module.
int processes_of_job();

// Waits for the next message. Throws Interrupted.
Ranks::Message receive(Ranks& ranks);

}  // namespace cats::suite
