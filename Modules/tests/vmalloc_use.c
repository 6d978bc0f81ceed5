// Uses vmalloc in the ways that /proc/vmallocinfo tells apart, and keeps what it has until it goes.
#include <kilburn/module.h>

static void *own, *forUsers, *mapped;
static struct page *pages[3];

static noinline void takeOwn(void) { own = vmalloc(5 * PAGE_SIZE); }

static noinline void takeForUsers(void) { forUsers = vmalloc_user(2 * PAGE_SIZE); }

static noinline void map(void) {
  for (int i = 0; i < 3; i++) pages[i] = alloc_page(GFP_KERNEL);
  mapped = vmap(pages, 3, VM_MAP, PAGE_KERNEL);
}

// What cannot wait gives back later: the memory is there until the work runs.
static noinline void giveLater(void) {
  unsigned long *word = vmalloc(PAGE_SIZE);
  unsigned long *other = vmalloc(3 * PAGE_SIZE);
  if (!word || !other) return;
  word[1] = 17;
  vfree_atomic(word);
  vfree_atomic(other);
  pr_info("given, still there: %lu\n", word[1]);
}

static int __init vmalloc_use_init(void) {
  takeOwn();
  takeForUsers();
  map();
  giveLater();
  return own && forUsers && mapped ? 0 : -ENOMEM;
}

static void __exit vmalloc_use_exit(void) {
  vunmap(mapped);
  for (int i = 0; i < 3; i++) __free_page(pages[i]);
  vfree(forUsers);
  vfree(own);
}

module_init(vmalloc_use_init);
module_exit(vmalloc_use_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("keeps areas of several kinds");
