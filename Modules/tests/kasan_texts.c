// Functions that look at bytes, texts and bits for others.
#include "kasan_case.h"

static volatile long result;

CASE(kasan_memchr) {
  char *p = kzalloc(24, GFP_KERNEL);
  result = (long)memchr(HIDDEN(p), '1', HIDDEN(faulty ? 25ul : 24ul));
  kfree(p);
}

CASE(kasan_memcmp) {
  char *p = kzalloc(24, GFP_KERNEL);
  char other[32] = {0};
  result = memcmp(HIDDEN(p), HIDDEN(&other[0]), HIDDEN(faulty ? 25ul : 24ul));
  kfree(p);
}

FREED(kasan_strings, kzalloc(24, GFP_KERNEL), {
  char *at = HIDDEN(p) + 16;
  result = (long)strchr(at, '1');
  result = (long)strrchr(at, '1');
  result = strcmp(at, "2");
  result = strncmp(at, "2", 1);
  result = strlen(at);
  result = strnlen(at, 1);
})

// One operation after another, each checked for itself.
static noinline void kasan_bitops_modify(long nr, unsigned long *bits) {
  set_bit(nr, bits);
  barrier();
  __set_bit(nr, bits);
  barrier();
  clear_bit(nr, bits);
  barrier();
  __clear_bit(nr, bits);
  barrier();
  clear_bit_unlock(nr, bits);
  barrier();
  __clear_bit_unlock(nr, bits);
  barrier();
  change_bit(nr, bits);
  barrier();
  __change_bit(nr, bits);
  barrier();
}

static noinline void kasan_bitops_test_and_modify(long nr, unsigned long *bits) {
  result = test_and_set_bit(nr, bits);
  barrier();
  result = __test_and_set_bit(nr, bits);
  barrier();
  result = test_and_set_bit_lock(nr, bits);
  barrier();
  result = test_and_clear_bit(nr, bits);
  barrier();
  result = __test_and_clear_bit(nr, bits);
  barrier();
  result = test_and_change_bit(nr, bits);
  barrier();
  result = __test_and_change_bit(nr, bits);
  barrier();
  result = test_bit(nr, bits);
  barrier();
  result = clear_bit_unlock_is_negative_byte(nr, bits);
  barrier();
}

// Nine bytes: the second word is there with its first byte alone.
CASE(kasan_bitops_generic) {
  unsigned long *bits = kzalloc(9, GFP_KERNEL);
  long nr = faulty ? BITS_PER_LONG : 0;
  kasan_bitops_modify(nr, HIDDEN(bits));
  kasan_bitops_test_and_modify(nr, HIDDEN(bits));
  kfree(bits);
}

CASES(A(kasan_memchr), A(kasan_memcmp), A(kasan_strings), A(kasan_bitops_generic));
