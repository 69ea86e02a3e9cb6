#include "base/interrupt.h"

#include <csignal>

#include "base/error.h"

namespace cats {
namespace {

// Written by a signal handler, read by every thread.
std::atomic<bool> g_interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free);

thread_local const std::atomic<bool>* t_stop = nullptr;

void remember(int /*signal*/) { g_interrupted = true; }

}  // namespace

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = remember;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() { return g_interrupted || (t_stop != nullptr && *t_stop); }

void throw_if_interrupted() {
  if (interrupted()) throw Interrupted();
}

StopsThread::StopsThread(const std::atomic<bool>& stop) { t_stop = &stop; }

StopsThread::~StopsThread() { t_stop = nullptr; }

}  // namespace cats
