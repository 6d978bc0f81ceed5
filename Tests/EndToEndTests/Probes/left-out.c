// Calls at the edges of what the kernels of the recordings have: every advice on pages, holes and
// locked memory, waiting at several futexes at once, and what they do not have at all.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long page;
static const char *name(long r) { return r == -1 ? strerrorname_np(errno) : "ok"; }
static void say(const char *what, long r) { printf("%-52s %s\n", what, name(r)); }
static void count(const char *what, long r) {
  if (r < 0) say(what, r); else printf("%-52s %ld\n", what, r);
}
static void *map(long n) {
  return mmap(NULL, n * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void advice(void) {
  char *p = map(8);
  memset(p, 1, 8 * page);
  munmap(p + 4 * page, page);
  const int all[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 16, 17, 18, 19, 20, 21, 22, 23, 24,
      25, 26, 100, 101, 102, -1};
  for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
    if (all[i] == 100 || all[i] == 101) continue;  // CONFIG_MEMORY_FAILURE
    printf("advice %3d:", all[i]);
    printf(" pages %s", name(madvise(p, page, all[i])));
    printf(" a hole %s", name(madvise(p + 4 * page, page, all[i])));
    printf(" over it %s", name(madvise(p + 3 * page, 3 * page, all[i])));
    printf(" none %s", name(madvise(p, 0, all[i])));
    printf(" odd %s\n", name(madvise(p + 1, page, all[i])));
  }
  munmap(p, 8 * page);
  p = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
  for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
    if (all[i] == 100 || all[i] == 101) continue;
    printf("locked, %3d: %s\n", all[i], name(madvise(p, page, all[i])));
  }
  munmap(p, page);
}

struct one { uint64_t val, uaddr; uint32_t flags, reserved; };
static uint32_t words[128];
static struct one waiters[129];
static int wake_at;
static void *waker(void *unused) {
  (void)unused;
  usleep(30000);
  words[wake_at]++;
  syscall(SYS_futex, &words[wake_at], FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, 0, 0, 0);
  return NULL;
}
static void handler(int s) { (void)s; }
static void set(int n, uint32_t flags) {
  for (int i = 0; i < n; i++) waiters[i] = (struct one){words[i % 128], (uintptr_t)&words[i % 128], flags, 0};
}
static void futexes(void) {
#define WAITV(what, w, n, f, t, c) count(what, syscall(449, w, n, f, t, c))
  set(129, FUTEX_32 | FUTEX_PRIVATE_FLAG);
  struct timespec now, soon;
  clock_gettime(CLOCK_MONOTONIC, &now);
  soon = now; soon.tv_sec += 100;
  WAITV("flags", waiters, 1u, 1u, NULL, 0);
  WAITV("none", waiters, 0u, 0u, NULL, 0);
  WAITV("129", waiters, 129u, 0u, NULL, 0);
  WAITV("nowhere", NULL, 1u, 0u, NULL, 0);
  WAITV("at 8", (void *)8, 1u, 0u, NULL, 0);
  WAITV("clock 2", waiters, 1u, 0u, &soon, 2);
  WAITV("clock 2, no time", (waiters[0].val = 9, waiters), 1u, 0u, NULL, 2);
  WAITV("time nowhere", waiters, 1u, 0u, (void *)8, CLOCK_MONOTONIC);
  struct timespec bad = {0, 1000000000};
  WAITV("bad time", waiters, 1u, 0u, &bad, CLOCK_MONOTONIC);
  WAITV("another value", waiters, 1u, 0u, NULL, 0);
  set(128, FUTEX_32 | FUTEX_PRIVATE_FLAG);
  waiters[100].val = 9;
  WAITV("another value, 101st", waiters, 128u, 0u, NULL, 0);
  WAITV("without 32", (waiters[3].flags = FUTEX_PRIVATE_FLAG, waiters), 4u, 0u, NULL, 0);
  WAITV("unknown flag", (waiters[3].flags = FUTEX_32 | 4, waiters), 4u, 0u, NULL, 0);
  set(4, FUTEX_32); waiters[2].reserved = 1;
  WAITV("reserved", waiters, 4u, 0u, NULL, 0);
  set(4, FUTEX_32); waiters[2].uaddr++;
  WAITV("odd", waiters, 4u, 0u, NULL, 0);
  set(4, FUTEX_32); waiters[2].uaddr = 8;
  WAITV("a word nowhere", waiters, 4u, 0u, NULL, 0);
  set(4, FUTEX_32 | FUTEX_PRIVATE_FLAG); waiters[2].uaddr = 8;
  WAITV("a private word nowhere", waiters, 4u, 0u, NULL, 0);
  set(4, FUTEX_32 | FUTEX_PRIVATE_FLAG); waiters[2].uaddr = 8; waiters[1].val = 77;
  WAITV("that, after another value", waiters, 4u, 0u, NULL, 0);
  set(128, FUTEX_32 | FUTEX_PRIVATE_FLAG);
  WAITV("until the past", waiters, 128u, 0u, &now, CLOCK_MONOTONIC);
  struct timespec past = {1, 0};
  WAITV("until the past, real time", waiters, 3u, 0u, &past, CLOCK_REALTIME);
  soon = now; soon.tv_nsec += 20000000;
  if (soon.tv_nsec >= 1000000000) { soon.tv_sec++; soon.tv_nsec -= 1000000000; }
  WAITV("until soon", waiters, 128u, 0u, &soon, CLOCK_MONOTONIC);
  pthread_t t;
  for (wake_at = 0; wake_at < 128; wake_at += 127) {
    set(128, FUTEX_32 | FUTEX_PRIVATE_FLAG);
    pthread_create(&t, NULL, waker, NULL);
    WAITV("woken", waiters, 128u, 0u, NULL, 0);
    pthread_join(t, NULL);
  }
  wake_at = 5;
  set(8, FUTEX_32 | FUTEX_PRIVATE_FLAG);
  for (int i = 0; i < 8; i++) waiters[i].uaddr = (uintptr_t)&words[5], waiters[i].val = words[5];
  pthread_create(&t, NULL, waker, NULL);
  WAITV("one word eight times", waiters, 8u, 0u, NULL, 0);
  pthread_join(t, NULL);
  signal(SIGALRM, handler);
  set(8, FUTEX_32);
  ualarm(20000, 0);
  WAITV("restarted by a signal, until later", (clock_gettime(CLOCK_MONOTONIC, &soon), soon.tv_sec++, waiters),
      8u, 0u, &soon, CLOCK_MONOTONIC);
  struct sigaction sa = {.sa_handler = handler};
  sigaction(SIGALRM, &sa, NULL);
  ualarm(20000, 0);
  WAITV("ended by a signal", waiters, 8u, 0u, NULL, 0);
}

int main(void) {
  page = sysconf(_SC_PAGESIZE);
  advice();
  futexes();
  say("message queues", syscall(SYS_mq_open, "q", 0, 0, NULL));
  say("restartable sequences, bad flags", syscall(SYS_rseq, NULL, 32, 8, 0));
}
