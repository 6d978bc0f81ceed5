// What a stream asks of the library under test, call by call, in its process; what it would record
// goes there as well.
#include "stream.h"

#include <setjmp.h>

struct twin {
  void *context;
  // Makes the call, sets its result and its error; not 0 if the program died, result and d then say
  // how, as in a record of DEATH.
  int (*make)(void *context, struct record *call);
  // Not 0 ends the stream.
  int (*take)(void *context, const struct record *record);
};

static struct twin twin;
static jmp_buf out;
static struct record now;

static void record(int kind, int thread, int error, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                   uint64_t result) {
  struct record r = {kind, thread, error, 0, a, b, c, d, result};
  if (twin.take(twin.context, &r)) longjmp(out, 1);
}

static void begin(int kind, int thread, uint64_t a, uint64_t b) {
  now = (struct record){.kind = kind, .thread = thread, .a = a, .b = b};
}

static struct record make(int kind, uint64_t a, uint64_t b, uint64_t c) {
  struct record call = {.kind = kind, .thread = active_thread, .a = a, .b = b, .c = c};
  if (twin.make(twin.context, &call)) {
    record(DEATH, now.thread, 0, now.a, now.b, now.kind, call.d, call.result);
    longjmp(out, 1);
  }
  if (call.error) errno = call.error;
  return call;
}

static uint64_t ask(int kind, uint64_t a, uint64_t b, uint64_t c) {
  return make(kind, a, b, c).result;
}

#define lib_malloc(n) ((void *)ask(MALLOC, n, 0, 0))
#define lib_free(p) ask(FREE, (uint64_t)(p), 0, 0)
#define lib_calloc(n, size) ((void *)ask(CALLOC, n, size, 0))
#define lib_realloc(p, n) ((void *)ask(REALLOC, (uint64_t)(p), n, 0))
#define lib_reallocarray(p, n, size) ((void *)ask(REALLOCARRAY, (uint64_t)(p), n, size))
#define lib_memalign(alignment, n) ((void *)ask(MEMALIGN, alignment, n, 0))
#define lib_aligned_alloc(alignment, n) ((void *)ask(ALIGNED_ALLOC, alignment, n, 0))
#define lib_valloc(n) ((void *)ask(VALLOC, n, 0, 0))
#define lib_pvalloc(n) ((void *)ask(PVALLOC, n, 0, 0))
#define lib_usable(p) ask(USABLE, (uint64_t)(p), 0, 0)
#define lib_mallopt(parameter, value) \
  ask(MALLOPT, (uint64_t)(int64_t)(parameter), (uint64_t)(int64_t)(value), 0)
#define lib_trim(pad) ask(TRIM, pad, 0, 0)
#define lib_sbrk(by) ask(SBRK, by, 0, 0)
#define lib_text_info() ask(TEXT_INFO, 0, 0, 0)
#define lib_text_stats() ask(TEXT_STATS, 0, 0, 0)
#define lib_limit(bytes) (void)(bytes)
#define lib_end_thread(thread) ask(THREAD_EXIT, thread, 0, 0)
#define FIGURE(x) (x)

typedef struct {
  uint64_t arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost;
} figures;

static figures lib_mallinfo(void) {
  struct record m = make(INFO, 0, 0, 0), n = make(INFO_REST, 0, 0, 0);
  return (figures){m.a, m.b, m.c, m.d, m.result, n.a, n.b, n.c, n.d, n.result};
}

static int lib_posix_memalign(void **p, uint64_t alignment, uint64_t n) {
  struct record call = make(POSIX_MEMALIGN, alignment, n, 0);
  if (!call.error) *p = (void *)call.result;
  return call.error;
}

static int lib_start_thread(int thread) { return make(THREAD_START, thread, 0, 0).error == 0; }

static void turn(int thread);
static void lib_turn(int thread) { turn(thread); }
static void run(void);
static void forget(void);

void run_stream(uint64_t seed, uint64_t calls, int new_profile, int threads, int new_flags,
                const struct twin *new_twin) {
  forget();
  twin = *new_twin;
  state = seed * 0x9e3779b97f4a7c15ull + 1;
  calls_left = calls;
  profile = new_profile;
  thread_limit = threads;
  flags = new_flags;
  active_thread = 0;
  if (!setjmp(out)) run();
}
