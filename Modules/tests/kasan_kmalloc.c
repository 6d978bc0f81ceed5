// Buffers: past their ends, after their end, given back wrongly.
#include "kasan_case.h"

CASE(right_in_last_granule) {
  char *p = kmalloc(115, GFP_KERNEL);
  WRITE_ONCE(HIDDEN(p)[faulty ? 115 : 114], 'x');
  kfree(p);
}

CASE(right_behind_last_granule) {
  char *p = kmalloc(115, GFP_KERNEL);
  WRITE_ONCE(HIDDEN(p)[faulty ? 120 : 112], 'x');
  kfree(p);
}

CASE(right_behind_object) {
  char *p = kmalloc(115, GFP_KERNEL);
  WRITE_ONCE(p[0], 1);
  TOUCH(HIDDEN(p)[faulty ? 128 : 0]);
  kfree(p);
}

CASE(left) {
  char *p = kmalloc(15, GFP_KERNEL);
  WRITE_ONCE(p[0], 1);
  TOUCH(HIDDEN(p)[faulty ? -1 : 0]);
  kfree(p);
}

CASE(right_4096) {
  char *p = kmalloc(4096, GFP_KERNEL);
  WRITE_ONCE(p[4095], 1);
  TOUCH(HIDDEN(p)[faulty ? 4096 : 4095]);
  kfree(p);
}

CASE(right_of_class) {
  char *p = kmalloc(8192 - 256, GFP_KERNEL);
  WRITE_ONCE(HIDDEN(p)[8192 - 256 - (faulty ? 0 : 1)], 1);
  kfree(p);
}

CASE(write_16) {
  struct pair { u64 a, b; } *p = kmalloc(faulty ? 13 : 16, GFP_KERNEL), *q = kmalloc(16, GFP_KERNEL);
  struct pair value = {1, 2};
  *q = value;
  __builtin_memcpy(HIDDEN(p), HIDDEN(q), sizeof *p);
  kfree(q);
  kfree(p);
}

CASE(freed_16) {
  struct pair { u64 a, b; } *p = kzalloc(16, GFP_KERNEL), *q = kmalloc(16, GFP_KERNEL);
  if (faulty) kfree(p);
  __builtin_memcpy(HIDDEN(q), HIDDEN(p), sizeof *p);
  if (!faulty) kfree(p);
  kfree(q);
}

CASE(in_memset) {
  char *p = kmalloc(faulty ? 123 : 128, GFP_KERNEL);
  memset(HIDDEN(p), 0, HIDDEN(128ul));
  kfree(p);
}

CASE(memset_2) {
  char *p = kmalloc(128, GFP_KERNEL);
  memset(HIDDEN(p) + 127 - !faulty, 0, HIDDEN(2ul));
  kfree(p);
}

CASE(memset_4) {
  char *p = kmalloc(128, GFP_KERNEL);
  memset(HIDDEN(p) + 125 - !faulty, 0, HIDDEN(4ul));
  kfree(p);
}

CASE(memset_8) {
  char *p = kmalloc(128, GFP_KERNEL);
  memset(HIDDEN(p) + 121 - !faulty, 0, HIDDEN(8ul));
  kfree(p);
}

CASE(memset_16) {
  char *p = kmalloc(128, GFP_KERNEL);
  memset(HIDDEN(p) + 113 - !faulty, 0, HIDDEN(16ul));
  kfree(p);
}

CASE(memmove_negative) {
  char *p = kmalloc(64, GFP_KERNEL);
  memset(p, 0, 64);
  memmove(p, HIDDEN(p) + 4, HIDDEN(faulty ? -2ul : 2ul));
  kfree(p);
}

CASE(memmove_past) {
  char *p = kmalloc(64, GFP_KERNEL);
  memset(p, 0, 64);
  memmove(p, HIDDEN(p) + 4, HIDDEN(faulty ? 64ul : 60ul));
  kfree(p);
}

CASE(freed) {
  char *p = kzalloc(10, GFP_KERNEL);
  if (faulty) kfree(p);
  TOUCH(HIDDEN(p)[8]);
  if (!faulty) kfree(p);
}

CASE(freed_memset) {
  char *p = kmalloc(33, GFP_KERNEL);
  if (faulty) kfree(p);
  memset(HIDDEN(p), 0, HIDDEN(33ul));
  if (!faulty) kfree(p);
}

// Though another buffer is made in between, the quarantine keeps the first one's memory.
CASE(freed_then_another) {
  char *p = kzalloc(43, GFP_KERNEL);
  if (faulty) kfree(p);
  char *q = kmalloc(43, GFP_KERNEL);
  TOUCH(HIDDEN(p)[40]);
  if (!faulty) kfree(p);
  kfree(q);
}

CASE(freed_twice) {
  char *p = kmalloc(115, GFP_KERNEL);
  kfree(p);
  if (faulty) kfree(HIDDEN(p));
}

CASE(freed_inside) {
  char *p = kmalloc(115, GFP_KERNEL);
  if (faulty) kfree(HIDDEN(p) + 1);
  kfree(p);
}

CASES(A(right_in_last_granule), A(right_behind_last_granule), A(right_behind_object), A(left),
      A(right_4096), A(right_of_class), A(write_16), A(freed_16), A(in_memset), A(memset_2),
      A(memset_4), A(memset_8), A(memset_16), A(memmove_negative), A(memmove_past), A(freed),
      A(freed_memset), A(freed_then_another), A(freed_twice), A(freed_inside));
