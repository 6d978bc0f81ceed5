// Memory of the vmalloc region.
#include "kasan_case.h"

// In the last granule, and behind it in the same page.
CASE(vmalloc_oob) {
  size_t size = PAGE_SIZE / 2 - 13;
  char *p = vmalloc(size);
  memset(p, 0, size);
  TOUCH(HIDDEN(p)[faulty ? size : size - 1]);
  TOUCH(HIDDEN(p)[faulty ? size + 5 : 0]);
  vfree(p);
}

// Addresses that have been given back lately are nobody's, and are not mapped: the sanitizer says
// so where its shadow is asked before the access is made.
CASE(vmalloc_uaf) {
  char *p = vmalloc(2 * PAGE_SIZE);
  if (!__kasan_check_read(HIDDEN(p), 8)) pr_err("vmalloc_uaf: the memory is bad before\n");
  vfree(p);
  if (faulty) (void)__kasan_check_read(HIDDEN(p), 8);
}

// A second view of pages ends where the pages end; the guard page is nobody's.
CASE(vmap_oob) {
  struct page *pages[2];
  for (int i = 0; i < 2; i++) pages[i] = alloc_page(GFP_KERNEL);
  char *p = vmap(pages, 2, 0, 0);
  WRITE_ONCE(HIDDEN(p)[0], 1);
  WRITE_ONCE(HIDDEN(p)[2 * PAGE_SIZE - 1], 1);
  (void)__kasan_check_write(HIDDEN(p) + 2 * PAGE_SIZE - 8, faulty ? 9 : 8);
  vunmap(p);
  for (int i = 0; i < 2; i++) __free_page(pages[i]);
}

// Addresses that somebody gets again are good again.
CASE(vmalloc_reused) {
  for (int i = 0; i < 40; i++) {
    size_t size = (i % 5 + 1) * PAGE_SIZE - i;
    char *p = vmalloc(size);
    memset(HIDDEN(p), i, size + (faulty && i == 39));
    vfree(p);
  }
}

CASES(A(vmalloc_oob), A(vmalloc_uaf), A(vmap_oob), A(vmalloc_reused));
