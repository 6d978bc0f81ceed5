// Tasks, bugs and warnings, time, work that is put off.
#ifndef KILBURN_KERNEL_H
#define KILBURN_KERNEL_H

#include <kilburn/bug.h>
#include <kilburn/printk.h>
#include <kilburn/types.h>

struct task_struct {
  int pid, tgid;
  char comm[16];
};
struct task_struct *get_current(void);
#define current get_current()
#define task_pid_nr(task) ((task)->pid)

#define isb() __asm__ volatile("isb" ::: "memory")
#define read_sysreg(name)                            \
  ({                                                 \
    u64 __value;                                     \
    __asm__ volatile("mrs %0, " #name : "=r"(__value)); \
    __value;                                         \
  })
static inline u64 get_cycles(void) {
  isb();
  return read_sysreg(cntvct_el0);
}
static inline u64 ktime_get_ns(void) {
  u64 ticks = get_cycles(), frequency = read_sysreg(cntfrq_el0);
  return ticks / frequency * 1000000000ull + ticks % frequency * 1000000000ull / frequency;
}

// Work that is put off runs when somebody waits for it, when init has returned, and before the
// module goes: the record is the next one's address, a function of it, a mark.
bool kilburn_defer(void *work);
void kilburn_run_deferred(void);
bool kilburn_cancel(void *work);
#define cond_resched() ((void)0)
static inline void msleep(unsigned milliseconds) {
  u64 end = ktime_get_ns() + milliseconds * 1000000ull;
  kilburn_run_deferred();
  while (ktime_get_ns() < end) {}
}
#define mdelay(n) msleep(n)
#define schedule_timeout_uninterruptible(n) kilburn_run_deferred()

struct rcu_head {
  struct rcu_head *next;
  void (*func)(struct rcu_head *);
  unsigned long state;
};
static inline void call_rcu(struct rcu_head *head, void (*function)(struct rcu_head *)) {
  head->func = function;
  head->state = 0;
  kilburn_defer(head);
}
#define rcu_barrier() kilburn_run_deferred()
#define synchronize_rcu() kilburn_run_deferred()
#define rcu_read_lock() barrier()
#define rcu_read_unlock() barrier()
#define rcu_dereference(p) READ_ONCE(p)
#define rcu_assign_pointer(p, value) WRITE_ONCE(p, value)

struct work_struct {
  struct work_struct *next;
  void (*func)(struct work_struct *);
  unsigned long state;
};
typedef void (*work_func_t)(struct work_struct *);
struct workqueue_struct;
#define INIT_WORK(work, function) (*(work) = (struct work_struct){.func = function})
#define DECLARE_WORK(name, function) struct work_struct name = {.func = function}
#define schedule_work(work) kilburn_defer(work)
#define queue_work(queue, work) ((void)(queue), kilburn_defer(work))
static inline bool flush_work(struct work_struct *work) {
  bool waited = work->state & 1;
  kilburn_run_deferred();
  return waited;
}
#define cancel_work_sync(work) kilburn_cancel(work)
#define flush_scheduled_work() kilburn_run_deferred()
#define create_workqueue(name) ((struct workqueue_struct *)16)
#define alloc_workqueue(name, flags, most) ((struct workqueue_struct *)16)
#define flush_workqueue(queue) ((void)(queue), kilburn_run_deferred())
#define destroy_workqueue(queue) ((void)(queue), kilburn_run_deferred())

#endif
