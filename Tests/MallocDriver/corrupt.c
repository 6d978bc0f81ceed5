// corrupt SCRIPT...: makes the calls and writes that a script says, each argument one step.
//
//   m I SIZE    slot I = malloc       c I SIZE  slot I = calloc(1, SIZE)   r I SIZE  realloc
//   a I AL SIZE slot I = memalign     f I       free                       F I OFF   free(slot + OFF)
//   w I OFF V   word at slot I + OFF = V          p I OFF J JOFF  the address of slot J + JOFF there
//   l I OFF J JOFF  the same, as a link of a tcache or fastbin list is written
//   t           malloc_trim(0)        i         mallinfo2   x malloc_info   o P V   mallopt
//   s N         sbrk(N)               e I J     slot I = slot J
#define _GNU_SOURCE
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static char *slots[64];

int main(int count, char **arguments) {
  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  static char text[1 << 16];
  setvbuf(stdout, text, _IOFBF, sizeof text);
  for (int step = 1; step < count; step++) {
    char kind = *arguments[step], *rest = arguments[step] + 1;
    long a = strtoull(rest, &rest, 0), b = strtoull(rest, &rest, 0), c = strtoull(rest, &rest, 0),
         d = strtoull(rest, &rest, 0);
    char **slot = &slots[a & 63];
    switch (kind) {
      case 'm': *slot = malloc(b); break;
      case 'c': *slot = calloc(1, b); break;
      case 'r': *slot = realloc(*slot, b); break;
      case 'a': *slot = memalign(b, c); break;
      case 'f': free(*slot); break;
      case 'F': free(*slot + b); break;
      case 'w': *(uint64_t *)(*slot + b) = c; break;
      case 'p': *(char **)(*slot + b) = slots[c & 63] + d; break;
      case 'l': *(uint64_t *)(*slot + b) = (uint64_t)(slots[c & 63] + d) ^ (uint64_t)(*slot + b) >> 12; break;
      case 't': malloc_trim(0); break;
      case 'i': mallinfo2(); break;
      case 'x': malloc_info(0, stdout); break;
      case 'o': mallopt(a, b); break;
      case 's': sbrk(a); break;
      case 'e': *slot = slots[b & 63]; break;
    }
  }
  _exit(0);
}
