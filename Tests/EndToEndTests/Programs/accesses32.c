// accesses32 KIND N: as `accesses`, in T32, or in A32 if compiled so.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static unsigned char area[1 << 16] __attribute__((aligned(4096)));

#define KIND(name, text)                             \
  if (strcmp(kind, name) == 0) {                     \
    __asm__ volatile(                                \
      "1: " text "\n"                                \
      "   subs %0, %0, #1\n"                         \
      "   bne 1b\n"                                  \
      : "+r"(turns)                                  \
      : "r"(place)                                   \
      : "r2", "r3", "r4", "r5", "memory", "cc");     \
    return 0;                                        \
  }

int main(int count, char **words) {
  if (count < 3) return 64;
  const char *kind = words[1];
  uint32_t turns = strtoul(words[2], 0, 10);
  unsigned char *place = area + 8192;
  memset(area, 1, sizeof area);
  KIND("ldr", "ldr r2, [%1]")
  // In T32 its word is that of an STXRB of A64's.
  KIND("ldr-2048", "ldr r2, [%1, #2048]")
  KIND("ldrd", "ldrd r2, r3, [%1]")
  KIND("stm", "stmia %1, {r2, r3, r4, r5}")
  KIND("exclusive", "ldrex r2, [%1]\n strex r3, r2, [%1]")
  KIND("exclusive-byte", "ldrexb r2, [%1]\n strexb r3, r2, [%1]")
  KIND("exclusive-double", "ldrexd r2, r3, [%1]\n strexd r4, r2, r3, [%1]")
  KIND("exclusive-lost", "clrex\n strex r3, r2, [%1]")
  return 64;
}
