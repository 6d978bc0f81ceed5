// What only the compiler can guard: variables, stack frames, alloca().
#include "kasan_case.h"

static char table[10];
static char *volatile sink;

CASE(global_right) {
  char *at = HIDDEN(&table[0]);
  TOUCH(at[faulty ? 13 : 9]);
}

CASE(global_write) {
  char *at = HIDDEN(&table[0]);
  WRITE_ONCE(at[faulty ? 10 : 9], 1);
}

CASE(stack_right) {
  char text[10] = {1};
  sink = text;
  char *at = HIDDEN(&text[0]);
  TOUCH(at[faulty ? 10 : 9]);
}

CASE(alloca_left) {
  int size = HIDDEN(10);
  char text[size];
  sink = text;
  char *at = HIDDEN(&text[0]);
  WRITE_ONCE(at[0], 1);
  TOUCH(at[faulty ? -1 : 0]);
}

CASE(alloca_right) {
  int size = HIDDEN(10);
  char text[size];
  sink = text;
  char *at = HIDDEN(&text[0]);
  WRITE_ONCE(at[0], 1);
  TOUCH(at[faulty ? 10 : 9]);
}

CASES(A(global_right), A(global_write), A(stack_right), A(alloca_left), A(alloca_right));
