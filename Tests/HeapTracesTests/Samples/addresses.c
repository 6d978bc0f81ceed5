/* A stream of calls with the addresses that the C library gave, in mtrace's lines, and behind them
   the break and mallinfo2; written without stdio, so that nothing else allocates.

   cc -O1 -fno-builtin -o addresses addresses.c && ./addresses > addresses.mtrace */
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define OBJECTS 160

static char text[1 << 20];
static size_t length;

static void word(const char *word) {
  while (*word) text[length++] = *word++;
}

static void number(uint64_t value) {
  char digits[16];
  int count = 0;
  do {
    digits[count++] = "0123456789abcdef"[value & 15];
    value >>= 4;
  } while (value);
  word(" 0x");
  while (count) text[length++] = digits[--count];
}

static uint32_t next(uint32_t *state) {
  *state = *state * 1664525u + 1013904223u;
  return *state >> 8;
}

static size_t size(uint32_t *state) {
  switch (next(state) % 12) {
  case 0: return 100 * 1024 + next(state) % 300000;
  case 1: case 2: case 3: return 1024 + next(state) % 30000;
  case 4: case 5: return 120 + next(state) % 1500;
  default: return next(state) % 120;
  }
}

int main(void) {
  static void *objects[OBJECTS];
  uint32_t state = 11;
  uint64_t start = (uint64_t)sbrk(0);
  word("= Start\n");
  for (int step = 0; step < 4000; step++) {
    void **object = &objects[next(&state) % OBJECTS];
    if (!*object) {
      size_t bytes = size(&state);
      *object = malloc(bytes);
      word("+");
      number((uint64_t)*object);
      number(bytes);
    } else if (next(&state) % 4 == 0) {
      size_t bytes = size(&state) + 1;
      word("<");
      number((uint64_t)*object);
      *object = realloc(*object, bytes);
      word("\n>");
      number((uint64_t)*object);
      number(bytes);
    } else {
      word("-");
      number((uint64_t)*object);
      free(*object);
      *object = 0;
    }
    word("\n");
  }
  struct mallinfo2 info = mallinfo2();
  word("= break");
  number((uint64_t)sbrk(0) - start);
  word("\n= mallinfo2");
  number(info.arena);
  number(info.ordblks);
  number(info.hblks);
  number(info.hblkhd);
  number(info.uordblks);
  number(info.fordblks);
  number(info.keepcost);
  word("\n");
  return write(1, text, length) != (ssize_t)length;
}
