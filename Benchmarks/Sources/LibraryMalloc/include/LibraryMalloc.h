// A stream of calls of malloc, made by this machine's own C library.
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { MALLOC_STEP_TURN = 0, MALLOC_STEP_REALLOC = 1 };

// What is done with a slot: freed if it has memory, else filled (MALLOC_STEP_TURN); or resized.
struct malloc_step {
  uint32_t slot;
  uint32_t size;
  uint32_t thread;
  uint32_t operation;
};

void library_replay(const struct malloc_step *steps, size_t count, void **slots);

// Thread t makes the calls from first[t] up to first[t + 1], all at once.
void library_replay_threads(const struct malloc_step *steps, const size_t *first, unsigned threads,
                            void **slots);
