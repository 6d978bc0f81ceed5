// Objects of caches, one by one and by rows.
#include "kasan_case.h"

// A cache for one case, and an object of it. The flag keeps the cache's name its own.
#define CACHE_CASE(name, ...)                                                        \
  CASE(name) {                                                                       \
    struct kmem_cache *cache = kmem_cache_create("test_cache", 200, 0, 0, NULL);     \
    char *p = kmem_cache_alloc(cache, GFP_KERNEL);                                   \
    __VA_ARGS__                                                                      \
    kmem_cache_destroy(cache);                                                       \
  }

CACHE_CASE(kmem_cache_oob, {
  WRITE_ONCE(p[0], 1);
  TOUCH(HIDDEN(p)[faulty ? 200 : 0]);
  kmem_cache_free(cache, p);
})

CACHE_CASE(kmem_cache_double_free, {
  kmem_cache_free(cache, p);
  if (faulty) kmem_cache_free(cache, HIDDEN(p));
})

CACHE_CASE(kmem_cache_invalid_free, {
  if (faulty) kmem_cache_free(cache, HIDDEN(p) + 1);
  kmem_cache_free(cache, p);
})

CACHE_CASE(kmem_cache_uaf, {
  WRITE_ONCE(p[8], 1);
  if (faulty) kmem_cache_free(cache, p);
  TOUCH(HIDDEN(p)[8]);
  if (!faulty) kmem_cache_free(cache, p);
})

CASE(kmem_cache_double_destroy) {
  struct kmem_cache *cache = kmem_cache_create("test_cache", 200, 0, 0, NULL);
  kmem_cache_destroy(cache);
  if (faulty) kmem_cache_destroy(HIDDEN(cache));
}

CASE(kmem_cache_accounted) {
  struct kmem_cache *cache = kmem_cache_create("test_cache", 200, 0, SLAB_ACCOUNT, NULL);
  for (int i = 0; i < 5; i++) {
    char *p = kmem_cache_alloc(cache, GFP_KERNEL);
    if (!p) break;
    WRITE_ONCE(p[199], 1);
    kmem_cache_free(cache, p);
  }
  kmem_cache_destroy(cache);
}

CASE(kmem_cache_bulk) {
  struct kmem_cache *cache = kmem_cache_create("test_cache", 200, 0, 0, NULL);
  char *row[10];
  if (kmem_cache_alloc_bulk(cache, GFP_KERNEL, 10, (void **)row)) {
    for (int i = 0; i < 10; i++) row[i][0] = row[i][199] = 42;
    kmem_cache_free_bulk(cache, 10, (void **)row);
  }
  kmem_cache_destroy(cache);
}

// One of a row is freed before the row.
CASE(kmem_cache_bulk_double_free) {
  struct kmem_cache *cache = kmem_cache_create("test_cache", 200, 0, 0, NULL);
  void *row[4];
  if (kmem_cache_alloc_bulk(cache, GFP_KERNEL, 4, row)) {
    if (faulty) kmem_cache_free(cache, row[2]);
    kmem_cache_free_bulk(cache, 4, row);
  }
  kmem_cache_destroy(cache);
}

CASES(A(kmem_cache_oob), A(kmem_cache_double_free), A(kmem_cache_invalid_free), A(kmem_cache_uaf),
      A(kmem_cache_double_destroy), A(kmem_cache_accounted), A(kmem_cache_bulk),
      A(kmem_cache_bulk_double_free));
