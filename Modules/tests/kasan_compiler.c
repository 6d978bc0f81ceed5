// What only the compiler can guard: variables, stack frames, alloca().
#include "kasan_case.h"

static char global_array[10];
static char *volatile sink;

// The variable before it has its own redzone, which is what is met.
static char global_arrays[3][10] = {{1}};
CASE(kasan_global_oob_left) {
  char *at = HIDDEN(&global_arrays[0][0]);
  TOUCH(at[faulty ? -3 : 0]);
}

CASE(kasan_global_oob_right) {
  char *at = HIDDEN(&global_array[0]);
  TOUCH(at[faulty ? 13 : 9]);
}

CASE(kasan_global_oob_write) {
  char *at = HIDDEN(&global_array[0]);
  WRITE_ONCE(at[faulty ? 10 : 9], 1);
}

CASE(kasan_stack_oob) {
  char stack_array[10] = {1};
  sink = stack_array;
  char *at = HIDDEN(&stack_array[0]);
  TOUCH(at[faulty ? 10 : 9]);
}

CASE(kasan_stack_oob_left) {
  char stack_array[10] = {1};
  sink = stack_array;
  char *at = HIDDEN(&stack_array[0]);
  TOUCH(at[faulty ? -1 : 0]);
}

// A frame that is gone leaves no mark on the stack: the next one may use it.
static noinline char *leaves_a_frame(void) {
  char array[64] = {2};
  sink = array;
  return HIDDEN(&array[0]);
}
CASE(kasan_stack_reused) {
  leaves_a_frame();
  char array[256];
  memset(HIDDEN(&array[0]), 0, faulty ? 257 : 256);
}

#define ALLOCA(name, bad, good)             \
  CASE(name) {                              \
    int size = HIDDEN(10);                  \
    char array[size];                       \
    sink = array;                           \
    char *at = HIDDEN(&array[0]);           \
    WRITE_ONCE(at[0], 1);                   \
    TOUCH(at[faulty ? (bad) : (good)]);     \
  }
ALLOCA(kasan_alloca_oob_left, -1, 0)
ALLOCA(kasan_alloca_oob_right, 10, 9)

CASES(A(kasan_global_oob_right), A(kasan_global_oob_left), A(kasan_global_oob_write), A(kasan_stack_oob),
      A(kasan_stack_oob_left), A(kasan_stack_reused), A(kasan_alloca_oob_left),
      A(kasan_alloca_oob_right));
