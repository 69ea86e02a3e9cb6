/* An algorithm of one's own: new flows in proportion to the spare room of each instance, and a share for everybody, so
 * that an instance that recovers is noticed. The parameter "floor" (default 0.05) is that share. */
#include "catsbench_algorithm.h"

#include <stdlib.h>
#include <string.h>

struct least_queue {
  double floor;
};

uint32_t catsbench_algorithm_abi(void) { return CATSBENCH_ALGORITHM_ABI; }

void *catsbench_create(const catsbench_value *parameters, size_t parameter_count, const char **error) {
  struct least_queue *self = malloc(sizeof *self);
  size_t i;
  if (self == NULL) {
    *error = "no memory";
    return NULL;
  }
  self->floor = 0.05;
  for (i = 0; i < parameter_count; ++i) {
    if (strcmp(parameters[i].name, "floor") == 0 && parameters[i].value >= 0 && parameters[i].value <= 1) {
      self->floor = parameters[i].value;
    } else {
      *error = "the only parameter is floor, from 0 to 1";
      free(self);
      return NULL;
    }
  }
  return self;
}

/* queue_length as the instance reported it, else its load. */
static double queue_of(const catsbench_candidate *one) {
  size_t i;
  for (i = 0; i < one->metric_count; ++i)
    if (strcmp(one->metrics[i].name, "queue_length") == 0) return one->metrics[i].value;
  return one->load;
}

int catsbench_choose(void *state, const catsbench_snapshot *snapshot, double *weights) {
  const struct least_queue *self = state;
  const size_t n = snapshot->candidate_count;
  double sum = 0;
  size_t i;
  for (i = 0; i < n; ++i) {
    weights[i] = snapshot->candidates[i].capacity / (1 + queue_of(&snapshot->candidates[i]));
    sum += weights[i];
  }
  for (i = 0; i < n; ++i) weights[i] = (1 - self->floor) * weights[i] / sum + self->floor / (double)n;
  return 0;
}

void catsbench_destroy(void *state) { free(state); }
