// Asking for memory before it is needed.
#pragma once

namespace cats {

// The cache line at `address`, which may be anything: no fault is raised.
inline void prefetch(const void* address) {
  __builtin_prefetch(address);
  // Without it g++ 12 takes a function that does nothing else for one without effect, and leaves out calls of it.
  asm volatile("");
}

}  // namespace cats
