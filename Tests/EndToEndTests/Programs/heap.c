// Allocates in known ways, from functions that are known by name, and prints where: the addresses
// must not depend on whether anybody listens.
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline, noclone))

NOINLINE void *leaf(size_t size) {
  void *memory = malloc(size);
  memset(memory, 1, size);
  return memory;
}

NOINLINE void *leak(int i) {
  void *memory = leaf(100 + i);
  asm volatile("" ::: "memory");
  return memory;
}

NOINLINE void borrow(int i) {
  free(leaf(50 + i));
  asm volatile("" ::: "memory");
}

static void handle(int signal) { free(leaf(33)); }

static void *thread(void *argument) {
  for (int i = 0; i < 500; i++) borrow(i);
  return leak(1000);
}

int main(int argc, char **argv) {
  void *last = 0;
  signal(SIGUSR1, handle);
  for (int i = 0; i < 1000; i++) {
    borrow(i);
    if (i % 10 == 0) last = leak(i);
    if (i % 100 == 0) raise(SIGUSR1);
  }
  void *grown = 0;
  for (int i = 1; i < 50; i++) grown = realloc(grown, i * 100);
  printf("%p %p\n", last, grown);
  free(grown);
  void *aligned = 0;
  if (posix_memalign(&aligned, 4096, 1000)) return 1;
  void *volatile zeroed = calloc(10, 10);
  free(zeroed);
  printf("%p %p\n", aligned, malloc(1 << 20));
  if (argc > 1) {
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) pthread_create(&threads[i], 0, thread, 0);
    for (int i = 0; i < 3; i++) pthread_join(threads[i], 0);
    if (fork() == 0) {
      free(aligned);
      leak(5000);
      _exit(0);
    }
    wait(0);
  }
  return 3;
}
