// Buffers of the slabs: past their ends, after their end, given back wrongly.
#include "kasan_case.h"

struct pair { u64 a, b; };

CASE(kmalloc_oob_right) {
  char *p = kmalloc(115, GFP_KERNEL);
  WRITE_ONCE(HIDDEN(p)[faulty ? 115 : 114], 'x');
  WRITE_ONCE(HIDDEN(p)[faulty ? 120 : 112], 'y');
  TOUCH(HIDDEN(p)[faulty ? 128 : 0]);
  kfree(p);
}

// Before a buffer whose neighbour lives: of a few, one that lies right behind the one before.
CASE(kmalloc_oob_left) {
  char *row[32], *p = NULL;
  for (int i = 0; i < 32; i++) {
    row[i] = kmalloc(15, GFP_KERNEL);
    WRITE_ONCE(row[i][0], 1);
    if (i && row[i] - row[i - 1] == 256) p = row[i];
  }
  TOUCH(HIDDEN(p)[faulty ? -1 : 0]);
  for (int i = 0; i < 32; i++) kfree(row[i]);
}

READS(kmalloc_node_oob_right, kmalloc_node(4096, GFP_KERNEL, 0), 4095, 4096)
// Behind what was asked for, inside of the class.
CASE(kmalloc_large_oob_right) {
  size_t size = KMALLOC_MAX_CACHE_SIZE - 256;
  char *p = kmalloc(size, GFP_KERNEL);
  WRITE_ONCE(HIDDEN(p)[size - !faulty], 1);
  kfree(p);
}

CASE(kmalloc_oob_16) {
  struct pair *p = kmalloc(faulty ? 13 : 16, GFP_KERNEL), *q = kmalloc(16, GFP_KERNEL);
  *q = (struct pair){1, 2};
  __builtin_memcpy(HIDDEN(p), HIDDEN(q), sizeof *p);
  kfree(q);
  kfree(p);
}

CASE(kmalloc_uaf_16) {
  struct pair *p = kzalloc(16, GFP_KERNEL), *q = kmalloc(16, GFP_KERNEL);
  if (faulty) kfree(p);
  __builtin_memcpy(HIDDEN(q), HIDDEN(p), sizeof *p);
  if (!faulty) kfree(p);
  kfree(q);
}

// The last granule of a buffer of 120 bytes is overrun by one byte.
#define MEMSET(name, start, length)                                     \
  CASE(name) {                                                          \
    char *p = kmalloc(120, GFP_KERNEL);                                 \
    memset(HIDDEN(p) + (start) - ((start) > 0 && !faulty), 0,           \
           HIDDEN((length) - ((start) == 0 && !faulty ? 8ul : 0ul)));   \
    kfree(p);                                                           \
  }
MEMSET(kmalloc_oob_in_memset, 0, 128ul)
MEMSET(kmalloc_oob_memset_2, 119, 2ul)
MEMSET(kmalloc_oob_memset_4, 117, 4ul)
MEMSET(kmalloc_oob_memset_8, 113, 8ul)
MEMSET(kmalloc_oob_memset_16, 105, 16ul)

#define MEMMOVE(name, bad, good)                                    \
  CASE(name) {                                                      \
    char *p = kzalloc(64, GFP_KERNEL);                              \
    memmove(p, HIDDEN(p) + 4, HIDDEN(faulty ? (bad) : (good)));     \
    kfree(p);                                                       \
  }
MEMMOVE(kmalloc_memmove_negative_size, -2ul, 2ul)
MEMMOVE(kmalloc_memmove_invalid_size, 64ul, 60ul)

FREED(kmalloc_uaf, kzalloc(10, GFP_KERNEL), TOUCH(HIDDEN(p)[8]))
FREED(kmalloc_uaf_memset, kzalloc(33, GFP_KERNEL), memset(HIDDEN(p), 0, HIDDEN(33ul)))
// Though another buffer is made in between, the quarantine keeps the first one's memory.
FREED(kmalloc_uaf2, kzalloc(43, GFP_KERNEL),
      char *q = kmalloc(43, GFP_KERNEL); TOUCH(HIDDEN(p)[40]); kfree(q))

CASE(kmalloc_double_free) {
  char *p = kmalloc(115, GFP_KERNEL);
  kfree(p);
  if (faulty) kfree(HIDDEN(p));
}

CASE(kmalloc_invalid_free) {
  char *p = kmalloc(115, GFP_KERNEL);
  if (faulty) kfree(HIDDEN(p) + 1);
  kfree(p);
}

CASE(kmalloc_double_kzfree) {
  char *p = kmalloc(16, GFP_KERNEL);
  kfree_sensitive(p);
  if (faulty) kfree_sensitive(HIDDEN(p));
}

// An address that was found by the page, or by the physical address, is as good as any.
CASE(kfree_via_page) {
  char *p = kmalloc(8, GFP_KERNEL);
  kfree((char *)page_address(virt_to_page(p)) + offset_in_page(p));
}

CASE(kfree_via_phys) {
  char *p = kmalloc(8, GFP_KERNEL);
  kfree(phys_to_virt(virt_to_phys(p)));
}

// ksize() says how much is there, and from then on all of it may be used.
CASE(ksize_unpoisons_memory) {
  char *p = kzalloc(115, GFP_KERNEL);
  size_t size = ksize(p);
  WRITE_ONCE(HIDDEN(p)[115], 'x');
  WRITE_ONCE(HIDDEN(p)[size - 1], 'x');
  TOUCH(HIDDEN(p)[faulty ? size : 114]);
  kfree(p);
}

FREED(ksize_uaf, kzalloc(115, GFP_KERNEL),
      (void)ksize(HIDDEN(p)); TOUCH(HIDDEN(p)[0]); TOUCH(HIDDEN(p)[faulty ? 120 : 1]))

CASES(A(kmalloc_oob_right), A(kmalloc_oob_left), A(kmalloc_node_oob_right),
      A(kmalloc_large_oob_right), A(kmalloc_oob_16), A(kmalloc_uaf_16), A(kmalloc_oob_in_memset),
      A(kmalloc_oob_memset_2), A(kmalloc_oob_memset_4), A(kmalloc_oob_memset_8),
      A(kmalloc_oob_memset_16), A(kmalloc_memmove_negative_size), A(kmalloc_memmove_invalid_size),
      A(kmalloc_uaf), A(kmalloc_uaf_memset), A(kmalloc_uaf2), A(kmalloc_double_free),
      A(kmalloc_invalid_free), A(kmalloc_double_kzfree), A(kfree_via_page), A(kfree_via_phys),
      A(ksize_unpoisons_memory), A(ksize_uaf));
