#include "base/fd.h"

#include <unistd.h>

namespace cats {

void Fd::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

}  // namespace cats
