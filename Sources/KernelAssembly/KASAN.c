// The functions that the compiler calls in a sanitized image (mm/kasan/generic.c,
// report_generic.c), and only there.
//
// Each looks at the shadow itself and is done where it says that whole granules may be accessed;
// everything else is Swift's affair (KernelHeap.KASAN.check). Never compiled with checks.

#include "KASAN.h"

#ifdef KASAN

typedef uint64_t word;

struct KASANParameters kasan_parameters;

// Sources/Kernel/KASAN/KASANEntry.swift.
_Bool kasan_check(word address, word size, word is_write, word caller);
void kasan_report_access(word address, word size, word is_write, word caller);
void kasan_register_variables(const word *list, word count);
void kasan_alloca_poison(word address, word size);
void kasan_allocas_unpoison(word top, word bottom);
void *memcpy(void *, const void *, word);
void *memmove(void *, const void *, word);
void *memset(void *, int, word);

#define CALLER ((word)__builtin_return_address(0))

static inline uint8_t shadow(word address) {
  return *(volatile uint8_t *)((address >> 3) + kasan_parameters.offset);
}

// Whether the granules of a short access may be accessed whole, or there is no shadow yet.
static inline _Bool is_good(word address, word size) {
  if (!kasan_parameters.offset) return 1;
  if (address < kasan_parameters.lowest) return 0;
  uint8_t bad = shadow(address) | shadow(address + size - 1);
  if (size > 9) bad |= shadow(address + 8);
  return !bad;
}

#define CHECK(size)                                                          \
  void __asan_load##size(word address) {                                     \
    if (!is_good(address, size)) kasan_check(address, size, 0, CALLER);      \
  }                                                                          \
  void __asan_load##size##_noabort(word address) {                           \
    if (!is_good(address, size)) kasan_check(address, size, 0, CALLER);      \
  }                                                                          \
  void __asan_store##size(word address) {                                    \
    if (!is_good(address, size)) kasan_check(address, size, 1, CALLER);      \
  }                                                                          \
  void __asan_store##size##_noabort(word address) {                          \
    if (!is_good(address, size)) kasan_check(address, size, 1, CALLER);      \
  }                                                                          \
  void __asan_report_load##size##_noabort(word address) {                    \
    kasan_report_access(address, size, 0, CALLER);                           \
  }                                                                          \
  void __asan_report_store##size##_noabort(word address) {                   \
    kasan_report_access(address, size, 1, CALLER);                           \
  }
CHECK(1)
CHECK(2)
CHECK(4)
CHECK(8)
CHECK(16)

// Whether the access may be made: what was reported is not done.
static inline _Bool check(word address, word size, word is_write, word caller) {
  return !size || !kasan_parameters.offset || kasan_check(address, size, is_write, caller);
}

void __asan_loadN(word address, word size) { check(address, size, 0, CALLER); }
void __asan_loadN_noabort(word address, word size) { check(address, size, 0, CALLER); }
void __asan_storeN(word address, word size) { check(address, size, 1, CALLER); }
void __asan_storeN_noabort(word address, word size) { check(address, size, 1, CALLER); }
void __asan_report_load_n_noabort(word address, word size) {
  kasan_report_access(address, size, 0, CALLER);
}
void __asan_report_store_n_noabort(word address, word size) {
  kasan_report_access(address, size, 1, CALLER);
}

// As mm/kasan/shadow.c: the source is looked at first, and nothing is done that was reported.
void *__asan_memcpy(void *target, const void *source, word size) {
  if (!check((word)source, size, 0, CALLER) || !check((word)target, size, 1, CALLER)) return 0;
  return memcpy(target, source, size);
}

void *__asan_memmove(void *target, const void *source, word size) {
  if (!check((word)source, size, 0, CALLER) || !check((word)target, size, 1, CALLER)) return 0;
  return memmove(target, source, size);
}

void *__asan_memset(void *target, int value, word size) {
  if (!check((word)target, size, 1, CALLER)) return 0;
  return memset(target, value, size);
}

// include/linux/kasan-checks.h: what code that is not checked is about to do.
_Bool __kasan_check_read(const volatile void *address, unsigned size) {
  return check((word)address, size, 0, CALLER);
}
_Bool __kasan_check_write(const volatile void *address, unsigned size) {
  return check((word)address, size, 1, CALLER);
}

// The same for a function of the kernel's own, which the report names.
_Bool kasan_check_here(word address, word size, _Bool is_write) {
  return check(address, size, is_write, CALLER);
}

// As lib/string.c's, which Linux takes in place of its assembly; the kernel's own are not checked.
int memcmp(const void *, const void *, word);
word strlen(const char *);

word kasan_strlen(const char *text) {
  word here = (word)strlen + 4;
  for (word length = 0;; length++) {
    if (!is_good((word)&text[length], 1)) kasan_check((word)&text[length], 1, 0, here);
    if (!text[length]) return length;
  }
}

int kasan_memcmp(const uint8_t *a, const uint8_t *b, word length) {
  // Behind the first instruction, as a caller's return address is.
  word here = (word)memcmp + 4;
  for (word i = 0; i < length; i++) {
    if (!is_good((word)&a[i], 1)) kasan_check((word)&a[i], 1, 0, here);
    if (!is_good((word)&b[i], 1)) kasan_check((word)&b[i], 1, 0, here);
    if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
  }
  return 0;
}

void __asan_handle_no_return(void) {}

void __asan_register_globals(const word *list, word count) {
  if (kasan_parameters.offset) kasan_register_variables(list, count);
}
void __asan_unregister_globals(const word *list, word count) {}

void __asan_alloca_poison(word address, word size) {
  if (kasan_parameters.offset) kasan_alloca_poison(address, size);
}
void __asan_allocas_unpoison(word top, word bottom) {
  if (kasan_parameters.offset) kasan_allocas_unpoison(top, bottom);
}

// The compiler writes stack frames' shadow through these. Outline code was compiled for the offset
// 0, so that its addresses of shadow are those of memory, divided by eight; inline code knows the
// real ones, which are in the kernel half.
static inline void set_shadow(word at, word size, int value) {
  if (!kasan_parameters.offset) return;
  memset((void *)(at >> 63 ? at : at + kasan_parameters.offset), value, size);
}
#define SET_SHADOW(byte) \
  void __asan_set_shadow_##byte(word at, word size) { set_shadow(at, size, 0x##byte); }
SET_SHADOW(00)
SET_SHADOW(01)
SET_SHADOW(02)
SET_SHADOW(03)
SET_SHADOW(04)
SET_SHADOW(05)
SET_SHADOW(06)
SET_SHADOW(07)
SET_SHADOW(f1)
SET_SHADOW(f2)
SET_SHADOW(f3)
SET_SHADOW(f5)
SET_SHADOW(f8)

#endif
