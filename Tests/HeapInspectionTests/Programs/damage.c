// Damages its own heap in the way that is named, says so, and after a byte on standard input does
// what makes glibc notice.
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef uint64_t word;
enum { prev_size = -2, size = -1, fd = 0, bk = 1, fd_nextsize = 2 };

static word *volatile a, *volatile b, *volatile c;
static void *volatile kept[64];

static word *get(size_t bytes) {
  word *volatile chunk = malloc(bytes);
  return chunk;
}

// Fills the cache of one size.
static void fill_cache(size_t bytes) {
  for (int i = 0; i < 7; i++) kept[i] = malloc(bytes);
  for (int i = 0; i < 7; i++) free(kept[i]);
}

static void drain_cache(size_t bytes) {
  for (int i = 0; i < 7; i++) kept[i] = malloc(bytes);
}

static void stop(void) {
  char byte;
  if (write(1, "ready\n", 6) != 6 || read(0, &byte, 1) < 0) _exit(99);
}

// a is in use, b is free and in the unsorted list, c is in use.
static void unsorted(void) {
  a = get(0x500);
  b = get(0x500);
  c = get(0x500);
  free(b);
}

// The same with a word overwritten, and then what makes malloc look through the list.
static void unsorted_with(word *volatile *chunk, int at, word value) {
  unsorted();
  (*chunk)[at] = value;
  stop();
  kept[0] = malloc(0x2000);
}

// A chunk in use is given another size and freed.
static void used_with(word value) {
  a = get(0x500);
  b = get(0x500);
  c = get(0x500);
  b[size] = value;
  stop();
  free(b);
}

static word mangled(void *place, word value) { return (word)(uintptr_t)place >> 12 ^ value; }

int main(int argc, char **argv) {
  const char *way = argc > 1 ? argv[1] : "";
#define WAY(name) if (!strcmp(way, name))
  WAY("tcache-twice") {
    a = get(24);
    free(a);
    a[1] = 0;
    free(a);
    stop();
    free(a);
  }
  WAY("tcache-unaligned") {
    a = get(24);
    b = get(24);
    free(a);
    free(b);
    b[0] = mangled(b, (word)(uintptr_t)a + 8);
    stop();
    kept[0] = malloc(24);
    kept[1] = malloc(24);
  }
  WAY("fastbin-twice") {
    a = get(40);
    b = get(40);
    fill_cache(40);
    free(a);
    free(b);
    free(a);
    stop();
    free(a);
  }
  WAY("fastbin-size") {
    a = get(40);
    b = get(40);
    fill_cache(40);
    free(a);
    a[size] = 0x51;
    stop();
    drain_cache(40);
    kept[8] = malloc(40);
  }
  WAY("fastbin-unaligned") {
    a = get(40);
    b = get(40);
    fill_cache(40);
    free(b);
    free(a);
    a[fd] = mangled(a, 0x1234567);
    stop();
    drain_cache(40);
    kept[8] = malloc(40);
  }
  WAY("unsorted-size") unsorted_with(&b, size, 0x11);
  WAY("unsorted-next-size") unsorted_with(&c, size, 0x4141414141414140);
  WAY("unsorted-prev-size") unsorted_with(&c, prev_size, 0x520);
  WAY("unsorted-links") unsorted_with(&b, fd, 0);
  WAY("unsorted-in-use") unsorted_with(&c, size, 0x511);
  WAY("small-links") {
    a = get(0x200);
    kept[8] = get(0x30);
    b = get(0x200);
    kept[9] = get(0x30);
    fill_cache(0x200);
    free(a);
    free(b);
    kept[10] = malloc(0x2000);
    b[fd] = (word)(uintptr_t)kept[8];
    stop();
    drain_cache(0x200);
    kept[11] = malloc(0x200);
  }
  WAY("large-size") {
    unsorted();
    kept[10] = malloc(0x2000);
    b[size] = 0x521;
    stop();
    kept[0] = malloc(0x508);
  }
  WAY("large-links") {
    unsorted();
    kept[10] = malloc(0x2000);
    b[fd] = (word)(uintptr_t)a - 16;
    stop();
    kept[0] = malloc(0x500);
  }
  WAY("large-sizes") {
    kept[8] = get(0x530);
    kept[9] = get(0x30);
    unsorted();
    free(kept[8]);
    kept[10] = malloc(0x2000);
    ((word *)kept[8])[fd_nextsize] = (word)(uintptr_t)a - 16;
    stop();
    kept[0] = malloc(0x530);
  }
  WAY("top-size") {
    a = get(0x500);
    a[(malloc_usable_size(a) / 8)] = ~(word)0;
    stop();
    kept[0] = malloc(0x100000000);
    for (;;) kept[0] = malloc(0x10000);
  }
  WAY("used-size") used_with(0x19);
  WAY("used-wild") used_with(~(word)15);
  WAY("used-out") used_with(0x10000001);
  WAY("whole") {
    unsorted();
    stop();
  }
  return 0;
}
