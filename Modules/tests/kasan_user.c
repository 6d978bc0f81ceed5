// Copies between buffers and programs, and work that was put off on memory that is gone since.
#include "kasan_case.h"

// Of the first two copies the compiler knows what there is: they are not made at all.
CASE(copy_user_test) {
  char *p = kzalloc(120, GFP_KERNEL);
  char __user *user = (char __user *)vm_mmap(NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
                                             MAP_ANONYMOUS | MAP_PRIVATE, 0);
  size_t length = HIDDEN(faulty ? 121ul : 120ul);
  unsigned long left = copy_from_user(p, user, length);
  left += copy_to_user(user, p, length);
  left += __copy_from_user(p, user, length);
  left += __copy_to_user(user, p, length);
  left += __copy_from_user_inatomic(p, user, length);
  left += __copy_to_user_inatomic(user, p, length);
  if (left != (faulty ? 6 * length : 0)) pr_err("copy_user_test: %lu bytes left\n", left);
  if (strncpy_from_user(p, user, length) && !faulty) pr_err("copy_user_test: no text\n");
  vm_munmap((unsigned long)user, PAGE_SIZE);
  kfree(p);
}

// Addresses that no memory of the kernel has: they have no shadow. The access itself would end in an
// oops, so only the check is made.
#define WILD(name, address)                                          \
  CASE(name) {                                                       \
    static long good;                                                \
    const void *at = faulty ? (const void *)(address) : &good;       \
    if (__kasan_check_read(HIDDEN(at), 8) == faulty)                 \
      pr_err(#name ": the check says the contrary\n");               \
  }
WILD(null_pointer, 16ul)
WILD(user_pointer, vm_mmap(NULL, 0, PAGE_SIZE, PROT_READ, MAP_ANONYMOUS | MAP_PRIVATE, 0))
WILD(wild_pointer, 0xdead000000000100ul)

struct put_off {
  int number;
  struct rcu_head rcu;
};
static bool is_faulty;

static void kasan_rcu_reclaim(struct rcu_head *head) {
  struct put_off *object = container_of(head, struct put_off, rcu);
  if (is_faulty) kfree(object);
  TOUCH(HIDDEN(object)->number);
  if (!is_faulty) kfree(object);
}

CASE(kasan_rcu_uaf) {
  struct put_off *object = kzalloc(sizeof *object, GFP_KERNEL);
  is_faulty = faulty;
  call_rcu(&object->rcu, kasan_rcu_reclaim);
  rcu_barrier();
}

static void frees_its_work(struct work_struct *work) { kfree(work); }
static void leaves_its_work(struct work_struct *work) {}

CASE(kasan_workqueue_uaf) {
  __maybe_unused struct workqueue_struct *queue = create_workqueue("kasan_workqueue_test");
  struct work_struct *work = kzalloc(sizeof *work, GFP_KERNEL);
  INIT_WORK(work, faulty ? frees_its_work : leaves_its_work);
  queue_work(queue, work);
  destroy_workqueue(queue);
  TOUCH(HIDDEN(work)->next);
  if (!faulty) kfree(work);
}

CASES(A(copy_user_test), A(null_pointer), A(user_pointer), A(wild_pointer), A(kasan_rcu_uaf),
      A(kasan_workqueue_uaf));
