// The rest of the slab allocator: other sizes where they are, caches, whole pages.
#include "kasan_case.h"

CASE(krealloc_larger) {
  char *p = kmalloc(201, GFP_KERNEL);
  p = krealloc(p, 235, GFP_KERNEL);
  WRITE_ONCE(HIDDEN(p)[faulty ? 235 : 234], 'x');
  kfree(p);
}

CASE(krealloc_smaller) {
  char *p = kmalloc(235, GFP_KERNEL);
  p = krealloc(p, 201, GFP_KERNEL);
  WRITE_ONCE(HIDDEN(p)[faulty ? 218 : 200], 'x');
  kfree(p);
}

CASE(krealloc_larger_pages) {
  char *p = kmalloc(KMALLOC_MAX_CACHE_SIZE + 201, GFP_KERNEL);
  p = krealloc(p, KMALLOC_MAX_CACHE_SIZE + 235, GFP_KERNEL);
  WRITE_ONCE(HIDDEN(p)[KMALLOC_MAX_CACHE_SIZE + (faulty ? 235 : 234)], 'x');
  kfree(p);
}

CASE(krealloc_smaller_pages) {
  char *p = kmalloc(KMALLOC_MAX_CACHE_SIZE + 235, GFP_KERNEL);
  p = krealloc(p, KMALLOC_MAX_CACHE_SIZE + 201, GFP_KERNEL);
  WRITE_ONCE(HIDDEN(p)[KMALLOC_MAX_CACHE_SIZE + (faulty ? 218 : 200)], 'x');
  kfree(p);
}

CASE(krealloc_freed) {
  char *p = kmalloc(201, GFP_KERNEL);
  if (faulty) {
    kfree(p);
    (void)!krealloc(HIDDEN(p), 235, GFP_KERNEL);
  } else {
    kfree(krealloc(p, 235, GFP_KERNEL));
  }
}

CASE(pages_right) {
  char *p = kmalloc(KMALLOC_MAX_CACHE_SIZE + 10, GFP_KERNEL);
  WRITE_ONCE(HIDDEN(p)[KMALLOC_MAX_CACHE_SIZE + 10 - !faulty], 0);
  kfree(p);
}

CASE(pages_freed) {
  char *p = kzalloc(KMALLOC_MAX_CACHE_SIZE + 10, GFP_KERNEL);
  if (faulty) kfree(p);
  TOUCH(HIDDEN(p)[0]);
  if (!faulty) kfree(p);
}

CASE(pages_freed_inside) {
  char *p = kmalloc(KMALLOC_MAX_CACHE_SIZE + 10, GFP_KERNEL);
  if (faulty) kfree(HIDDEN(p) + 1);
  kfree(p);
}

CASE(page_freed) {
  char *p = (char *)__get_free_pages(GFP_KERNEL, 4);
  WRITE_ONCE(p[0], 1);
  if (faulty) free_pages((unsigned long)p, 4);
  TOUCH(HIDDEN(p)[0]);
  if (!faulty) free_pages((unsigned long)p, 4);
}

CASE(ksize_leaves_the_end) {
  char *p = kzalloc(115, GFP_KERNEL);
  size_t size = ksize(p);
  TOUCH(HIDDEN(p)[faulty ? size : 114]);
  kfree(p);
}

CASE(ksize_freed) {
  char *p = kmalloc(115, GFP_KERNEL);
  if (faulty) kfree(p);
  (void)ksize(HIDDEN(p));
  if (!faulty) kfree(p);
}

CASE(freed_sensitive_twice) {
  char *p = kmalloc(16, GFP_KERNEL);
  kfree_sensitive(p);
  if (faulty) kfree_sensitive(HIDDEN(p));
}

static struct kmem_cache *make(void) { return kmem_cache_create("test_cache", 200, 0, 0, NULL); }

CASE(cache_right) {
  struct kmem_cache *cache = make();
  char *p = kmem_cache_alloc(cache, GFP_KERNEL);
  WRITE_ONCE(p[0], 1);
  TOUCH(HIDDEN(p)[faulty ? 200 : 0]);
  kmem_cache_free(cache, p);
  kmem_cache_destroy(cache);
}

CASE(cache_freed_twice) {
  struct kmem_cache *cache = make();
  char *p = kmem_cache_alloc(cache, GFP_KERNEL);
  kmem_cache_free(cache, p);
  if (faulty) kmem_cache_free(cache, HIDDEN(p));
  kmem_cache_destroy(cache);
}

CASE(cache_freed_inside) {
  struct kmem_cache *cache = make();
  char *p = kmem_cache_alloc(cache, GFP_KERNEL);
  if (faulty) kmem_cache_free(cache, HIDDEN(p) + 1);
  kmem_cache_free(cache, p);
  kmem_cache_destroy(cache);
}

CASE(cache_destroyed_twice) {
  struct kmem_cache *cache = make();
  kmem_cache_destroy(cache);
  if (faulty) kmem_cache_destroy(HIDDEN(cache));
}

CASES(A(krealloc_larger), A(krealloc_smaller), A(krealloc_larger_pages),
      A(krealloc_smaller_pages), A(krealloc_freed), A(pages_right), A(pages_freed),
      A(pages_freed_inside), A(page_freed), A(ksize_leaves_the_end), A(ksize_freed),
      A(freed_sensitive_twice), A(cache_right), A(cache_freed_twice), A(cache_freed_inside),
      A(cache_destroyed_twice));
