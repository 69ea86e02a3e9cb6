/* An algorithm that breaks in the way that the macro given at compile time says, or works and checks what it is told. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "catsbench_algorithm.h"

static int calls = 0;

uint32_t catsbench_algorithm_abi(void) {
#ifdef OTHER_ABI
  return CATSBENCH_ALGORITHM_ABI + 1;
#else
  return CATSBENCH_ALGORITHM_ABI;
#endif
}

void *catsbench_create(const catsbench_value *parameters, size_t parameter_count, const char **error) {
  (void)parameters;
  (void)parameter_count;
#ifdef REFUSES
  *error = "wants no parameters at all";
  return NULL;
#else
  (void)error;
  return &calls;
#endif
}

int catsbench_choose(void *state, const catsbench_snapshot *snapshot, double *weights) {
  const size_t n = snapshot->candidate_count;
  size_t i;
  (void)state;
  ++calls;
  for (i = 0; i < n; ++i) weights[i] = 1.0 / (double)n;
#if defined CRASHES
  abort();
#elif defined CRASHES_LATER
  /* At an instance that a trial of `collection` has put to work. A sanitizer's handler is not wanted. */
  for (i = 0; i < n; ++i) {
    size_t m;
    for (m = 0; m < snapshot->candidates[i].metric_count; ++m) {
      const catsbench_value *metric = &snapshot->candidates[i].metrics[m];
      const int busy = (strcmp(metric->name, "cpu_utilisation") == 0 && metric->value > 40) ||
                       (strcmp(metric->name, "compute_norm") == 0 && metric->value < 5); /* which is distributed */
      if (busy) {
        signal(SIGSEGV, SIG_DFL);
        raise(SIGSEGV);
      }
    }
  }
#elif defined HANGS
  for (;;) sleep(1);
#elif defined NOT_A_NUMBER
  weights[0] = 0.0 / 0.0;
#elif defined NEGATIVE
  weights[0] = -0.5;
#elif defined TOO_MANY
  weights[n] = 0;
#elif defined SHORT_SUM
  weights[0] -= 0.00001;
#elif defined RETURNS_ERROR
  return 7;
#elif defined EXITS
  exit(4);
#elif defined WORKS
  /* All that the snapshot says, as weights of two instances. */
  if (n == 2) {
    const catsbench_candidate *one = &snapshot->candidates[0];
    const int as_told = strcmp(one->id, "2001:2::1") == 0 && one->load == 0.25 && one->capacity == 2 &&
                        one->age_s == 1.5 && one->last_weight == 0.75 && one->report == 9 &&
                        one->flows_since_report == 3 && one->flows_before_report == 4 && one->metric_count == 2 &&
                        strcmp(one->metrics[0].name, "cpu_utilisation") == 0 && one->metrics[0].value == 25 &&
                        strcmp(one->metrics[1].name, "queue_length") == 0 && one->metrics[1].value == 0.1 &&
                        snapshot->dt_s == 0.125 && snapshot->arrivals == 11 && snapshot->random != 0 &&
                        snapshot->candidates[1].flows_since_report == -1;
    weights[0] = as_told ? 0.25 : 0.5;
    weights[1] = 1 - weights[0];
  }
#endif
  return 0;
}

void catsbench_destroy(void *state) { (void)state; }
