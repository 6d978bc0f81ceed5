// What accesses code that the compiler does not check says that it makes
// (include/linux/kasan-checks.h): false, and reported, where it must not. Always true in a module
// that was built without KASAN.
#ifndef KILBURN_KASAN_H
#define KILBURN_KASAN_H

#include <kilburn/types.h>

#ifdef KASAN
bool __kasan_check_read(const volatile void *address, unsigned size);
bool __kasan_check_write(const volatile void *address, unsigned size);
#else
static __always_inline bool __kasan_check_read(const volatile void *address, unsigned size) {
  return true;
}
static __always_inline bool __kasan_check_write(const volatile void *address, unsigned size) {
  return true;
}
#endif

#endif
