/* What lackey and cachegrind watch: near and far accesses, modifications, and copies that cross the
   ends of lines. */
#include <stdlib.h>
#include <string.h>

int main(void) {
  unsigned count = 3000, word = 1, sum = 0;
  unsigned *words = malloc(count * 8);
  for (unsigned i = 0; i < count; i++) {
    word = word * 1664525 + 1013904223;
    words[i] = word;
  }
  for (unsigned round = 0; round < 3; round++)
    for (unsigned i = 0; i < count; i++) sum += words[(words[i] >> 8) % count]++;
  char *bytes = (char *)words;
  memmove(bytes + 13, bytes + 61, 9000);
  memset(bytes + 7, 3, 5000);
  return sum & 1;
}
