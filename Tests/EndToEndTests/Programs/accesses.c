// accesses KIND N: N times one thing whose accesses are known, for counting them: the difference of
// two runs is that of so many turns. Its loop itself touches no memory.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned char area[1 << 16] __attribute__((aligned(4096)));

#define LOOP(text)                                                                       \
  __asm__ volatile(".arch armv8.2-a+crypto\n"                                            \
                   "1: " text "\n"                                                       \
                   "   subs %0, %0, #1\n"                                                \
                   "   b.ne 1b\n"                                                        \
                   : "+r"(turns)                                                         \
                   : "r"(place)                                                          \
                   : "x9", "x10", "x11", "x12", "x13", "v0", "v1", "v2", "v3", "memory", \
                     "cc");                                                              \
  return 0
#define KIND(name, text)                   \
  if (strcmp(kind, name) == 0) {           \
    LOOP(text);                            \
  }

int main(int count, char **words) {
  if (count < 3) return 64;
  const char *kind = words[1];
  uint64_t turns = strtoull(words[2], 0, 10);
  unsigned char *place = area + 8192;
  memset(area, 1, sizeof area);
  KIND("nothing", "nop")
  KIND("ldr", "ldr x9, [%1]")
  KIND("ldrb", "ldrb w9, [%1, #3]")
  KIND("str", "str x9, [%1]")
  KIND("ldp", "ldp x9, x10, [%1]")
  KIND("ldpsw", "ldpsw x9, x10, [%1]")
  KIND("stp", "stp x9, x10, [%1]")
  KIND("ldr-q", "ldr q0, [%1]")
  KIND("str-q", "str q0, [%1]")
  KIND("ldp-q", "ldp q0, q1, [%1]")
  KIND("stp-q", "stp q0, q1, [%1]")
  KIND("ldr-s", "ldr s0, [%1]")
  KIND("ld1", "ld1 {v0.16b}, [%1]")
  KIND("ld1-lane", "ld1 {v0.s}[1], [%1]")
  KIND("ld1r", "ld1r {v0.4s}, [%1]")
  KIND("ld4", "ld4 {v0.4s-v3.4s}, [%1]")
  KIND("st2", "st2 {v0.2d-v1.2d}, [%1]")
  KIND("unaligned", "ldr x9, [%1, #1]")
  KIND("across-line", "ldur x9, [%1, #60]")
  KIND("across-page", "ldur x9, [%1, #-4]")
  KIND("prefetch", "prfm pldl1keep, [%1]")
  KIND("ldadd", "ldadd x9, x10, [%1]")
  KIND("stadd", "stadd x9, [%1]")
  KIND("swp", "swp x9, x10, [%1]")
  KIND("cas-fails", "mov x9, #-2\n cas x9, x10, [%1]")
  KIND("cas-swaps", "ldr x9, [%1]\n cas x9, x9, [%1]")
  KIND("casp", "mov x10, #0\n mov x11, #0\n casp x10, x11, x12, x13, [%1]")
  KIND("exclusive", "ldxr x9, [%1]\n stxr w10, x9, [%1]")
  KIND("exclusive-pair", "ldxp x9, x10, [%1]\n stxp w11, x9, x10, [%1]")
  KIND("exclusive-lost", "clrex\n stxr w10, x9, [%1]")
  KIND("acquire", "ldar x9, [%1]\n stlr x9, [%1]")
  KIND("clean", "dc cvac, %1")
  KIND("clean-invalidate", "dc civac, %1")
  KIND("instructions", "dc cvau, %1\n ic ivau, %1\n isb")
  KIND("clear-line", "dc zva, %1")
  KIND("memset-own",
       "mov x10, %1\n mov x11, #64\n"
       "2: stp xzr, xzr, [x10], #16\n stp xzr, xzr, [x10], #16\n"
       "   stp xzr, xzr, [x10], #16\n stp xzr, xzr, [x10], #16\n"
       "   subs x11, x11, #1\n b.ne 2b")
  if (strncmp(kind, "memset-", 7) == 0) {
    for (; turns > 0; turns--) {
      memset(place, kind[7] - '0', 4096);
      __asm__ volatile("" ::"r"(place) : "memory");
    }
    return 0;
  }
  fprintf(stderr, "there is no %s\n", kind);
  return 64;
}
