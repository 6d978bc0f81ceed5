// stream SEED CALLS PROFILE THREADS FLAGS: a random stream of malloc calls, recorded on standard
// output; malloc_info and malloc_stats at the end go to the files that descriptors 3 and 4 are.
//
// PROFILE 0-6 chooses sizes; FLAGS: 1 options change, 2 others move the break, 4 calls are refused.
#include "record.h"

static uint64_t state;
static uint64_t next(void) {
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  return state * 0x2545f4914f6cdd1dull >> 16;
}

static int profile, flags, thread_limit;
#define SLOTS 2048
static void *slots[SLOTS];
static uint64_t calls_left;

static uint64_t logarithmic(int bits) {
  int power = next() % bits;
  return (1ull << power) + (next() & ((1ull << power) - 1));
}

static uint64_t size(void) {
  static const uint64_t fixed[] = {24, 40, 64, 136, 520, 1000, 3000, 70000};
  static const uint64_t edges[] = {0, 24, 120, 136, 1008, 1016, 1032, 65520, 131048, 131072, 1 << 20};
  switch (profile) {
    case 0: return next() % 1100;
    case 1: return next() % 168;
    case 2: return logarithmic(20);
    case 3: return logarithmic(next() % 8 ? 17 : 24);
    case 4: return fixed[next() % 8];
    case 5: return edges[next() % 11] + next() % 64 - (next() % 2 ? 24 : 0);
    default: return next() % 16 ? next() % 4000 : next() % 400000;
  }
}

// Large ones share few slots, so that the stream's memory stays bounded.
static int slot_for(uint64_t bytes) {
  return bytes >= 1 << 20 ? next() % 8 : bytes >= 1 << 16 ? next() % 64 : next() % SLOTS;
}

static void information(int thread) {
  struct mallinfo2 m = mallinfo2();
  record(INFO, thread, 0, m.arena, m.ordblks, m.smblks, m.hblks, m.hblkhd);
  record(INFO_REST, thread, 0, m.usmblks, m.fsmblks, m.uordblks, m.fordblks, m.keepcost);
}

static void drop(int thread, int slot) {
  void *old = slots[slot];
  slots[slot] = 0;
  free(old);
  record(FREE, thread, 0, (uint64_t)old, 0, 0, 0, 0);
}

static void keep(int kind, int thread, uint64_t a, uint64_t b, int slot, void *p, int error) {
  slots[slot] = p;
  record(kind, thread, p ? 0 : error, a, b, 0, 0, (uint64_t)p);
}

static void options(int thread) {
  static const int parameters[] = {M_MXFAST, M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD,
                                   M_MMAP_MAX, M_PERTURB, M_ARENA_TEST, M_ARENA_MAX, 99};
  int parameter = parameters[next() % 9], value = 0;
  switch (parameter) {
    case M_MXFAST: value = next() % 200; break;
    case M_MMAP_MAX: value = next() % 3 ? 65536 : next() % 3; break;
    case M_PERTURB: value = next() % 3 ? 0 : next() % 256; break;
    case M_ARENA_TEST: value = next() % 9; break;
    case M_ARENA_MAX: value = next() % 9; break;
    default: value = next() % 400000;
  }
  int result = mallopt(parameter, value);
  record(MALLOPT, thread, 0, (uint64_t)(int64_t)parameter, (uint64_t)(int64_t)value, 0, 0, result);
}

static void strange(int thread) {
  void *p = 0;
  uint64_t a = 0, b = 0;
  int kind = MALLOC;
  errno = 0;
  switch (next() % 9) {
    case 0: p = malloc(a = -1); break;
    case 1: p = malloc(a = 1ull << 62); break;
    case 2: kind = CALLOC; p = calloc(a = 1ull << 33, b = 1ull << 33); break;
    case 3: kind = MEMALIGN; p = memalign(a = (1ull << 63) + 1, b = 10); break;
    case 4: kind = MEMALIGN; p = memalign(a = 1ull << 62, b = 10); break;
    case 5: kind = PVALLOC; p = pvalloc(a = -5); break;
    case 6: kind = CALLOC; p = calloc(a = 1ull << 62, b = 2); break;
    case 7: {
      kind = POSIX_MEMALIGN;
      int e = posix_memalign(&p, a = next() % 40, b = 40);
      if (e) { record(kind, thread, e, a, b, 0, 0, 0); return; }
      break;
    }
    default: {
      void *z = realloc(0, 0);
      record(REALLOC, thread, 0, 0, 0, 0, 0, (uint64_t)z);
      free(0);
      record(FREE, thread, 0, 0, 0, 0, 0, 0);
      free(z);
      record(FREE, thread, 0, (uint64_t)z, 0, 0, 0, 0);
      return;
    }
  }
  int error = errno;
  record(kind, thread, p ? 0 : error, a, b, 0, 0, (uint64_t)p);
  if (p) { free(p); record(FREE, thread, 0, (uint64_t)p, 0, 0, 0, 0); }
}

static void one_call(int thread) {
  uint64_t choice = next() % 10000, bytes = size();
  int slot = slot_for(bytes);
  void *old = slots[slot], *p;
  errno = 0;
  if (choice < 6) {
    information(thread);
  } else if (choice < 8) {
    uint64_t pad = next() % 3 ? 0 : next() % 200000;
    int result = malloc_trim(pad);
    record(TRIM, thread, 0, pad, 0, 0, 0, result);
  } else if (choice < 11) {
    if (flags & 1) options(thread);
  } else if (choice < 14) {
    if (flags & 2) {
      // Where a refused break may have led to mappings, glibc asserts that the break is aligned.
      intptr_t by = next() % 20000 & (flags & 4 ? ~15 : ~0);
      void *at = sbrk(by);
      record(SBRK, thread, 0, by, 0, 0, 0, (uint64_t)at);
    }
  } else if (choice < 20) {
    strange(thread);
  } else if (choice < 60) {
    size_t usable = malloc_usable_size(old);
    record(USABLE, thread, 0, (uint64_t)old, 0, 0, 0, usable);
  } else if (choice < 1200) {
    p = realloc(old, bytes);
    // Refused, the old one stays.
    int error = errno;
    record(REALLOC, thread, p ? 0 : error, (uint64_t)old, bytes, 0, 0, (uint64_t)p);
    if (p || (old && !bytes)) slots[slot] = p;
  } else if (old && choice < 6200) {
    drop(thread, slot);
    // Runs of frees fill the bins.
    if (next() % 50 == 0)
      for (int i = next() % 200; i > 0; i--) {
        slot = next() % SLOTS;
        if (slots[slot]) drop(thread, slot);
      }
  } else {
    if (old) drop(thread, slot);
    errno = 0;
    if (choice < 8800) {
      p = malloc(bytes);
      keep(MALLOC, thread, bytes, 0, slot, p, errno);
    } else if (choice < 9400) {
      uint64_t count = 1 + next() % 16;
      p = calloc(count, bytes / count + 1);
      keep(CALLOC, thread, count, bytes / count + 1, slot, p, errno);
    } else if (choice < 9800) {
      uint64_t alignment = next() % 4 ? 1ull << next() % 14 : next() % 300;
      p = memalign(alignment, bytes);
      keep(MEMALIGN, thread, alignment, bytes, slot, p, errno);
    } else if (choice < 9900) {
      uint64_t alignment = 8ull << next() % 8;
      p = 0;
      int e = posix_memalign(&p, alignment, bytes);
      keep(POSIX_MEMALIGN, thread, alignment, bytes, slot, p, e);
    } else if (choice < 9950) {
      p = valloc(bytes);
      keep(VALLOC, thread, bytes, 0, slot, p, errno);
    } else {
      p = pvalloc(bytes);
      keep(PVALLOC, thread, bytes, 0, slot, p, errno);
    }
  }
}

// Threads take turns: one runs at a time, for some calls.
#define THREADS 64
static pthread_t handles[THREADS];
static sem_t wake[THREADS], done;
static int running[THREADS], ends[THREADS];

static void turn(int thread) {
  active_thread = thread;
  for (int n = 1 + next() % 60; n > 0 && calls_left; n--, calls_left--) one_call(thread);
}

static void *body(void *argument) {
  int thread = (int)(intptr_t)argument;
  for (;;) {
    while (sem_wait(&wake[thread])) {}
    if (ends[thread]) return 0;
    turn(thread);
    sem_post(&done);
  }
}

// On stacks of our own: the library then makes and ends a thread without a system call of those
// recorded, and without blocking the signal that records; its vector of thread-local storage is
// allocated by pthread_create and freed by pthread_join.
static char stacks[THREADS][65536] __attribute__((aligned(65536)));

static void start_thread(int thread) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstack(&attributes, stacks[thread], sizeof stacks[thread]);
  sem_init(&wake[thread], 0, 0);
  ends[thread] = 0;
  active_thread = 0;
  if (pthread_create(&handles[thread], &attributes, body, (void *)(intptr_t)thread)) _exit(4);
  running[thread] = 1;
  record(THREAD_START, 0, 0, thread, 0, 0, 0, 0);
}

static void end_thread(int thread) {
  active_thread = thread;
  ends[thread] = 1;
  sem_post(&wake[thread]);
  pthread_join(handles[thread], 0);
  running[thread] = 0;
  record(THREAD_EXIT, thread, 0, thread, 0, 0, 0, 0);
}

int main(int count, char **arguments) {
  if (count < 6) return 64;
  static char text[1 << 16];
  setvbuf(stdout, text, _IOFBF, sizeof text);
  state = strtoull(arguments[1], 0, 10) * 0x9e3779b97f4a7c15ull + 1;
  calls_left = strtoull(arguments[2], 0, 10);
  profile = atoi(arguments[3]);
  thread_limit = atoi(arguments[4]);
  flags = atoi(arguments[5]);
  if (flags & 4) refusals = state ^ 0x5555;
  output = dup(1);
  long page = sysconf(_SC_PAGESIZE), processors = sysconf(_SC_NPROCESSORS_ONLN);
  char *near = mmap(0, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  record(START, 0, 0, (uint64_t)sbrk(0), page, processors, (uint64_t)near, 0);
  trap_system_calls();
  if (thread_limit == 0)
    while (calls_left) turn(0);
  sem_init(&done, 0, 0);
  while (calls_left) {
    int thread = next() % (thread_limit + 1);
    if (thread == 0) {
      turn(0);
    } else if (!running[thread]) {
      start_thread(thread);
    } else if (next() % 200 == 0) {
      end_thread(thread);
    } else {
      sem_post(&wake[thread]);
      while (sem_wait(&done)) {}
    }
  }
  for (int thread = 1; thread < THREADS; thread++)
    if (running[thread]) end_thread(thread);
  active_thread = 0;
  information(0);
  dup2(3, 1);
  malloc_info(0, stdout);
  fflush(stdout);
  dup2(4, 2);
  malloc_stats();
  record(END, 0, 0, 0, 0, 0, 0, 0);
  flush();
  _exit(0);
}
