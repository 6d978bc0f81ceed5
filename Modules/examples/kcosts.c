// What the kernel's memory operations cost, in instructions: each is done N times and 2N times
// between two readings of the counter, so that warming up and the loop's ends fall out. Under
// -icount a tick of CNTVCT stands for a fixed number of instructions (parameter `tick`, in
// thousandths).
#include <kilburn/module.h>

static int tick = 16000;  // CNTFRQ 62.5 MHz, an instruction a nanosecond
module_param(tick, int, 0444);

static void *objects[512];
static struct page *pages[512];

static void report(const char *name, u64 ticks, u64 operations) {
  u64 hundredths = ticks * tick / 10 / operations;
  pr_info("kcosts\t%s\t%llu.%02llu\n", name, hundredths / 100, hundredths % 100);
}

#define TIMED(name, count, operation)                          \
  do {                                                         \
    u64 ticks[2];                                              \
    { long i = 0; (void)i; operation; }                        \
    for (int pass = 0; pass < 2; pass++) {                     \
      long end = (long)(count) << pass;                        \
      asm("" : "+r"(end)); /* one loop for both passes */      \
      u64 start = get_cycles();                                \
      for (long i = 0; i < end; i++) { operation; barrier(); } \
      ticks[pass] = get_cycles() - start;                      \
    }                                                          \
    report(name, ticks[1] - ticks[0], count);                  \
  } while (0)

// 512 taken, then 512 given back, twenty times after a first; each half by itself.
#define ROW(name, take, give)                                     \
  do {                                                            \
    u64 taking = 0, giving = 0;                                   \
    for (int pass = 0; pass < 21; pass++) {                       \
      if (pass == 1) taking = giving = 0;                         \
      u64 start = get_cycles();                                   \
      for (int i = 0; i < 512; i++) take;                         \
      taking += get_cycles() - start;                             \
      start = get_cycles();                                       \
      for (int i = 0; i < 512; i++) give;                         \
      giving += get_cycles() - start;                             \
    }                                                             \
    report(name ": 512 taken, each", taking, 20 * 512);           \
    report(name ": 512 given back, each", giving, 20 * 512);      \
  } while (0)

static int __init kcosts_init(void) {
  struct kmem_cache *plain = kmem_cache_create("kcosts-200", 200, 0, 0, NULL);
  struct kmem_cache *counted =
      kmem_cache_create("kcosts-200h", 200, 0, SLAB_HWCACHE_ALIGN | SLAB_ACCOUNT, NULL);
  unsigned long size = PAGE_SIZE;
  if (!plain || !counted) return -ENOMEM;
  TIMED("empty", 10000, {});
  TIMED("kmalloc(128)+kfree", 10000, kfree(kmalloc(128, GFP_KERNEL)));
  TIMED("kzalloc(128)+kfree", 10000, kfree(kzalloc(128, GFP_KERNEL)));
  TIMED("kmalloc(4096)+kfree", 10000, kfree(kmalloc(4096, GFP_KERNEL)));
  TIMED("kmalloc(8192)+kfree", 10000, kfree(kmalloc(8192, GFP_KERNEL)));
  TIMED("kmalloc(3*PAGE_SIZE)+kfree", 10000, kfree(kmalloc(3 * size, GFP_KERNEL)));
  TIMED("kmem_cache_alloc(200)+free", 10000,
        kmem_cache_free(plain, kmem_cache_alloc(plain, GFP_KERNEL)));
  TIMED("kmem_cache_zalloc(200)+free", 10000,
        kmem_cache_free(plain, kmem_cache_zalloc(plain, GFP_KERNEL)));
  TIMED("kmem_cache_alloc(200)+free SLAB_ACCOUNT", 10000,
        kmem_cache_free(counted, kmem_cache_alloc(counted, GFP_KERNEL)));
  TIMED("alloc_pages(0)+__free_pages", 10000, __free_pages(alloc_pages(GFP_KERNEL, 0), 0));
  TIMED("alloc_pages(0, ZERO)+__free_pages", 10000,
        __free_pages(alloc_pages(GFP_KERNEL | __GFP_ZERO, 0), 0));
  TIMED("alloc_pages(0, HIGHUSER_MOVABLE)+__free_pages", 10000,
        __free_pages(alloc_pages(GFP_HIGHUSER_MOVABLE, 0), 0));
  TIMED("alloc_pages(3)+__free_pages", 10000, __free_pages(alloc_pages(GFP_KERNEL, 3), 3));
  TIMED("alloc_pages(4)+__free_pages", 10000, __free_pages(alloc_pages(GFP_KERNEL, 4), 4));
  TIMED("alloc_pages(9)+__free_pages", 1000,
        __free_pages(alloc_pages(GFP_KERNEL | __GFP_NOWARN, 9), 9));
  ROW("kmalloc(128)", objects[i] = kmalloc(128, GFP_KERNEL), kfree(objects[i]));
  ROW("kmalloc(4096)", objects[i] = kmalloc(4096, GFP_KERNEL), kfree(objects[i]));
  ROW("kmem_cache(200)", objects[i] = kmem_cache_alloc(plain, GFP_KERNEL),
      kmem_cache_free(plain, objects[i]));
  ROW("alloc_pages(0)", pages[i] = alloc_pages(GFP_KERNEL, 0), __free_pages(pages[i], 0));
  ROW("alloc_pages(3)", pages[i] = alloc_pages(GFP_KERNEL, 3), __free_pages(pages[i], 3));
  TIMED("vmalloc(PAGE_SIZE)+vfree", 2000, vfree(vmalloc(size)));
  TIMED("vmalloc(64K)+vfree", 2000, vfree(vmalloc(65536)));
  TIMED("vmalloc(16 pages)+vfree", 1000, vfree(vmalloc(16 * size)));
  TIMED("vmalloc(256 pages)+vfree", 100, vfree(vmalloc(256 * size)));

  enum { LIVE = 10000 };
  void **live = kvmalloc_array(LIVE, sizeof(void *), GFP_KERNEL);
  u64 start = get_cycles();
  for (int i = 0; i < LIVE; i++) live[i] = vmalloc(size);
  report("make 10000 live one-page areas, each", get_cycles() - start, LIVE);
  TIMED("vmalloc(PAGE_SIZE)+vfree, 10000 live", 2000, vfree(vmalloc(size)));
  TIMED("vmalloc(64K)+vfree, 10000 live", 2000, vfree(vmalloc(65536)));
  for (int i = 0; i < LIVE; i += 2) vfree(live[i]);
  TIMED("vmalloc(64K)+vfree, 5000 live with 5000 one-page holes", 2000, vfree(vmalloc(65536)));
  TIMED("vmalloc(PAGE_SIZE)+vfree, 5000 live with 5000 one-page holes", 2000, vfree(vmalloc(size)));
  start = get_cycles();
  for (int i = 1; i < LIVE; i += 2) vfree(live[i]);
  report("free 5000 live one-page areas, each", get_cycles() - start, LIVE / 2);
  kvfree(live);
  kmem_cache_destroy(plain);
  kmem_cache_destroy(counted);
  return 0;
}

static void __exit kcosts_exit(void) {}

module_init(kcosts_init);
module_exit(kcosts_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("measures the kernel's memory operations");
