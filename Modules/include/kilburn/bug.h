// What a module does when it finds something wrong: an instruction that an entry of its bug table
// explains (BRK #0x800). With CONFIG_DEBUG_BUGVERBOSE the entry has the file and the line.
#ifndef KILBURN_BUG_H
#define KILBURN_BUG_H

#include <kilburn/types.h>

#ifdef CONFIG_DEBUG_BUGVERBOSE
#define __BUG_FILE                                                                      \
  ".pushsection .rodata.str,\"aMS\",%%progbits,1\n7702: .asciz \"" __FILE__ "\"\n\t" \
  ".popsection\n\t"
#define __BUG_PLACE ".long 7702b - .\n\t.short %c1\n\t"
#else
#define __BUG_FILE ""
#define __BUG_PLACE ".long 0\n\t.short 0 // %c1\n\t"
#endif
// Flags: 1 a warning, 2 once, 4 done, 8 "cut here" has been said; the upper byte is the taint.
#define __BUG_FLAGS(flags)                                                             \
  __asm__ volatile(__BUG_FILE                                                          \
                   "7700: brk #0x800\n\t"                                              \
                   ".pushsection __bug_table,\"aw\"\n\t"                               \
                   ".balign 4\n\t"                                                     \
                   ".long 7700b - .\n\t" __BUG_PLACE ".short %c0\n\t"                  \
                   ".popsection" ::"i"(flags),                                         \
                   "i"(__LINE__))
#define __WARN_FLAGS(flags) __BUG_FLAGS(1 | 9 << 8 | (flags))

// The exception's report ends whoever it was done for.
#define BUG()                \
  do {                       \
    __BUG_FLAGS(0);          \
    __builtin_unreachable(); \
  } while (0)
#define BUG_ON(condition)                                  \
  do {                                                     \
    if (__builtin_expect(!!(condition), 0)) BUG();         \
  } while (0)

// The report without the end.
void __warn_printk(const char *format, ...);
#define WARN_ON(condition)                            \
  ({                                                  \
    int __warns = !!(condition);                      \
    if (__builtin_expect(__warns, 0)) __WARN_FLAGS(0); \
    __builtin_expect(__warns, 0);                     \
  })
#define WARN_ON_ONCE(condition)                       \
  ({                                                  \
    int __warns = !!(condition);                      \
    if (__builtin_expect(__warns, 0)) __WARN_FLAGS(2); \
    __builtin_expect(__warns, 0);                     \
  })
#define WARN(condition, format, ...)       \
  ({                                       \
    int __warns = !!(condition);           \
    if (__builtin_expect(__warns, 0)) {    \
      __warn_printk(format, ##__VA_ARGS__); \
      __WARN_FLAGS(8);                     \
    }                                      \
    __builtin_expect(__warns, 0);          \
  })
#define WARN_ONCE(condition, format, ...)                     \
  ({                                                          \
    static bool __said;                                       \
    int __once = !!(condition);                               \
    if (__builtin_expect(__once && !__said, 0)) {             \
      __said = true;                                          \
      __warn_printk(format, ##__VA_ARGS__);                   \
      __WARN_FLAGS(8);                                        \
    }                                                         \
    __builtin_expect(__once, 0);                              \
  })

__attribute__((noreturn)) void panic(const char *format, ...);

#endif
