// Buffers that got another size, and buffers that are blocks of frames.
#include "kasan_case.h"

#define LARGE KMALLOC_MAX_CACHE_SIZE

static noinline void krealloc_more_oob_helper(size_t from, size_t to, bool faulty) {
  char *p = krealloc(kmalloc(from, GFP_KERNEL), to, GFP_KERNEL);
  WRITE_ONCE(HIDDEN(p)[from], 'x');
  WRITE_ONCE(HIDDEN(p)[to - !faulty], 'x');
  if (faulty) WRITE_ONCE(HIDDEN(p)[(to + 7) & ~7ul], 'x');
  kfree(p);
}

static noinline void krealloc_less_oob_helper(size_t from, size_t to, bool faulty) {
  char *p = krealloc(kmalloc(from, GFP_KERNEL), to, GFP_KERNEL);
  WRITE_ONCE(HIDDEN(p)[to - 1], 'x');
  if (faulty) {
    // At once behind it, in the next granule, in the middle of what it had, at that one's end.
    WRITE_ONCE(HIDDEN(p)[to], 'x');
    WRITE_ONCE(HIDDEN(p)[(to + 7) & ~7ul], 'x');
    WRITE_ONCE(HIDDEN(p)[to + (from - to) / 2], 'x');
    WRITE_ONCE(HIDDEN(p)[from - 1], 'x');
    WRITE_ONCE(HIDDEN(p)[from], 'x');
  }
  kfree(p);
}

CASE(krealloc_more_oob) { krealloc_more_oob_helper(201, 235, faulty); }
CASE(krealloc_less_oob) { krealloc_less_oob_helper(235, 201, faulty); }
CASE(krealloc_pagealloc_more_oob) { krealloc_more_oob_helper(LARGE + 201, LARGE + 235, faulty); }
CASE(krealloc_pagealloc_less_oob) { krealloc_less_oob_helper(LARGE + 235, LARGE + 201, faulty); }

CASE(krealloc_uaf) {
  char *p = kzalloc(201, GFP_KERNEL);
  if (faulty) {
    kfree(p);
    if (krealloc(HIDDEN(p), 235, GFP_KERNEL)) pr_err("krealloc_uaf: there is a buffer\n");
    TOUCH(HIDDEN(p)[0]);
  } else {
    p = krealloc(p, 235, GFP_KERNEL);
    TOUCH(HIDDEN(p)[0]);
    kfree(p);
  }
}

CASE(kmalloc_pagealloc_oob_right) {
  char *p = kmalloc(LARGE + 10, GFP_KERNEL);
  WRITE_ONCE(HIDDEN(p)[LARGE + 10 - !faulty], 0);
  kfree(p);
}

FREED(kmalloc_pagealloc_uaf, kzalloc(LARGE + 10, GFP_KERNEL), TOUCH(HIDDEN(p)[0]))

CASE(kmalloc_pagealloc_invalid_free) {
  char *p = kmalloc(LARGE + 10, GFP_KERNEL);
  if (faulty) kfree(HIDDEN(p) + 1);
  kfree(p);
}

CASE(pagealloc_uaf) {
  char *p = (char *)__get_free_pages(GFP_KERNEL, 4);
  WRITE_ONCE(p[0], 1);
  if (faulty) free_pages((unsigned long)p, 4);
  TOUCH(HIDDEN(p)[0]);
  if (!faulty) free_pages((unsigned long)p, 4);
}

CASES(A(krealloc_more_oob), A(krealloc_less_oob), A(krealloc_pagealloc_more_oob),
      A(krealloc_pagealloc_less_oob), A(krealloc_uaf), A(kmalloc_pagealloc_oob_right),
      A(kmalloc_pagealloc_uaf), A(kmalloc_pagealloc_invalid_free), A(pagealloc_uaf));
