// Bits of words in memory: those that are atomic, and those, with two underscores, that are not
// (include/asm-generic/bitops).
#ifndef KILBURN_BITOPS_H
#define KILBURN_BITOPS_H

#include <kilburn/kasan.h>

#define BITS_PER_LONG 64
#define BIT_WORD(nr) ((nr) / BITS_PER_LONG)
#define BIT_MASK(nr) (1ul << ((nr) % BITS_PER_LONG))

// The word's old value; the instruction makes the new one of it and the mask.
#define __ATOMIC_BITS(name, instruction)                                                       \
  static __always_inline unsigned long __bits_##name(volatile unsigned long *word,           \
                                                       unsigned long mask) {                   \
    unsigned long before, after;                                                               \
    unsigned failed;                                                                           \
    __asm__ volatile("1: ldaxr %0, %3\n " instruction " %1, %0, %4\n stlxr %w2, %1, %3\n"      \
                     " cbnz %w2, 1b"                                                           \
                     : "=&r"(before), "=&r"(after), "=&r"(failed), "+Q"(*word)                 \
                     : "r"(mask)                                                               \
                     : "memory");                                                              \
    return before;                                                                             \
  }
__ATOMIC_BITS(set, "orr")
__ATOMIC_BITS(clear, "bic")
__ATOMIC_BITS(change, "eor")

// name(nr, bits): atomic; __name: not. What the compiler cannot see is said to KASAN.
#define __BITS(name, result)                                                                   \
  static __always_inline void name##_bit(long nr, volatile unsigned long *bits) {              \
    __kasan_check_write(bits + BIT_WORD(nr), sizeof(long));                                    \
    __bits_##name(bits + BIT_WORD(nr), BIT_MASK(nr));                                        \
  }                                                                                            \
  static __always_inline bool test_and_##name##_bit(long nr, volatile unsigned long *bits) {   \
    __kasan_check_write(bits + BIT_WORD(nr), sizeof(long));                                    \
    return __bits_##name(bits + BIT_WORD(nr), BIT_MASK(nr)) & BIT_MASK(nr);                  \
  }                                                                                            \
  static __always_inline bool __test_and_##name##_bit(long nr, volatile unsigned long *bits) { \
    volatile unsigned long *word = bits + BIT_WORD(nr);                                        \
    unsigned long before = *word, mask = BIT_MASK(nr);                                         \
    *word = result;                                                                            \
    return before & mask;                                                                      \
  }                                                                                            \
  static __always_inline void __##name##_bit(long nr, volatile unsigned long *bits) {          \
    __test_and_##name##_bit(nr, bits);                                                         \
  }
__BITS(set, before | mask)
__BITS(clear, before & ~mask)
__BITS(change, before ^ mask)

static __always_inline bool test_bit(long nr, const volatile unsigned long *bits) {
  return bits[BIT_WORD(nr)] >> (nr % BITS_PER_LONG) & 1;
}

// Locks of one bit.
static __always_inline bool test_and_set_bit_lock(long nr, volatile unsigned long *bits) {
  volatile unsigned long *word = bits + BIT_WORD(nr);
  __kasan_check_write(word, sizeof(long));
  if (*word & BIT_MASK(nr)) return true;
  return __bits_set(word, BIT_MASK(nr)) & BIT_MASK(nr);
}
static __always_inline void clear_bit_unlock(long nr, volatile unsigned long *bits) {
  clear_bit(nr, bits);
}
static __always_inline void __clear_bit_unlock(long nr, volatile unsigned long *bits) {
  volatile unsigned long *word = bits + BIT_WORD(nr);
  __kasan_check_write(word, sizeof(long));
  unsigned long after = *word & ~BIT_MASK(nr);
  __kasan_check_write(word, sizeof(long));
  __asm__ volatile("stlr %1, %0" : "=Q"(*word) : "r"(after) : "memory");
}
// Whether bit 7 was set when another one was cleared: what page locks ask.
static __always_inline bool clear_bit_unlock_is_negative_byte(
    long nr, volatile unsigned long *bits) {
  __kasan_check_write(bits + BIT_WORD(nr), sizeof(long));
  return __bits_clear(bits + BIT_WORD(nr), BIT_MASK(nr)) >> 7 & 1;
}

#endif
