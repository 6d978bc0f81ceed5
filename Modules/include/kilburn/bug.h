// What a module does when it finds something wrong.
#ifndef KILBURN_BUG_H
#define KILBURN_BUG_H

#include <kilburn/types.h>

// BRK #0x800; the exception's report ends whoever it was done for.
#define BUG()                           \
  do {                                  \
    __asm__ volatile("brk #0x800");     \
    __builtin_unreachable();            \
  } while (0)
#define BUG_ON(condition)               \
  do {                                  \
    if (__builtin_expect(!!(condition), 0)) BUG(); \
  } while (0)

// The report without the end.
void warn_slowpath_null(void);
void __warn_printk(const char *format, ...);
#define WARN_ON(condition)                                     \
  ({                                                           \
    int __warns = !!(condition);                               \
    if (__builtin_expect(__warns, 0)) warn_slowpath_null();    \
    __warns;                                                   \
  })

#define WARN(condition, format, ...)                                          \
  ({                                                                          \
    int __warns = !!(condition);                                              \
    if (__builtin_expect(__warns, 0)) __warn_printk(format, ##__VA_ARGS__);   \
    __warns;                                                                  \
  })
#define WARN_ONCE(condition, format, ...)                                     \
  ({                                                                          \
    static bool __said;                                                       \
    int __once = !!(condition);                                               \
    if (__once && !__said) __said = true, __warn_printk(format, ##__VA_ARGS__); \
    __once;                                                                   \
  })
#define WARN_ON_ONCE(condition)                                               \
  ({                                                                          \
    static bool __said;                                                       \
    int __once = !!(condition);                                               \
    if (__once && !__said) __said = true, warn_slowpath_null();               \
    __once;                                                                   \
  })

__attribute__((noreturn)) void panic(const char *format, ...);

#endif
