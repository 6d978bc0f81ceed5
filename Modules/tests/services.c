// Uses what the kernel exports, and says of each whether it did what it should
// (Tests/EndToEndTests/ModuleServiceTests.swift).
#include <kilburn/module.h>

static unsigned long buffer, constant, nowhere;
module_param(buffer, ulong, 0);
module_param(constant, ulong, 0);
module_param(nowhere, ulong, 0);

static int failures;
#define CHECK(condition)                                                         \
  do {                                                                           \
    if (!(condition)) failures++, pr_err("services: FAIL: %s\n", #condition);    \
  } while (0)

static void user_copies(void) {
  static char text[64], kernel[64] = "of the kernel";
  unsigned long kernel_address = (unsigned long)kernel;
  if (!buffer) return;
  CHECK(copy_from_user(text, (void *)buffer, 15) == 0);
  CHECK(strcmp(text, "of the program") == 0);
  CHECK(strncpy_from_user(text, (void *)buffer, 64) == 14);
  CHECK(strncpy_from_user(text, (void *)buffer, 6) == 6);
  CHECK(strncpy_from_user(text, (void *)nowhere, 6) == -EFAULT);
  // What was not copied is zeros, and counted.
  memset(text, 'x', 64);
  CHECK(copy_from_user(text, (void *)nowhere, 16) == 16);
  CHECK(text[0] == 0 && text[15] == 0 && text[16] == 'x');
  // Over the end of what is mapped, and from where nothing is.
  CHECK(copy_to_user((void *)constant, kernel, 8) == 8);
  CHECK(copy_to_user((void *)nowhere, kernel, 8) == 8);
  CHECK(clear_user((void *)constant, 8) == 8);
  CHECK(copy_from_user(text, (void *)(buffer + 65536 - 8), 8) == 0);
  // Addresses of the kernel are no program's, whatever lies there.
  CHECK(copy_to_user((void *)kernel_address, text, 8) == 8);
  CHECK(copy_from_user(text, (void *)kernel_address, 8) == 8);
  CHECK(strncpy_from_user(text, (void *)kernel_address, 8) == -EFAULT);
  CHECK(clear_user((void *)kernel_address, 8) == 8);
  CHECK(copy_from_user(text, (void *)~0ul, 8) == 8);
  CHECK(copy_from_user(text, (void *)(buffer), 0) == 0);
  CHECK(strcmp(kernel, "of the kernel") == 0);
  CHECK(copy_to_user((void *)buffer, kernel, 14) == 0);
  CHECK(clear_user((void *)(buffer + 100), 100) == 0);
  unsigned long own = vm_mmap(NULL, 0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, 0);
  CHECK(!IS_ERR_VALUE(own));
  CHECK(copy_to_user((void *)own, kernel, 14) == 0);
  CHECK(vm_munmap(own, 8192) == 0);
  CHECK(copy_to_user((void *)own, kernel, 14) == 14);
  CHECK(current->pid > 0 && current->tgid > 0 && strcmp(current->comm, "modules") == 0);
}

static int done, order;
static void work_function(struct work_struct *work) { done = ++order; }
static DECLARE_WORK(work, work_function);
struct later {
  int value;
  struct rcu_head head;
};
static int freed;
static void later_free(struct rcu_head *head) {
  struct later *later = container_of(head, struct later, head);
  freed += later->value;
  kfree(later);
}

static void deferred_work(void) {
  struct workqueue_struct *queue = alloc_workqueue("services", 0, 0);
  CHECK(schedule_work(&work));
  CHECK(!schedule_work(&work));
  CHECK(done == 0);
  flush_work(&work);
  CHECK(done == 1);
  CHECK(queue_work(queue, &work));
  CHECK(cancel_work_sync(&work));
  CHECK(!cancel_work_sync(&work));
  flush_workqueue(queue);
  CHECK(done == 1);
  destroy_workqueue(queue);
  for (int i = 1; i <= 3; i++) {
    struct later *later = kmalloc(sizeof *later, GFP_KERNEL);
    later->value = i;
    call_rcu(&later->head, later_free);
  }
  CHECK(freed == 0);
  rcu_read_lock();
  rcu_read_unlock();
  synchronize_rcu();
  CHECK(freed == 6);
  // What waits when init has returned is done then.
  struct later *last = kmalloc(sizeof *last, GFP_KERNEL);
  last->value = 100;
  call_rcu(&last->head, later_free);
  schedule_work(&work);
}

static void mappings(void) {
  struct page *pages[3];
  for (int i = 0; i < 3; i++) {
    pages[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
    memset(page_address(pages[i]), 'a' + i, PAGE_SIZE);
  }
  struct page *turned[3] = {pages[2], pages[1], pages[0]};
  char *view = vmap(turned, 3, VM_MAP, PAGE_KERNEL);
  CHECK(view && is_vmalloc_addr(view));
  CHECK(view[0] == 'c' && view[PAGE_SIZE] == 'b' && view[3 * PAGE_SIZE - 1] == 'a');
  view[0] = '!';
  CHECK(((char *)page_address(pages[2]))[0] == '!');
  CHECK(vmalloc_to_page(view + PAGE_SIZE) == pages[1]);
  vunmap(view);
  for (int i = 0; i < 3; i++) __free_page(pages[i]);

  // Permissions of vmalloc's pages: code that is written, made executable, and run.
  u32 *code = vmalloc(PAGE_SIZE);
  code[0] = 0x52800540;  // mov w0, #42
  code[1] = 0xd65f03c0;  // ret
  CHECK(set_memory_ro((unsigned long)code, 1) == 0);
  CHECK(set_memory_x((unsigned long)code, 1) == 0);
  CHECK(((int (*)(void))code)() == 42);
  CHECK(set_memory_nx((unsigned long)code, 1) == 0);
  CHECK(set_memory_rw((unsigned long)code, 1) == 0);
  code[0] = 1;
  CHECK(set_memory_ro(0x1000, 1) == -EINVAL);
  CHECK(set_memory_ro((unsigned long)code, 3) == -EINVAL);
  vfree(code);
  vfree(NULL);
  char *zeros = vzalloc(3 * PAGE_SIZE);
  CHECK(zeros[0] == 0 && zeros[3 * PAGE_SIZE - 1] == 0);
  vfree(zeros);
  CHECK(vmalloc(0) == NULL);

  // The PL011's identification registers: PrimeCell's four bytes.
  void __iomem *uart = ioremap(0x09000000, 0x1000);
  CHECK(uart && is_vmalloc_addr((void *)uart));
  CHECK(readl(uart + 0xff0) == 0x0d && readl(uart + 0xff4) == 0xf0);
  CHECK(readl(uart + 0xff8) == 0x05 && readl(uart + 0xffc) == 0xb1);
  CHECK(readb(uart + 0xfe0) == 0x11);
  iounmap(uart);
  // RAM is in the linear map already.
  CHECK(ioremap(virt_to_phys(page_address(virt_to_page(__va(0x40200000)))), 0x1000) == NULL);
  CHECK(ioremap(0x09000000, 0) == NULL);
}

struct object {
  int made, used;
  char rest[200];
};
static int constructed;
static void construct(void *place) {
  struct object *object = place;
  object->made = 0x1234;
  constructed++;
}

static void slabs(void) {
  char *text = kmalloc(100, GFP_KERNEL);
  strcpy(text, "grows");
  CHECK(ksize(text) == 128);
  char *same = krealloc(text, 120, GFP_KERNEL);
  CHECK(same == text);
  char *larger = krealloc(same, 3000, GFP_KERNEL);
  CHECK(larger != same && strcmp(larger, "grows") == 0 && ksize(larger) == 4096);
  char *huge = krealloc(larger, 4 * PAGE_SIZE, GFP_KERNEL);
  CHECK(strcmp(huge, "grows") == 0 && ksize(huge) == 4 * PAGE_SIZE);
  CHECK(krealloc(huge, 0, GFP_KERNEL) == ZERO_SIZE_PTR);
  CHECK(kmalloc(0, GFP_KERNEL) == ZERO_SIZE_PTR && ksize(ZERO_SIZE_PTR) == 0);
  kfree(ZERO_SIZE_PTR);
  kfree(NULL);
  CHECK(kmalloc_array(1ul << 40, 1ul << 40, GFP_KERNEL) == NULL);
  size_t most = ~0ul;
  OPTIMIZER_HIDE_VAR(most);
  CHECK(kmalloc(most, GFP_KERNEL | __GFP_NOWARN) == NULL);
  char *copy = kmemdup("copied", 7, GFP_KERNEL), *twice = kstrdup(copy, GFP_KERNEL);
  CHECK(strcmp(twice, "copied") == 0);
  kfree(copy);
  kfree_sensitive(twice);

  struct kmem_cache *cache = kmem_cache_create(
      "services_object", sizeof(struct object), 0, SLAB_HWCACHE_ALIGN, construct);
  CHECK(cache && kmem_cache_size(cache) == sizeof(struct object));
  struct object *row[20];
  for (int i = 0; i < 20; i++) {
    row[i] = kmem_cache_alloc(cache, GFP_KERNEL);
    CHECK(row[i]->made == 0x1234 && (unsigned long)row[i] % 64 == 0);
    row[i]->used = i;
  }
  CHECK(constructed >= 20);
  int before = constructed;
  // A constructed object is not made again: whoever frees it leaves it as it was.
  kmem_cache_free(cache, row[7]);
  row[7] = kmem_cache_alloc(cache, GFP_KERNEL);
  CHECK(constructed == before && row[7]->made == 0x1234);
  kmem_cache_free_bulk(cache, 20, (void **)row);
  CHECK(kmem_cache_alloc_bulk(cache, GFP_KERNEL, 20, (void **)row) == 20);
  kmem_cache_free_bulk(cache, 20, (void **)row);
  kmem_cache_shrink(cache);
  kmem_cache_destroy(cache);
  unsigned long page = get_zeroed_page(GFP_KERNEL);
  CHECK(page && *(u64 *)page == 0 && page_address(virt_to_page((void *)page)) == (void *)page);
  free_page(page);
  void *either = kvmalloc(64 * PAGE_SIZE, GFP_KERNEL);
  memset(either, 1, 64 * PAGE_SIZE);
  kvfree(either);
}

static void texts(void) {
  char text[16];
  CHECK(strscpy(text, "0123456789abcdefghij", 16) == -E2BIG && strlen(text) == 15);
  CHECK(strlcpy(text, "short", 16) == 5 && strcmp(text, "short") == 0);
  CHECK(strnlen("abcdef", 3) == 3 && memchr("abc", 'c', 3) && !memchr("abc", 'c', 2));
  CHECK(strncmp("abcd", "abce", 3) == 0 && strcmp("a", "b") < 0);
  CHECK(strcmp(strrchr("a/b/c", '/'), "/c") == 0 && strcmp(strchr("a/b/c", '/'), "/b/c") == 0);
  CHECK(strstr("haystack", "st") && !strstr("haystack", "ts"));
  memmove(text + 1, text, 5);
  CHECK(text[1] == 's' && text[5] == 't' && memcmp("ab", "ac", 2) < 0);
  CHECK(snprintf(text, 4, "%d", 123456) == 6 && strcmp(text, "123") == 0);
  CHECK(scnprintf(text, 4, "%d", 123456) == 3);
}

static int __init services_init(void) {
  user_copies();
  deferred_work();
  mappings();
  slabs();
  texts();
  pr_info("services: %d failures\n", failures);
  return 0;
}

static void __exit services_exit(void) {
  pr_info("services: deferred %d, work %d\n", freed, done);
}

module_init(services_init);
module_exit(services_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("uses what the kernel exports");
