// Goes wrong on purpose: crash.case=NAME, as the module comes, or as it goes for what can go wrong
// then only. The names, of the functions as well, are those of Linux's LKDTM, whose recorded reports
// the tests compare with (Tests/EndToEndTests/OopsTests.swift).
#define pr_fmt(format) "crash: " format
#include <kilburn/list.h>
#include <kilburn/module.h>
#include <kilburn/refcount.h>

// A function that the compiler must call as it stands.
#ifdef __clang__
#define noipa noinline
#else
#define noipa __attribute__((noipa))
#endif

static char *what = "";
module_param_named(case, what, charp, 0444);
// What an optimizer must not know.
static volatile size_t zero;
static volatile unsigned long sink;

// First of all, so that there are instructions before any that goes wrong.
static noinline void do_nothing(void) { __asm__ volatile(""); }
static noinline void do_overwritten(void) { __asm__ volatile("nop\n\tnop"); }

// MARK: panic, bugs, warnings

static int warnings;
static void lkdtm_PANIC(void) { panic("dumptest"); }
static void lkdtm_BUG(void) { BUG(); }
static void lkdtm_WARNING(void) { WARN_ON(++warnings); }
static void lkdtm_WARNING_MESSAGE(void) {
  WARN(1, "Warning message trigger count: %d\n", ++warnings);
}
static void lkdtm_EXCEPTION(void) { *(volatile int *)0 = 0; }

// MARK: the stack

static noinline int recursive_loop(int depth) {
  volatile char room[1024];
  memset((char *)room, depth & 0xff, sizeof room);
  return depth ? recursive_loop(depth - 1) + room[depth] : 0;
}
static void lkdtm_EXHAUST_STACK(void) { sink = recursive_loop(1024); }

static noinline void overwrite(void *place) { memset(place, 0xff, 64); }
static noinline void lkdtm_CORRUPT_STACK(void) {
  char text[8] __aligned(8);
  pr_info("Corrupting stack containing char array ...\n");
  overwrite(text);
}
static noinline void lkdtm_CORRUPT_STACK_STRONG(void) {
  union {
    unsigned short shorts[4];
    unsigned long *pointer;
  } data __aligned(8);
  pr_info("Corrupting stack containing union ...\n");
  overwrite(&data);
}
static noinline void look_for_canary(unsigned long *stack) {
  extern const unsigned long __stack_chk_guard;
  for (int i = 1; i < 16; i++)
    if (stack[i] == __stack_chk_guard) {
      pr_info("canary found %d words away\n", i);
      return;
    }
  pr_err("FAIL: no canary\n");
}
static void lkdtm_REPORT_STACK_CANARY(void) {
#ifdef CONFIG_STACKPROTECTOR
  char text[8] __aligned(8) = {};
  look_for_canary((unsigned long *)text);
#else
  (void)look_for_canary;
#endif
}
// The lowest and the highest byte of the stack, by its size's alignment or its guard pages.
static unsigned long stack_page(int beyond) {
  unsigned long size = PAGE_SIZE > 16384 ? PAGE_SIZE : 16384;
  unsigned long start = (unsigned long)__builtin_frame_address(0) & ~(size - 1);
  return beyond ? start + size : start;
}
static noinline void lkdtm_STACK_GUARD_PAGE_LEADING(void) {
  pr_info("attempting bad read from page below current stack\n");
  sink = *(volatile unsigned char *)(stack_page(0) - 1);
  pr_err("FAIL: accessed page below current stack\n");
}
static noinline void lkdtm_STACK_GUARD_PAGE_TRAILING(void) {
  pr_info("attempting bad read from page above current stack\n");
  sink = *(volatile unsigned char *)stack_page(1);
  pr_err("FAIL: accessed page above current stack\n");
}

// MARK: arithmetic, bounds, lists

static void lkdtm_UNALIGNED_LOAD_STORE_WRITE(void) {
  static u8 bytes[5] __aligned(4) = {1, 2, 3, 4, 5};
  *(volatile u32 *)(bytes + 1) += 1;
}
static volatile unsigned huge = 0x7ffffffd;
static void lkdtm_OVERFLOW_SIGNED(void) { sink = (int)(huge + 5); }
static void lkdtm_ARRAY_BOUNDS(void) {
  struct {
    int one, two;
    char text[8];
    int three;
  } *row = kzalloc(2 * sizeof *row, GFP_KERNEL);
  for (size_t i = 0; i < sizeof row->text + 1 + zero; i++) row->text[i] = 'B';
  kfree(row);
}
struct item {
  struct list_head links;
};
static void lkdtm_CORRUPT_LIST_ADD(void) {
  LIST_HEAD(head);
  struct item good, bad;
  void *target[2] = {};
  list_add(&good.links, &head);
  // A write of the bad item's address over `target`, were it not caught.
  pr_info("attempting corrupted list addition\n");
  head.next = (struct list_head *)target;
  list_add(&bad.links, &head);
  if (!target[0] && !target[1]) pr_err("the addition was refused\n");
}
static void lkdtm_CORRUPT_LIST_DEL(void) {
  LIST_HEAD(head);
  struct item item;
  void *target[2] = {};
  list_add(&item.links, &head);
  pr_info("attempting corrupted list removal\n");
  item.links.next = (struct list_head *)target;
  list_del(&item.links);
  if (!target[0] && !target[1]) pr_err("the removal was refused\n");
}

// MARK: slabs, pages

static noinline void *hidden(void *place) { return (char *)place + zero; }

static void lkdtm_SLAB_LINEAR_OVERFLOW(void) {
  size_t size = 1020;
  u32 *words = kmalloc(size, GFP_KERNEL);
  words = hidden(words);
  u32 before = words[1024 / 4];
  words[1024 / 4] = 0x12345678;
  words[1024 / 4] = before;
  kfree(words);
}
static void lkdtm_VMALLOC_LINEAR_OVERFLOW(void) {
  char *one = vzalloc(PAGE_SIZE), *two = vzalloc(PAGE_SIZE);
  pr_info("Attempting vmalloc linear overflow ...\n");
  memset(hidden(one), 0xaa, PAGE_SIZE + 1);
  vfree(two);
  vfree(one);
}
static void lkdtm_WRITE_AFTER_FREE(void) {
  u32 *words = kmalloc(1024, GFP_KERNEL);
  kfree(words);
  // Not where the free list's link is.
  ((volatile u32 *)hidden(words))[32] = 0x0abcdef0;
  u32 *again = kmalloc(1024, GFP_KERNEL);
  kfree(again);
}
static void lkdtm_READ_AFTER_FREE(void) {
  u32 *words = kmalloc(1024, GFP_KERNEL);
  words[32] = 0x12345678;
  kfree(words);
  sink = ((volatile u32 *)hidden(words))[32];
}
static void lkdtm_WRITE_BUDDY_AFTER_FREE(void) {
  unsigned long page = __get_free_page(GFP_KERNEL);
  memset((void *)page, 3, PAGE_SIZE);
  free_page(page);
  memset(hidden((void *)page), 0x78, PAGE_SIZE);
  page = __get_free_page(GFP_KERNEL);
  free_page(page);
}
static void lkdtm_READ_BUDDY_AFTER_FREE(void) {
  unsigned long page = __get_free_page(GFP_KERNEL);
  *(u32 *)page = 0x12345678;
  free_page(page);
  sink = *(volatile u32 *)hidden((void *)page);
}
static void lkdtm_SLAB_INIT_ON_ALLOC(void) {
  u8 *first = kmalloc(512, GFP_KERNEL);
  memset(first, 0xab, 512);
  kfree(first);
  u8 *second = kmalloc(512, GFP_KERNEL);
  if (memchr(second, 0xab, 512)) pr_err("FAIL: Slab was not initialized\n");
  kfree(second);
}
static void lkdtm_BUDDY_INIT_ON_ALLOC(void) {
  u8 *first = (u8 *)__get_free_page(GFP_KERNEL);
  memset(first, 0xab, PAGE_SIZE);
  free_page((unsigned long)first);
  u8 *second = (u8 *)__get_free_page(GFP_KERNEL);
  if (memchr(second, 0xab, PAGE_SIZE)) pr_err("FAIL: Page was not initialized\n");
  free_page((unsigned long)second);
}
static void constructor(void *object) {}
static struct kmem_cache *make_cache(const char *name) {
  return kmem_cache_create(name, 64, 0, 0, constructor);
}
static void lkdtm_SLAB_FREE_DOUBLE(void) {
  struct kmem_cache *cache = make_cache("lkdtm-heap-double_free");
  void *object = kmem_cache_alloc(cache, GFP_KERNEL);
  kmem_cache_free(cache, object);
  kmem_cache_free(cache, hidden(object));
}
static void lkdtm_SLAB_FREE_CROSS(void) {
  struct kmem_cache *a = make_cache("lkdtm-heap-a"), *b = make_cache("lkdtm-heap-b");
  kmem_cache_free(b, hidden(kmem_cache_alloc(a, GFP_KERNEL)));
}
static void lkdtm_SLAB_FREE_PAGE(void) {
  unsigned long page = __get_free_page(GFP_KERNEL);
  kmem_cache_free(NULL, hidden((void *)page));
  free_page(page);
}

// MARK: permissions

enum { CODE_SIZE = 64 };
static const unsigned long constant = 0xAA55AA55;
static unsigned long set_at_start __ro_after_init = 0x55AA5500;
static u8 data_area[CODE_SIZE];
// RET, where nothing is to be executed.
static const u32 lkdtm_rodata_do_nothing[2] = {0xd65f03c0};

static noinline void execute_location(void *place, bool writes) {
  pr_info("attempting ok execution at %px\n", do_nothing);
  do_nothing();
  if (writes) memcpy(place, hidden(do_nothing), CODE_SIZE);
  pr_info("attempting bad execution at %px\n", place);
  ((void (*)(void))place)();
  pr_err("FAIL: func returned\n");
}
static void lkdtm_WRITE_RO(void) {
  volatile unsigned long *place = hidden((void *)&constant);
  pr_info("attempting bad rodata write at %px\n", place);
  *place ^= 0xabcd1234;
  pr_err("FAIL: survived bad write\n");
}
static void lkdtm_WRITE_RO_AFTER_INIT(void) {
  volatile unsigned long *place = hidden(&set_at_start);
  pr_info("attempting bad ro_after_init write at %px\n", place);
  *place ^= 0xabcd1234;
  pr_err("FAIL: survived bad write\n");
}
static void lkdtm_WRITE_KERN(void) {
  pr_info("attempting bad write at %px\n", do_overwritten);
  memcpy(hidden(do_overwritten), hidden(do_nothing), 64);
  pr_err("FAIL: survived bad write\n");
}
static void lkdtm_EXEC_DATA(void) { execute_location(data_area, true); }
static void lkdtm_EXEC_STACK(void) {
  u8 area[CODE_SIZE];
  execute_location(area, true);
}
static void lkdtm_EXEC_KMALLOC(void) { execute_location(kmalloc(CODE_SIZE, GFP_KERNEL), true); }
static void lkdtm_EXEC_VMALLOC(void) { execute_location(vmalloc(CODE_SIZE), true); }
static void lkdtm_EXEC_RODATA(void) {
  execute_location(hidden((void *)lkdtm_rodata_do_nothing), false);
}
static void lkdtm_EXEC_NULL(void) { execute_location(hidden(NULL), false); }

static unsigned long user_page(void) {
  return vm_mmap(
      NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_ANONYMOUS | MAP_PRIVATE, 0);
}
static void lkdtm_EXEC_USERSPACE(void) {
  void *place = (void *)user_page();
  pr_info("attempting ok execution at %px\n", do_nothing);
  do_nothing();
  if (copy_to_user(place, hidden(do_nothing), 4)) return;
  pr_info("attempting bad execution at %px\n", place);
  ((void (*)(void))place)();
  pr_err("FAIL: func returned\n");
}
static void lkdtm_ACCESS_USERSPACE(void) {
  unsigned long value = 0, *place = (unsigned long *)user_page();
  if (copy_to_user(place, &value, sizeof value)) return;
  pr_info("attempting bad read at %px\n", place);
  value = *(volatile unsigned long *)place;
  pr_err("FAIL: survived bad read\n");
  *(volatile unsigned long *)place = value;
}
static void lkdtm_ACCESS_NULL(void) {
  pr_info("attempting bad read at %px\n", hidden(NULL));
  sink = *(volatile unsigned long *)hidden(NULL);
  pr_err("FAIL: survived bad read\n");
}
// Not of LKDTM's.
static void lkdtm_WRITE_KERNEL_TEXT(void) { *(volatile u32 *)hidden(_printk) = 0; }
static void lkdtm_WRITE_KERNEL_DATA(void) {
  extern const unsigned long __stack_chk_guard;
  *(volatile u32 *)hidden((void *)&__stack_chk_guard) = 0;
}
static void lkdtm_UNMAPPED(void) { sink = *(volatile u32 *)hidden((void *)0xffffffffffffff80); }
static void lkdtm_BETWEEN(void) { sink = *(volatile u32 *)hidden((void *)0x00ff000000000000); }
static void lkdtm_UNDEFINED(void) { __asm__ volatile(".inst 0"); }
static void lkdtm_BREAK(void) { __asm__ volatile("brk #0x123"); }
static void lkdtm_MISALIGNED_PC(void) { ((void (*)(void))((char *)hidden(do_nothing) + 2))(); }
static void lkdtm_SUPERVISOR_CALL(void) { __asm__ volatile("svc #0"); }
static void lkdtm_MISALIGNED_ATOMIC(void) {
  u64 *place = hidden(data_area + 4), value;
  __asm__ volatile("ldaxr %0, [%1]" : "=r"(value) : "r"((char *)place + 1));
}

// Long enough for a timer of the program to end.
static void lkdtm_INTERRUPTED(void) { mdelay(50); }

// MARK: reference counts

static void lkdtm_REFCOUNT_INC_OVERFLOW(void) {
  refcount_t count = REFCOUNT_INIT(REFCOUNT_MAX - 1);
  refcount_dec(&count);
  refcount_inc(&count);
  pr_info("attempting bad refcount_inc() overflow\n");
  refcount_inc(&count);
  refcount_inc(&count);
  if ((int)refcount_read(&count) == REFCOUNT_SATURATED) pr_info("saturated\n");
}
static void lkdtm_REFCOUNT_INC_ZERO(void) {
  refcount_t count = REFCOUNT_INIT(0);
  if (!refcount_inc_not_zero(&count)) pr_info("zero detected\n");
  refcount_inc(&count);
  if ((int)refcount_read(&count) == REFCOUNT_SATURATED) pr_info("saturated\n");
}
static void lkdtm_REFCOUNT_DEC_ZERO(void) {
  refcount_t count = REFCOUNT_INIT(2);
  refcount_dec(&count);
  refcount_dec(&count);
  if ((int)refcount_read(&count) == REFCOUNT_SATURATED) pr_info("saturated\n");
}
static void lkdtm_REFCOUNT_SUB_AND_TEST_NEGATIVE(void) {
  refcount_t count = REFCOUNT_INIT(3);
  if (refcount_sub_and_test(5, &count)) pr_err("FAIL: zero\n");
  if ((int)refcount_read(&count) == REFCOUNT_SATURATED) pr_info("saturated\n");
}

// MARK: texts with their room known

#ifdef CONFIG_FORTIFY_SOURCE
static void lkdtm_FORTIFY_STR_OBJECT(void) {
  struct {
    char a[16];
  } two[2] = {};
  volatile int size = 20;
  __asm__ volatile("" ::"r"(two) : "memory");
  strncpy(two[0].a, two[1].a, size);
  sink = two[0].a[3];
}
struct halves {
  char a[10], b[10];
};
static void lkdtm_FORTIFY_STR_MEMBER(void) {
  struct halves target;
  volatile int size = 15;
  strncpy(target.a, hidden("over ten bytes"), size);
  sink = target.a[3];
}
static void lkdtm_FORTIFY_MEM_OBJECT(void) {
  int from[10] = {};
  struct {
    char a[10];
    int more;
  } target = {};
  volatile int size = 20;
  __asm__ volatile("" ::"r"(from), "r"(&target) : "memory");
  memcpy(&target, hidden(from), size);
  sink = target.a[3];
}
static void lkdtm_FORTIFY_MEM_MEMBER(void) {
  struct halves target;
  volatile int size = 15;
  memcpy(target.a, hidden("over ten bytes"), size);
  sink = target.a[3];
}
static void lkdtm_FORTIFY_STRSCPY(void) {
  char text[5] = "big ", to[5];
  text[4] = '!';
  __asm__ volatile("" ::"r"(text) : "memory");
  sink = strscpy(to, text, sizeof text + 1 + zero);
}
#endif

// MARK: copies from and to programs

#ifdef CONFIG_HARDENED_USERCOPY
static noinline u8 *stack_of_another(int value) {
  u8 room[128];
  for (unsigned i = 0; i < sizeof room; i++) ((volatile u8 *)room)[i] = value;
  return hidden(room + 32);
}
static noinline void do_usercopy_stack(bool to_user, bool in_frame) {
  u8 good[32] = "of this function";
  u8 *bad = in_frame ? stack_of_another(1) : (u8 *)stack_page(1) - 8;
  void *user = (void *)user_page();
  if (to_user) {
    sink = copy_to_user(user, good, zero + sizeof good);
    sink = copy_to_user(user, bad, zero + sizeof good);
  } else {
    sink = copy_from_user(good, user, zero + sizeof good);
    sink = copy_from_user(bad, user, zero + sizeof good);
  }
  pr_err("FAIL: survived\n");
}
static noinline void do_usercopy_slab_size(bool to_user) {
  size_t size = zero + 1024;
  u8 *object = kzalloc(size, GFP_KERNEL);
  void *user = (void *)(user_page() + 16);
  if (to_user) {
    sink = copy_to_user(user, object + 16, size / 2);
    sink = copy_to_user(user, object + 16, size);
  } else {
    sink = copy_from_user(object + 16, user, size / 2);
    sink = copy_from_user(object + 16, user, size);
  }
  pr_err("FAIL: survived\n");
}
static noinline void do_usercopy_slab_whitelist(bool to_user) {
  struct kmem_cache *cache =
      kmem_cache_create_usercopy("lkdtm-usercopy", 1024, 0, 0, 1024 / 4, 1024 / 16, NULL);
  u8 *object = kmem_cache_alloc(cache, GFP_KERNEL | __GFP_ZERO);
  void *user = (void *)user_page();
  size_t offset = 256 + zero, size = 64 + zero;
  if (to_user) {
    sink = copy_to_user(user, object + offset, size);
    sink = copy_to_user(user, object + offset - 1, size);
  } else {
    sink = copy_from_user(object + offset, user, size);
    sink = copy_from_user(object + offset - 1, user, size);
  }
  pr_err("FAIL: survived\n");
}
static noinline void do_usercopy_page_span(u8 *page) {
  void *user = (void *)user_page();
  memset(page, 0xaa, PAGE_SIZE);
  page += PAGE_SIZE / 2;
  sink = copy_to_user(user, page, zero + PAGE_SIZE / 2);
  pr_info("attempting bad copy_to_user() from %px\n", page);
  sink = copy_to_user(user, page, zero + PAGE_SIZE);
  pr_err("FAIL: survived\n");
}
static void lkdtm_USERCOPY_SLAB_SIZE_TO(void) { do_usercopy_slab_size(true); }
static void lkdtm_USERCOPY_SLAB_SIZE_FROM(void) { do_usercopy_slab_size(false); }
static void lkdtm_USERCOPY_SLAB_WHITELIST_TO(void) { do_usercopy_slab_whitelist(true); }
static void lkdtm_USERCOPY_SLAB_WHITELIST_FROM(void) { do_usercopy_slab_whitelist(false); }
static void lkdtm_USERCOPY_STACK_FRAME_TO(void) { do_usercopy_stack(true, true); }
static void lkdtm_USERCOPY_STACK_FRAME_FROM(void) { do_usercopy_stack(false, true); }
static void lkdtm_USERCOPY_STACK_BEYOND(void) { do_usercopy_stack(true, false); }
static void lkdtm_USERCOPY_VMALLOC(void) {
  u8 *area = vmalloc(PAGE_SIZE);
  do_usercopy_page_span(area);
  vfree(area);
}
static void lkdtm_USERCOPY_FOLIO(void) {
  struct page *pages = alloc_pages(GFP_KERNEL | __GFP_COMP, 1);
  do_usercopy_page_span((u8 *)page_address(pages) + PAGE_SIZE);
}
static void lkdtm_USERCOPY_KERNEL(void) {
  void *user = (void *)user_page();
  sink = copy_to_user(user, &constant, zero + sizeof constant);
  sink = copy_to_user(user, hidden(_printk), zero + PAGE_SIZE);
  pr_err("FAIL: survived\n");
}
#endif

// MARK: the cases

struct crash_type {
  const char *name;
  void (*function)(void);
};
#define CASE(name) {#name, lkdtm_##name}
static const struct crash_type cases[] = {
  CASE(PANIC), CASE(BUG), CASE(WARNING), CASE(WARNING_MESSAGE), CASE(EXCEPTION),
  CASE(EXHAUST_STACK), CASE(CORRUPT_STACK), CASE(CORRUPT_STACK_STRONG), CASE(REPORT_STACK_CANARY),
  CASE(STACK_GUARD_PAGE_LEADING), CASE(STACK_GUARD_PAGE_TRAILING),
  CASE(UNALIGNED_LOAD_STORE_WRITE), CASE(OVERFLOW_SIGNED), CASE(ARRAY_BOUNDS),
  CASE(CORRUPT_LIST_ADD), CASE(CORRUPT_LIST_DEL), CASE(SLAB_LINEAR_OVERFLOW),
  CASE(VMALLOC_LINEAR_OVERFLOW), CASE(WRITE_AFTER_FREE), CASE(READ_AFTER_FREE),
  CASE(WRITE_BUDDY_AFTER_FREE), CASE(READ_BUDDY_AFTER_FREE), CASE(SLAB_INIT_ON_ALLOC),
  CASE(BUDDY_INIT_ON_ALLOC), CASE(SLAB_FREE_DOUBLE), CASE(SLAB_FREE_CROSS), CASE(SLAB_FREE_PAGE),
  CASE(WRITE_RO), CASE(WRITE_RO_AFTER_INIT), CASE(WRITE_KERN), CASE(EXEC_DATA), CASE(EXEC_STACK),
  CASE(EXEC_KMALLOC), CASE(EXEC_VMALLOC), CASE(EXEC_RODATA), CASE(EXEC_NULL),
  CASE(EXEC_USERSPACE), CASE(ACCESS_USERSPACE), CASE(ACCESS_NULL), CASE(WRITE_KERNEL_TEXT),
  CASE(WRITE_KERNEL_DATA), CASE(UNMAPPED), CASE(BETWEEN), CASE(UNDEFINED), CASE(BREAK),
  CASE(MISALIGNED_PC), CASE(SUPERVISOR_CALL), CASE(MISALIGNED_ATOMIC), CASE(INTERRUPTED), CASE(REFCOUNT_INC_OVERFLOW),
  CASE(REFCOUNT_INC_ZERO), CASE(REFCOUNT_DEC_ZERO), CASE(REFCOUNT_SUB_AND_TEST_NEGATIVE),
#ifdef CONFIG_FORTIFY_SOURCE
  CASE(FORTIFY_STR_OBJECT), CASE(FORTIFY_STR_MEMBER), CASE(FORTIFY_MEM_OBJECT),
  CASE(FORTIFY_MEM_MEMBER), CASE(FORTIFY_STRSCPY),
#endif
#ifdef CONFIG_HARDENED_USERCOPY
  CASE(USERCOPY_SLAB_SIZE_TO), CASE(USERCOPY_SLAB_SIZE_FROM), CASE(USERCOPY_SLAB_WHITELIST_TO),
  CASE(USERCOPY_SLAB_WHITELIST_FROM), CASE(USERCOPY_STACK_FRAME_TO),
  CASE(USERCOPY_STACK_FRAME_FROM), CASE(USERCOPY_STACK_BEYOND), CASE(USERCOPY_VMALLOC),
  CASE(USERCOPY_FOLIO), CASE(USERCOPY_KERNEL),
#endif
};

static noipa int lkdtm_do_action(const struct crash_type *chosen) {
  chosen->function();
  return 0;
}

// Found and done in one function of this name, where Linux's reports have a file's write.
static noipa int direct_entry(const char *name) {
  for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
    if (strcmp(name, cases[i].name)) continue;
    pr_info("Performing direct entry %s\n", name);
    int result = lkdtm_do_action(&cases[i]);
    pr_info("survived\n");
    return result;
  }
  pr_err("no case '%s'\n", name);
  return -EINVAL;
}

// Read-only memory that is written at the start is written to while the module comes.
static bool is_for_exit(void) { return !strcmp(what, "WRITE_RO_AFTER_INIT"); }

static int __init crash_init(void) {
  set_at_start |= 0xAA;
  int result = is_for_exit() ? 0 : direct_entry(what);
  barrier();
  return result;
}

static void __exit crash_exit(void) {
  if (is_for_exit()) direct_entry(what);
  barrier();
}

module_init(crash_init);
module_exit(crash_exit);
MODULE_LICENSE("GPL");
MODULE_INFO(intree, "Y");
MODULE_DESCRIPTION("does what it must not");
