// kmalloc and its family.
#ifndef KILBURN_SLAB_H
#define KILBURN_SLAB_H

#include <kilburn/types.h>

#define __GFP_DMA 0x01u
#define __GFP_HIGHMEM 0x02u
#define __GFP_DMA32 0x04u
#define __GFP_MOVABLE 0x08u
#define __GFP_RECLAIMABLE 0x10u
#define __GFP_HIGH 0x20u
#define __GFP_IO 0x40u
#define __GFP_FS 0x80u
#define __GFP_ZERO 0x100u
#define __GFP_ATOMIC 0x200u
#define __GFP_DIRECT_RECLAIM 0x400u
#define __GFP_KSWAPD_RECLAIM 0x800u
#define __GFP_NOWARN 0x2000u
#define __GFP_NORETRY 0x10000u
#define __GFP_COMP 0x40000u
#define __GFP_HARDWALL 0x100000u
#define __GFP_ACCOUNT 0x400000u
#define __GFP_RECLAIM (__GFP_DIRECT_RECLAIM | __GFP_KSWAPD_RECLAIM)
#define GFP_KERNEL (__GFP_RECLAIM | __GFP_IO | __GFP_FS)
#define GFP_ATOMIC (__GFP_HIGH | __GFP_ATOMIC | __GFP_KSWAPD_RECLAIM)
#define GFP_NOWAIT __GFP_KSWAPD_RECLAIM
#define GFP_NOIO __GFP_RECLAIM
#define GFP_NOFS (__GFP_RECLAIM | __GFP_IO)
#define GFP_USER (GFP_KERNEL | __GFP_HARDWALL)
#define GFP_HIGHUSER (GFP_USER | __GFP_HIGHMEM)
#define GFP_HIGHUSER_MOVABLE (GFP_HIGHUSER | __GFP_MOVABLE)
#define GFP_DMA __GFP_DMA
#define GFP_DMA32 __GFP_DMA32
#define GFP_KERNEL_ACCOUNT (GFP_KERNEL | __GFP_ACCOUNT)

// A cache's flags.
#define SLAB_RED_ZONE 0x400u
#define SLAB_POISON 0x800u
#define SLAB_STORE_USER 0x10000u
#define SLAB_HWCACHE_ALIGN 0x2000u
#define SLAB_CACHE_DMA 0x4000u
#define SLAB_RECLAIM_ACCOUNT 0x20000u
#define SLAB_PANIC 0x40000u
#define SLAB_TYPESAFE_BY_RCU 0x80000u
#define SLAB_NO_MERGE 0x1000000u
#define SLAB_ACCOUNT 0x4000000u
// From the slabs, up to two pages; the page size is known when the module runs.
unsigned kilburn_page_shift(void) __attribute__((const));
#define KMALLOC_MIN_SIZE 128
#define KMALLOC_SHIFT_HIGH (kilburn_page_shift() + 1)
#define KMALLOC_MAX_CACHE_SIZE (1ul << KMALLOC_SHIFT_HIGH)
#define ZERO_SIZE_PTR ((void *)16)
#define ZERO_OR_NULL_PTR(x) ((unsigned long)(x) <= (unsigned long)ZERO_SIZE_PTR)

void *__kmalloc(size_t size, gfp_t flags) __attribute__((malloc, alloc_size(1)));
void kfree(const void *object);
void kfree_sensitive(const void *object);
void *krealloc(const void *object, size_t size, gfp_t flags) __must_check;
size_t ksize(const void *object);
// One symbol, so that a sanitizer sees the same call for every size.
static __always_inline void *kmalloc(size_t size, gfp_t flags) { return __kmalloc(size, flags); }
static __always_inline void *kzalloc(size_t size, gfp_t flags) {
  return __kmalloc(size, flags | __GFP_ZERO);
}
static __always_inline void *kmalloc_array(size_t count, size_t size, gfp_t flags) {
  size_t bytes;
  return __builtin_mul_overflow(count, size, &bytes) ? NULL : __kmalloc(bytes, flags);
}
static __always_inline void *kcalloc(size_t count, size_t size, gfp_t flags) {
  return kmalloc_array(count, size, flags | __GFP_ZERO);
}
#define kmalloc_node(size, flags, node) kmalloc(size, flags)
#define kzalloc_node(size, flags, node) kzalloc(size, flags)

struct kmem_cache;
struct kmem_cache *kmem_cache_create(
    const char *name, unsigned size, unsigned align, unsigned long flags, void (*constructor)(void *));
// Of an object, so much may be copied from and to programs.
struct kmem_cache *kmem_cache_create_usercopy(
    const char *name, unsigned size, unsigned align, unsigned long flags, unsigned user_offset,
    unsigned user_size, void (*constructor)(void *));
void kmem_cache_destroy(struct kmem_cache *cache);
void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t flags) __attribute__((malloc));
void kmem_cache_free(struct kmem_cache *cache, void *object);
int kmem_cache_alloc_bulk(struct kmem_cache *cache, gfp_t flags, size_t count, void **objects);
void kmem_cache_free_bulk(struct kmem_cache *cache, size_t count, void **objects);
unsigned kmem_cache_size(struct kmem_cache *cache);
int kmem_cache_shrink(struct kmem_cache *cache);
static __always_inline void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t flags) {
  return kmem_cache_alloc(cache, flags | __GFP_ZERO);
}
#define KMEM_CACHE(type, flags) \
  kmem_cache_create(#type, sizeof(struct type), __alignof__(struct type), flags, NULL)

static inline void *kmemdup(const void *from, size_t length, gfp_t flags) {
  void *to = kmalloc(length, flags);
  if (to) __builtin_memcpy(to, from, length);
  return to;
}
static inline char *kstrdup(const char *text, gfp_t flags) {
  return text ? kmemdup(text, __builtin_strlen(text) + 1, flags) : NULL;
}

#endif
