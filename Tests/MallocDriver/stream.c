// A random stream of malloc calls: what is called next hangs on the seed, and on which calls gave
// memory; nothing is ever written there. Compilers must not differ: no expression draws twice where
// the order of its parts is open.
//
// PROFILE 0-10 chooses sizes and what is called how often; FLAGS: 1 options change, 2 others move
// the break, 4 system calls are refused, 8 limits of the process change.
#include "stream.h"

static uint64_t state, calls_left;

#ifdef TWIN
#include "twin.h"
#else
#include "record.h"
#endif

static uint64_t next(void) {
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  return state * 0x2545f4914f6cdd1dull >> 16;
}

#define SLOTS 2048
static void *slots[SLOTS];
static uint64_t calls_made, others_end, others_bytes;

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
    case 5: {
      uint64_t edge = edges[next() % 11], beyond = next() % 64;
      return edge + beyond - (next() % 2 ? 24 : 0);
    }
    case 6: return next() % 16 ? next() % 4000 : next() % 400000;
    // As objects, strings and now and then a buffer.
    case 7: return next() % 20 ? 16 + 8 * (next() % 12) : logarithmic(15);
    case 8: return logarithmic(12);
    case 9: return next() % 30 ? next() % 600 : logarithmic(17);
    // About the threshold that moves.
    default: return next() % 10 ? logarithmic(14) : 90000 + logarithmic(25);
  }
}

// Large ones share few slots, so that the stream's memory stays bounded.
static int slot_for(uint64_t bytes) {
  return bytes >= 1 << 20 ? next() % 8 : bytes >= 1 << 16 ? next() % 64 : next() % SLOTS;
}

static void information(int thread) {
  begin(INFO, thread, 0, 0);
  figures m = lib_mallinfo();
  record(INFO, thread, 0, FIGURE(m.arena), FIGURE(m.ordblks), FIGURE(m.smblks), FIGURE(m.hblks),
         FIGURE(m.hblkhd));
  record(INFO_REST, thread, 0, FIGURE(m.usmblks), FIGURE(m.fsmblks), FIGURE(m.uordblks),
         FIGURE(m.fordblks), FIGURE(m.keepcost));
}

static void texts(int thread) {
  begin(TEXT_INFO, thread, 0, 0);
  record(TEXT_INFO, thread, 0, 0, 0, 0, 0, lib_text_info());
  begin(TEXT_STATS, thread, 0, 0);
  record(TEXT_STATS, thread, 0, 0, 0, 0, 0, lib_text_stats());
}

static void release(int thread, void *p) {
  begin(FREE, thread, (uint64_t)p, 0);
  lib_free(p);
  record(FREE, thread, 0, (uint64_t)p, 0, 0, 0, 0);
}

static void drop(int thread, int slot) {
  void *old = slots[slot];
  slots[slot] = 0;
  release(thread, old);
}

// A call that gives memory; p is 0 where it did not.
static void *get(int kind, int thread, uint64_t a, uint64_t b) {
  void *p = 0;
  int error = 0;
  begin(kind, thread, a, b);
  errno = 0;
  switch (kind) {
    case MALLOC: p = lib_malloc(a); break;
    case CALLOC: p = lib_calloc(a, b); break;
    case MEMALIGN: p = lib_memalign(a, b); break;
    case ALIGNED_ALLOC: p = lib_aligned_alloc(a, b); break;
    case VALLOC: p = lib_valloc(a); break;
    case PVALLOC: p = lib_pvalloc(a); break;
    case POSIX_MEMALIGN: error = lib_posix_memalign(&p, a, b); break;
  }
  if (kind != POSIX_MEMALIGN) error = errno;
  if (error) p = kind == POSIX_MEMALIGN ? 0 : p;
  record(kind, thread, p ? 0 : error, a, b, 0, 0, (uint64_t)p);
  return p;
}

static void *grow(int kind, int thread, void *old, uint64_t count, uint64_t bytes) {
  begin(REALLOC, thread, (uint64_t)old, kind == REALLOC ? count : count * bytes);
  errno = 0;
  void *p = kind == REALLOC ? lib_realloc(old, count) : lib_reallocarray(old, count, bytes);
  record(kind, thread, p ? 0 : errno, (uint64_t)old, count, bytes, 0, (uint64_t)p);
  return p;
}

static void options(int thread) {
  // M_MXFAST, M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD, M_MMAP_MAX, M_PERTURB, M_ARENA_TEST,
  // M_ARENA_MAX, and one that is none.
  static const int parameters[] = {1, -1, -2, -3, -4, -6, -7, -8, 99};
  int parameter = parameters[next() % 9], value = 0;
  switch (parameter) {
    case 1: value = next() % 200; break;
    case -4: value = next() % 3 ? 65536 : next() % 3; break;
    case -6: value = next() % 3 ? 0 : next() % 256; break;
    case -7: value = next() % 9; break;
    case -8: value = next() % 9; break;
    default: value = next() % 20 ? next() % 400000 : next() % 2 ? -1 : 50 << 20;
  }
  begin(MALLOPT, thread, (uint64_t)(int64_t)parameter, (uint64_t)(int64_t)value);
  int result = lib_mallopt(parameter, value);
  record(MALLOPT, thread, 0, (uint64_t)(int64_t)parameter, (uint64_t)(int64_t)value, 0, 0, result);
}

// What programs do wrong, or at the edge of what is allowed.
static void strange(int thread) {
  void *p = 0;
  switch (next() % 20) {
    case 0: p = get(MALLOC, thread, -1, 0); break;
    case 1: p = get(MALLOC, thread, 1ull << 62, 0); break;
    case 2: p = get(CALLOC, thread, 1ull << 33, 1ull << 33); break;
    case 3: p = get(MEMALIGN, thread, (1ull << 63) + 1, 10); break;
    case 4: p = get(MEMALIGN, thread, 1ull << 62, 10); break;
    case 5: p = get(PVALLOC, thread, -5, 0); break;
    case 6: p = get(CALLOC, thread, 1ull << 62, 2); break;
    case 7: p = get(POSIX_MEMALIGN, thread, next() % 40, 40); break;
    case 8: p = get(MALLOC, thread, INT64_MAX, 0); break;
    case 9: p = get(MALLOC, thread, INT64_MAX - next() % 5000, 0); break;
    case 10: p = get(MEMALIGN, thread, 1ull << 63, next() % 2 ? 10 : 1ull << 62); break;
    case 11: p = get(ALIGNED_ALLOC, thread, next() % 300, 40); break;
    case 12: p = get(CALLOC, thread, 0, next() % 3); break;
    case 13: p = get(VALLOC, thread, 0, 0); break;
    case 14: {
      uint64_t alignment = 1ull << next() % 27;
      p = get(MEMALIGN, thread, alignment, next() % 200);
      break;
    }
    case 15: p = grow(REALLOCARRAY, thread, 0, 1ull << 40, 1ull << 40); break;
    case 16: {
      // Refused, the old one stays.
      p = get(MALLOC, thread, next() % 2000, 0);
      void *q = grow(REALLOC, thread, p, next() % 2 ? (uint64_t)-1 : 1ull << 60, 0);
      if (q) p = q;
      break;
    }
    case 17: {
      p = get(MALLOC, thread, next() % 300000, 0);
      if (p) grow(REALLOC, thread, p, 0, 0);
      return;
    }
    case 18: {
      begin(USABLE, thread, 0, 0);
      uint64_t usable = lib_usable(0);
      record(USABLE, thread, 0, 0, 0, 0, 0, usable);
      return;
    }
    default: p = grow(REALLOC, thread, 0, 0, 0); release(thread, 0);
  }
  if (p) release(thread, p);
}

// Others move the break: up, and down again where nobody has moved it since.
static void others(int thread) {
  int64_t by = next() % 20000;
  uint64_t at = (uint64_t)lib_sbrk(0);
  if (at == others_end && others_bytes && next() % 2) by = -(int64_t)(1 + next() % others_bytes);
  // Where a refused break may have led to mappings, glibc asserts that the break is aligned.
  if (flags & REFUSALS && next() % 16) by &= ~15;
  begin(SBRK, thread, by, 0);
  at = (uint64_t)lib_sbrk(by);
  record(SBRK, thread, 0, by, 0, 0, 0, at);
  if (at == (uint64_t)-1) return;
  others_bytes = by > 0 ? by : others_bytes + by;
  others_end = at + by;
}

static void seldom(int thread, uint64_t choice) {
  if (choice < 6) {
    information(thread);
  } else if (choice < 8) {
    uint64_t pad = next() % 3 ? 0 : next() % 200000;
    begin(TRIM, thread, pad, 0);
    int result = lib_trim(pad);
    record(TRIM, thread, 0, pad, 0, 0, 0, result);
  } else if (choice < 11) {
    if (flags & OPTIONS_CHANGE) options(thread);
  } else if (choice < 14) {
    if (flags & OTHERS_BREAK) others(thread);
  } else if (choice < 19) {
    strange(thread);
  } else if (choice < 20) {
    if (next() % 8 == 0) texts(thread);
    if (flags & LIMITS) lib_limit(next() % 3 ? 0 : 1 << 19 | logarithmic(27));
  } else {
    void *old = slots[next() % SLOTS];
    begin(USABLE, thread, (uint64_t)old, 0);
    uint64_t usable = lib_usable(old);
    record(USABLE, thread, 0, (uint64_t)old, 0, 0, 0, usable);
  }
}

// In 10,000: up to where calls are realloc, and up to where they are free.
static void shares(uint64_t *reallocs, uint64_t *frees) {
  *reallocs = profile == 7 ? 4000 : 1200;
  *frees = 6200;
  // Grows, then shrinks.
  if (profile == 9) *frees = calls_made / 6000 % 2 ? 9500 : 1500;
}

static void one_call(int thread) {
  uint64_t choice = next() % 10000, bytes = size(), reallocs, frees;
  int slot = slot_for(bytes);
  void *old = slots[slot], *p;
  shares(&reallocs, &frees);
  if (choice < 60) {
    seldom(thread, choice);
  } else if (choice < reallocs) {
    // Strings grow by half.
    if (profile == 7 && old && next() % 4) {
      begin(USABLE, thread, (uint64_t)old, 0);
      uint64_t usable = lib_usable(old);
      record(USABLE, thread, 0, (uint64_t)old, 0, 0, 0, usable);
      bytes = usable > 1 << 21 ? next() % 100 : usable + usable / 2;
    }
    p = next() % 20 ? grow(REALLOC, thread, old, bytes, 0)
                    : grow(REALLOCARRAY, thread, old, 1 + bytes / 3, 3);
    if (p || (old && !bytes)) slots[slot] = p;
  } else if (old && choice < frees) {
    drop(thread, slot);
    // Runs of frees fill the bins.
    if (next() % 50 == 0)
      for (int i = next() % 200; i > 0; i--) {
        slot = next() % SLOTS;
        if (slots[slot]) drop(thread, slot);
      }
  } else {
    if (old) drop(thread, slot);
    // More of them aligned in profile 8.
    uint64_t kind = next() % 100, plain = profile == 8 ? 40 : 68;
    if (kind < plain) {
      p = get(MALLOC, thread, bytes, 0);
    } else if (kind < plain + 15) {
      uint64_t count = 1 + next() % 16;
      p = get(CALLOC, thread, count, bytes / count + 1);
    } else if (kind < 92) {
      uint64_t alignment = next() % 4 ? 1ull << next() % 14 : next() % 300;
      p = get(MEMALIGN, thread, alignment, bytes);
    } else if (kind < 95) {
      p = get(POSIX_MEMALIGN, thread, 8ull << next() % 8, bytes);
    } else if (kind < 98) {
      p = get(ALIGNED_ALLOC, thread, 1ull << next() % 13, bytes);
    } else {
      p = get(kind == 98 ? VALLOC : PVALLOC, thread, bytes, 0);
    }
    slots[slot] = p;
  }
}

static void turn(int thread) {
  active_thread = thread;
  for (int n = 1 + next() % 60; n > 0 && calls_left; n--, calls_left--, calls_made++)
    one_call(thread);
}

static int running[256];

static void start(int thread) {
  active_thread = 0;
  begin(THREAD_START, 0, thread, 0);
  running[thread] = lib_start_thread(thread);
  record(THREAD_START, 0, running[thread] ? 0 : ENOMEM, thread, 0, 0, 0, 0);
}

static void end(int thread) {
  active_thread = thread;
  begin(THREAD_EXIT, thread, thread, 0);
  lib_end_thread(thread);
  running[thread] = 0;
  record(THREAD_EXIT, thread, 0, thread, 0, 0, 0, 0);
}

static void run(void) {
  while (calls_left) {
    int thread = thread_limit ? next() % (thread_limit + 1) : 0;
    if (thread == 0 || (running[thread] && next() % 200))
      lib_turn(thread);
    else if (running[thread])
      end(thread);
    else
      start(thread);
  }
  for (int thread = 1; thread <= thread_limit; thread++)
    if (running[thread]) end(thread);
  active_thread = 0;
  information(0);
  texts(0);
  record(END, 0, 0, 0, 0, 0, 0, 0);
}

#ifdef TWIN
static void forget(void) {
  memset(slots, 0, sizeof slots);
  memset(running, 0, sizeof running);
  calls_made = others_end = others_bytes = 0;
}
#endif
