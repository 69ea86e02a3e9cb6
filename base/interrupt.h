// Ctrl-C and SIGTERM as an exception at the places that wait, so that owners clean up on the way out.
#pragma once

namespace cats {

// From now on SIGINT and SIGTERM are remembered instead of ending the process. A second one ends it at once.
void catch_interrupts();

bool interrupted();

// Throws Interrupted. Everything that waits calls this while it does.
void throw_if_interrupted();

}  // namespace cats
