#include "LibraryMalloc.h"

#include <pthread.h>
#include <stdlib.h>

void library_replay(const struct malloc_step *steps, size_t count, void **slots) {
  for (size_t index = 0; index < count; index++) {
    const struct malloc_step step = steps[index];
    void *old = slots[step.slot];
    if (step.operation == MALLOC_STEP_REALLOC) {
      slots[step.slot] = realloc(old, step.size);
    } else if (old) {
      free(old);
      slots[step.slot] = NULL;
    } else {
      slots[step.slot] = malloc(step.size);
    }
  }
}

struct part {
  const struct malloc_step *steps;
  size_t count;
  void **slots;
};

static void *run(void *argument) {
  const struct part *part = argument;
  library_replay(part->steps, part->count, part->slots);
  return NULL;
}

void library_replay_threads(const struct malloc_step *steps, const size_t *first, unsigned threads,
                            void **slots) {
  pthread_t handles[64];
  struct part parts[64];
  if (threads > 64) abort();
  for (unsigned t = 0; t < threads; t++) {
    parts[t] = (struct part){steps + first[t], first[t + 1] - first[t], slots};
    if (pthread_create(&handles[t], NULL, run, &parts[t])) abort();
  }
  for (unsigned t = 0; t < threads; t++) pthread_join(handles[t], NULL);
}
