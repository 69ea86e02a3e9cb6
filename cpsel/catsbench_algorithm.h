/* Your own path selection algorithm for catsbench: a shared library that defines the four functions below. C89, needs
 * nothing but this file. docs/your-own-algorithm.md takes you through it.
 *
 * The library runs in a process of its own. What it prints on standard output or error lies in the run's logs. */
#ifndef CATSBENCH_ALGORITHM_H
#define CATSBENCH_ALGORITHM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What this header describes. A library of another version is refused. */
#define CATSBENCH_ALGORITHM_ABI 1

/* A parameter of the scenario, or a metric of an instance. */
typedef struct catsbench_value {
  const char* name;
  double value;
} catsbench_value;

/* One instance that may be given new flows. */
typedef struct catsbench_candidate {
  const char* id;     /* its CSCI-ID as text; the same instance has the same id in every call */
  double load;        /* the metric to steer by, relative to the capacity; less is better */
  double capacity;    /* > 0 */
  double age_s;       /* of the metrics */
  double last_weight; /* what this instance got in the last decision */
  uint64_t report;    /* changes with each report of this instance */
  /* New flows that it was given after the window that its last report covers, and between the windows of its last two
   * reports; -1 unless the scenario gives the parameter refresh_ms. */
  double flows_since_report;
  double flows_before_report;
  const catsbench_value* metrics; /* as they were reported, ascending by name */
  size_t metric_count;
} catsbench_candidate;

typedef struct catsbench_snapshot {
  const catsbench_candidate* candidates; /* ascending by CSCI-ID; at least one */
  size_t candidate_count;
  double dt_s;     /* since the last call; 0 at the first */
  double arrivals; /* new flows of the service in dt_s; -1 unless the scenario gives refresh_ms */
  uint64_t random; /* 64 random bits, drawn from the scenario's seed */
} catsbench_snapshot;

/* Nothing of a snapshot may be kept beyond the call. */

/* Returns CATSBENCH_ALGORITHM_ABI. */
uint32_t catsbench_algorithm_abi(void);

/* The parameters that the scenario gives, ascending by name, for one service. Returns the state that the other
 * functions get, or NULL and a text in *error, which must stay valid: the run is refused with it. */
void* catsbench_create(const catsbench_value* parameters, size_t parameter_count, const char** error);

/* Writes one weight per candidate: each at least 0, their sum 1 within 1e-6. Returns 0; anything else stops the trial.
 * It has a second. Called when a report arrives, an instance comes, goes or grows too old, and every refresh_ms. */
int catsbench_choose(void* state, const catsbench_snapshot* snapshot, double* weights);

void catsbench_destroy(void* state);

#ifdef __cplusplus
}
#endif

#endif
