/* What the recorded samples are recorded of: a few calls of every kind, then a stream of sizes that
   goes through all of the allocator, with what it returned on standard output.

   cc -O1 -fno-builtin -g -o recorded recorded.c
   MALLOC_TRACE=recorded.mtrace LD_PRELOAD=libc_malloc_debug.so.0 ./recorded trace
   heaptrack --raw ./recorded; heaptrack ./recorded */
#include <malloc.h>
#include <mcheck.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OBJECTS 96

static void *objects[OBJECTS];

static void *make(size_t size) { return malloc(size); }

static uint32_t next(uint32_t *state) {
  *state = *state * 1664525u + 1013904223u;
  return *state >> 8;
}

static size_t size(uint32_t *state) {
  switch (next(state) % 10) {
  case 0: return 160 * 1024 + next(state) % 100000;
  case 1: case 2: return 1024 + next(state) % 20000;
  case 3: case 4: return 200 + next(state) % 1000;
  default: return next(state) % 200;
  }
}

int main(int count, char **arguments) {
  uint32_t state = 7;
  if (count > 1 && !strcmp(arguments[1], "trace")) mtrace();
  void *first = make(100);
  void *zeros = calloc(3, 7);
  first = realloc(first, 5000);
  void *aligned = memalign(256, 640);
  free(zeros);
  free(first);
  free(aligned);
  free(0);
  void *none = make(SIZE_MAX / 2);
  if (none) return 1;
  for (int step = 0; step < 1500; step++) {
    void **object = &objects[next(&state) % OBJECTS];
    if (!*object)
      *object = make(size(&state));
    else if (next(&state) % 4 == 0)
      *object = realloc(*object, size(&state) + 1);
    else {
      free(*object);
      *object = 0;
    }
  }
  muntrace();
  return 0;
}
