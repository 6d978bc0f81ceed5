// Counts of references that stay where they are when they go wrong: REFCOUNT_SATURATED, far from
// both ends (include/linux/refcount.h).
#ifndef KILBURN_REFCOUNT_H
#define KILBURN_REFCOUNT_H

#include <kilburn/types.h>

typedef struct {
  int counter;
} refcount_t;
#define REFCOUNT_INIT(n) {n}
#define REFCOUNT_MAX 0x7fffffff
#define REFCOUNT_SATURATED ((int)0xc0000000)

enum refcount_saturation_type {
  REFCOUNT_ADD_NOT_ZERO_OVF, REFCOUNT_ADD_OVF, REFCOUNT_ADD_UAF, REFCOUNT_SUB_UAF, REFCOUNT_DEC_LEAK
};
// Saturates, and warns, once of a kind.
void refcount_warn_saturate(refcount_t *count, enum refcount_saturation_type what);

static inline void refcount_set(refcount_t *count, int n) {
  __atomic_store_n(&count->counter, n, __ATOMIC_RELAXED);
}
static inline unsigned refcount_read(const refcount_t *count) {
  return __atomic_load_n(&count->counter, __ATOMIC_RELAXED);
}
static inline bool refcount_add_not_zero(int n, refcount_t *count) {
  int old = refcount_read(count);
  do {
    if (!old) return false;
  } while (!__atomic_compare_exchange_n(
      &count->counter, &old, (int)((unsigned)old + n), true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
  if (unlikely(old < 0 || (int)((unsigned)old + n) < 0))
    refcount_warn_saturate(count, REFCOUNT_ADD_NOT_ZERO_OVF);
  return true;
}
static inline bool refcount_inc_not_zero(refcount_t *count) {
  return refcount_add_not_zero(1, count);
}
static inline void refcount_add(int n, refcount_t *count) {
  int old = __atomic_fetch_add(&count->counter, n, __ATOMIC_RELAXED);
  if (unlikely(!old))
    refcount_warn_saturate(count, REFCOUNT_ADD_UAF);
  else if (unlikely(old < 0 || (int)((unsigned)old + n) < 0))
    refcount_warn_saturate(count, REFCOUNT_ADD_OVF);
}
static inline void refcount_inc(refcount_t *count) { refcount_add(1, count); }
static inline bool refcount_sub_and_test(int n, refcount_t *count) {
  int old = __atomic_fetch_sub(&count->counter, n, __ATOMIC_RELEASE);
  if (old == n) {
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return true;
  }
  if (unlikely(old < 0 || (int)((unsigned)old - n) < 0))
    refcount_warn_saturate(count, REFCOUNT_SUB_UAF);
  return false;
}
static inline bool refcount_dec_and_test(refcount_t *count) {
  return refcount_sub_and_test(1, count);
}
static inline void refcount_dec(refcount_t *count) {
  if (unlikely(__atomic_fetch_sub(&count->counter, 1, __ATOMIC_RELEASE) <= 1))
    refcount_warn_saturate(count, REFCOUNT_DEC_LEAK);
}

#endif
