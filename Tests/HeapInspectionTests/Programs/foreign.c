// Moves the break behind malloc's back several times while the heap grows, and leaves what looks
// like chunks there; prints malloc_info and waits.
#define _GNU_SOURCE
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(void) {
  static char buffer[1 << 16];
  setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
  static void *kept[4000];
  for (int round = 0; round < 5; round++) {
    for (int i = 0; i < 800; i++) {
      kept[round * 800 + i] = malloc(100 + i % 7 * 150);
      memset(kept[round * 800 + i], round, 100);
    }
    for (int i = round * 800; i < round * 800 + 800; i += 3) free(kept[i]);
    // A page that is another's, with a few sizes in a row and then none.
    uint64_t *other = sbrk(4096 + 64 * round);
    memset(other, 0, 4096);
    for (int i = 1; i < 40; i += 4) other[i] = 0x21;
  }
  malloc_info(0, stdout);
  puts("ready");
  fflush(stdout);
  for (;;) pause();
}
