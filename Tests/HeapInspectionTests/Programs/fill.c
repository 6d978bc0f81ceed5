// Fills the heap from several threads, prints malloc_info, and waits, aborts, or goes on as told:
// fill [wait|abort|exit [THREADS [STEPS]]]
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static unsigned next(unsigned *state) {
  *state = *state * 1103515245 + 12345;
  return *state >> 8;
}

static pthread_barrier_t filled;
static int steps = 60000;

static void *fill(void *argument) {
  unsigned state = (unsigned)(size_t)argument * 7919 + 1;
  static _Thread_local void *kept[3000];
  unsigned count = steps / 20;
  for (int step = 0; step < steps; step++) {
    unsigned at = next(&state) % count;
    free(kept[at]);
    unsigned size = next(&state) % 100;
    size = size < 60 ? next(&state) % 200 : size < 95 ? next(&state) % 3000 : next(&state) % 60000;
    kept[at] = next(&state) % 3 ? malloc(size) : 0;
    if (kept[at]) memset(kept[at], (int)step, size);
  }
  pthread_barrier_wait(&filled);
  if (argument)
    for (;;) pause();
  return 0;
}

int main(int argc, char **argv) {
  int threads = argc > 2 ? atoi(argv[2]) : 5;
  if (argc > 3 && atoi(argv[3]) <= steps) steps = atoi(argv[3]);
  // Whoever aborts is to leave a core, whatever the limit was.
  setrlimit(RLIMIT_CORE, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY});
  static char buffer[1 << 16];
  setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
  pthread_barrier_init(&filled, 0, threads + 1);
  for (int thread = 1; thread <= threads; thread++) {
    pthread_t id;
    pthread_create(&id, 0, fill, (void *)(size_t)thread);
  }
  void *volatile mapped = malloc(300000);
  memset(mapped, 1, 3000);
  mapped = malloc(5000000);
  memset(mapped, 1, 5000);
  fill(0);
  malloc_info(0, stdout);
  puts("ready");
  fflush(stdout);
  if (argc > 1 && !strcmp(argv[1], "abort")) abort();
  if (argc > 1 && !strcmp(argv[1], "exit")) _exit(0);
  for (;;) pause();
}
