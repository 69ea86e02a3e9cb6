// catsbench_mpi.so: Ranks by Open MPI (the C interface of MPI 3.1). Linked to MPI alone.
#define OMPI_SKIP_MPICXX 1
#include <mpi.h>

#include "suite/ranks/ranks.h"

namespace cats::suite {
namespace {

class MpiRanks final : public Ranks {
 public:
  MpiRanks() {
    int provided = 0;
    MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &size_);
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  void send(int to, std::string_view octets) override {
    MPI_Send(octets.data(), static_cast<int>(octets.size()), MPI_BYTE, to, 0, MPI_COMM_WORLD);
  }

  std::optional<Message> poll() override {
    int there = 0;
    MPI_Status status;
    MPI_Iprobe(MPI_ANY_SOURCE, 0, MPI_COMM_WORLD, &there, &status);
    if (there == 0) return std::nullopt;
    int size = 0;
    MPI_Get_count(&status, MPI_BYTE, &size);
    Message message{status.MPI_SOURCE, std::string(static_cast<std::size_t>(size), '\0')};
    MPI_Recv(message.octets.data(), size, MPI_BYTE, message.from, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    return message;
  }

  void finish() override { MPI_Finalize(); }

 private:
  int rank_ = 0;
  int size_ = 1;
};

}  // namespace
}  // namespace cats::suite

// Errors of MPI end the job, with a message of its own.
extern "C" cats::suite::Ranks* catsbench_open_ranks() { return new cats::suite::MpiRanks; }
